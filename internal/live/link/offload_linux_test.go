package link

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkOffload has a simulated device run a program of XDP, then another one in the stack, and encrypt.
func TestLinkOffload(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link := n.Simulated()
	n.Up(link)
	name := link.Ifname.V
	const pass = 2 // XDP_PASS
	for _, change := range []struct {
		fd    int
		flags rtlink.XdpFlags
		want  rtlink.XdpAttached
	}{
		{witness.Program(t, unix.BPF_PROG_TYPE_XDP, pass, uint32(link.Header.IfiIndex)), rtlink.XdpFlagsHwMode, rtlink.XdpAttachedHw},
		{witness.Program(t, unix.BPF_PROG_TYPE_XDP, pass, 0), rtlink.XdpFlagsSkbMode, rtlink.XdpAttachedMulti},
		{-1, rtlink.XdpFlagsHwMode, rtlink.XdpAttachedSkb},
		{-1, rtlink.XdpFlagsSkbMode, rtlink.XdpAttachedNone},
	} {
		err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex},
			Xdp: &rtlink.XdpAttrs{Fd: nlattr.Some(int32(change.fd)), Flags: nlattr.Some(change.flags)}})
		if err != nil {
			t.Fatalf("%v: %v", change.want, err)
		}
		if got := n.Link(name).Xdp.Attached; got != nlattr.Some(change.want) {
			t.Errorf("attached is %v, not %v", got, change.want)
		}
		compareWithIP(n, c, name)
	}

	for _, where := range []rtlink.MacsecOffload{rtlink.MacsecOffloadMac, rtlink.MacsecOffloadOff} {
		data := &rtlink.LinkinfoMacsecAttrs{Offload: nlattr.Some(where), Port: u16(5)}
		got := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("macsec-" + where.String()), Link: u32(uint32(link.Header.IfiIndex)),
			Linkinfo: &rtlink.LinkinfoAttrs{Data: data}})
		c.Within("encryption", data, got.Linkinfo.Data, "Port")
		compareWithIP(n, c, got.Ifname.V)
		if err := n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: got.Ifname}); err != nil {
			t.Fatal(err)
		}
	}
	c.Report("work of a device")
}
