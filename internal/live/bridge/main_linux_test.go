package bridge

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

func u8(n uint8) nlattr.Opt[uint8]            { return nlattr.Some(n) }
func u16(n uint16) nlattr.Opt[uint16]         { return nlattr.Some(n) }
func u32(n uint32) nlattr.Opt[uint32]         { return nlattr.Some(n) }
func u64(n uint64) nlattr.Opt[uint64]         { return nlattr.Some(n) }
func text(s string) nlattr.Opt[string]        { return nlattr.Some(s) }
func addr(text string) nlattr.Opt[netip.Addr] { return nlattr.Some(netip.MustParseAddr(text)) }

// A lab is a namespace with a bridge, br0, and two ports of it, port0 and port1, whose other ends are far0 and far1. All are up.
type lab struct {
	*witness.Namespace
	bridge uint32
	ports  [2]uint32
	names  map[uint32]string // of all links, by index
}

// newLab makes a bridge. The test is skipped, with the kernel's words, if it does not know what the bridge is to have.
func newLab(t *testing.T, data *rtlink.LinkinfoBridgeAttrs) *lab {
	t.Helper()
	l := &lab{Namespace: witness.NewNamespace(t), names: map[uint32]string{}}
	bridge := l.Create(&rtlink.NewlinkRequest{Ifname: text("br0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: data}})
	l.bridge = uint32(bridge.Header.IfiIndex)
	for i, name := range []string{"port0", "port1"} {
		port, far := l.Veth(name, "far"+name[4:])
		l.ports[i] = uint32(port.Header.IfiIndex)
		l.enslave(l.ports[i], l.bridge)
		l.Up(port, far)
	}
	l.Up(bridge)
	l.know()
	return l
}

// know reads the names of the links.
func (l *lab) know() {
	l.T.Helper()
	for name, link := range l.Dump() {
		l.names[uint32(link.Header.IfiIndex)] = name
	}
}

// enslave makes a link a port of a bridge, or of none.
func (l *lab) enslave(port, master uint32) {
	l.T.Helper()
	err := l.Links.Setlink(l.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: int32(port)}, Master: u32(master)})
	if err != nil {
		l.T.Fatal(err)
	}
}

// header is that of a request about a port or bridge.
func header(index uint32) rtbridgelink.Ifinfomsg {
	return rtbridgelink.Ifinfomsg{IfiFamily: unix.AF_BRIDGE, IfiIndex: int32(index)}
}

// list dumps bridges and ports.
func (l *lab) list(mask rtbridgelink.RtextFilter) map[uint32]*rtbridgelink.GetlinkReply {
	l.T.Helper()
	all, err := rtbridgelink.New(l.Conn).GetlinkCollect(l.Ctx, &rtbridgelink.GetlinkDumpRequest{Header: header(0), ExtMask: nlattr.Some(mask)})
	if err != nil {
		l.T.Fatal(err)
	}
	links := map[uint32]*rtbridgelink.GetlinkReply{}
	for _, x := range all {
		witness.Known(l.T, "link", x)
		if x.Header.IfiFamily != unix.AF_BRIDGE {
			l.T.Errorf("%s: the family is %d", x.Ifname.V, x.Header.IfiFamily)
		}
		links[uint32(x.Header.IfiIndex)] = x
	}
	return links
}

// forwarding waits until the ports forward: in the kernel's spanning tree, or without one, a port does so as soon as it has a carrier.
func (l *lab) forwarding() {
	l.T.Helper()
	witness.Await(l, "ports that forward", func() bool {
		links := l.list(0)
		return !slices.ContainsFunc(l.ports[:], func(port uint32) bool { return links[port].Protinfo.State.V != rtbridgelink.BrStateForwarding })
	})
}
