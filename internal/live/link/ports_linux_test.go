package link

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkPorts compares what is known about a link as port of another: of a bond, in two modes, and of a VRF. Bridges have their
// ports in TestLinkChanges.
func TestLinkPorts(t *testing.T) {
	n := witness.NewNamespace(t)
	all := witness.NewTally(t)
	for _, master := range []struct {
		name   string
		data   rtlink.LinkinfoDataMsg
		change rtlink.LinkinfoMemberDataMsg // to the port
	}{
		{"bond-802.3ad", &rtlink.LinkinfoBondAttrs{Mode: nlattr.Some(rtlink.BondMode8023ad), Miimon: u32(100)}, nil},
		{
			"bond-active-backup", &rtlink.LinkinfoBondAttrs{Mode: nlattr.Some(rtlink.BondModeActivebackup), Miimon: u32(100)},
			&rtlink.BondSlaveAttrs{QueueID: u16(3), Prio: nlattr.Some(int32(-7))},
		},
		{"vrf", &rtlink.LinkinfoVrfAttrs{Table: u32(700)}, nil},
	} {
		n.Run(master.name, func(n *witness.Namespace) {
			c := witness.NewTally(n.T)
			m := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("master0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: master.data}})
			n.Up(m)
			for _, name := range []string{"port0", "port1"} {
				port := n.Plain(name)
				index := u32(uint32(m.Header.IfiIndex))
				if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: index}); err != nil {
					n.T.Fatal(err)
				}
				if name == "port1" && master.change != nil {
					req := &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex},
						Linkinfo: &rtlink.LinkinfoAttrs{SlaveData: master.change}}
					if err := n.Links.Newlink(n.Ctx, req); err != nil {
						n.T.Fatal(err)
					}
					c.Within(name, master.change, n.Link(name).Linkinfo.SlaveData)
				}
				if got := n.Link(name); got.Master != index || got.Linkinfo.SlaveData == nil {
					n.T.Errorf("%s: master is %v, its data %v", name, got.Master, got.Linkinfo.SlaveData)
				}
			}
			if data, ok := master.data.(*rtlink.LinkinfoBondAttrs); ok && data.Mode.V == rtlink.BondModeActivebackup {
				index := u32(uint32(n.Link("port1").Header.IfiIndex))
				change := &rtlink.LinkinfoBondAttrs{Primary: index, ActiveSlave: index}
				if err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: m.Header.IfiIndex},
					Linkinfo: &rtlink.LinkinfoAttrs{Data: change}}); err != nil {
					n.T.Fatal(err)
				}
				c.Within("master0", change, n.Link("master0").Linkinfo.Data)
			}
			for _, name := range []string{"master0", "port0", "port1"} {
				compareWithIP(n, c, name)
			}
			c.Report(master.name)
			all.Fields += c.Fields
		})
	}
	all.Report("all masters")
}

// TestLinkTun makes links by ioctl, the only way, and reads them.
func TestLinkTun(t *testing.T) {
	n := witness.NewNamespace(t)
	all := witness.NewTally(t)
	for _, kind := range []struct {
		name  string
		flags uint16
	}{
		{"tun", unix.IFF_TUN},
		{"tap", unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR},
		{"tap-multi-queue", unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_MULTI_QUEUE},
	} {
		n.Run(kind.name, func(n *witness.Namespace) {
			f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
			if err != nil {
				n.T.Skip(err)
			}
			// The link goes away with the descriptor.
			n.T.Cleanup(func() { f.Close() })
			req, err := unix.NewIfreq("tun0")
			if err != nil {
				n.T.Fatal(err)
			}
			req.SetUint16(kind.flags)
			if err := unix.IoctlIfreq(int(f.Fd()), unix.TUNSETIFF, req); err != nil {
				n.T.Skip("TUNSETIFF:", err)
			}
			for _, set := range []uint{unix.TUNSETOWNER, unix.TUNSETGROUP} {
				if err := unix.IoctlSetInt(int(f.Fd()), set, 0); err != nil {
					n.T.Fatal(err)
				}
			}
			c := witness.NewTally(n.T)
			want := &rtlink.LinkinfoTunAttrs{
				Owner: u32(0), Group: u32(0),
				Type: nlattr.Some(rtlink.TunType(kind.flags & 3)), Pi: flag(kind.flags&unix.IFF_NO_PI == 0),
				VnetHdr: flag(kind.flags&unix.IFF_VNET_HDR != 0), MultiQueue: flag(kind.flags&unix.IFF_MULTI_QUEUE != 0), Persist: no(),
			}
			c.Within("tun0", want, n.Link("tun0").Linkinfo.Data)
			compareWithIP(n, c, "tun0")
			c.Report(kind.name)
			all.Fields += c.Fields
		})
	}
	all.Report("tun")
}

func flag(on bool) nlattr.Opt[uint8] {
	if on {
		return yes()
	}
	return no()
}
