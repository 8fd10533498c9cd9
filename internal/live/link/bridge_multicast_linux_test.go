package link

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// igmp is a message from 192.0.2.9, in a frame. A broken one has a wrong checksum, which stands behind the header and the kind.
func igmp(to string, broken bool, message ...byte) []byte {
	dst := netip.MustParseAddr(to)
	packet := traffic.IGMP(netip.MustParseAddr("192.0.2.9"), dst, message)
	if broken {
		packet[24+2]++
	}
	return slices.Concat(traffic.GroupMAC(dst), []byte{2, 0, 0, 0, 0, 9, 8, 0}, packet)
}

// mld is a message from fe80::9, in a frame. A broken one has a wrong checksum.
func mld(to string, broken bool, message ...byte) []byte {
	dst := netip.MustParseAddr(to)
	packet := traffic.MLD(netip.MustParseAddr("fe80::9"), dst, message)
	if broken {
		packet[48+2]++
	}
	return slices.Concat(traffic.GroupMAC(dst), []byte{2, 0, 0, 0, 0, 9, 0x86, 0xdd}, packet)
}

// TestBridgeMulticast sends messages of each kind through a bridge, another number of each, and compares what it counts with what was sent
// and with what ip prints.
func TestBridgeMulticast(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bridge0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{
		McastStatsEnabled: yes(), McastIgmpVersion: u8(3), McastMldVersion: u8(2),
	}}})
	var far [2]*rtlink.GetlinkReply
	for i, name := range []string{"port0", "port1"} {
		port, peer := n.Veth(name, "far"+name)
		far[i] = peer
		n.Up(port, peer)
		err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
			Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: u32(uint32(bridge.Header.IfiIndex)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	n.Up(bridge)
	witness.Await(t, "a port that forwards", func() bool {
		return n.Link("port0").Linkinfo.SlaveData.(*rtlink.LinkinfoBrportAttrs).State.V == rtlink.BrStateForwarding
	})
	// A router behind the other port gets what members say.
	err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
		Header:   rtlink.Ifinfomsg{IfiIndex: n.Link("port1").Header.IfiIndex},
		Linkinfo: &rtlink.LinkinfoAttrs{SlaveData: &rtlink.LinkinfoBrportAttrs{MulticastRouter: nlattr.Some(rtlink.MdbRtrTypePerm)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	group, group6 := []byte{239, 1, 1, 1}, netip.MustParseAddr("ff0e::101").AsSlice()
	zero := make([]byte, 16)
	before := *statsOf(n, "port0").LinkXstatsSlave.Bridge.Mcast
	sent := map[string]uint64{}
	send := func(name string, count int, frame []byte) {
		for range count {
			traffic.SendFrame(t, uint32(far[0].Header.IfiIndex), frame)
		}
		sent[name] = uint64(count)
	}
	send("IgmpV1reportsRx", 4, igmp("239.1.1.1", false, slices.Concat([]byte{0x12, 0, 0, 0}, group)...))
	send("IgmpV2reportsRx", 5, igmp("239.1.1.1", false, slices.Concat([]byte{0x16, 0, 0, 0}, group)...))
	send("IgmpV3reportsRx", 6, igmp("224.0.0.22", false, slices.Concat([]byte{0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0}, group)...))
	send("IgmpLeavesRx", 7, igmp("224.0.0.2", false, slices.Concat([]byte{0x17, 0, 0, 0}, group)...))
	send("IgmpParseErrors", 8, igmp("239.1.1.1", true, slices.Concat([]byte{0x16, 0, 9, 9}, group)...))
	send("MldV1reportsRx", 4, mld("ff0e::101", false, slices.Concat([]byte{131, 0, 0, 0, 0, 0, 0, 0}, group6)...))
	send("MldV2reportsRx", 5, mld("ff02::16", false, slices.Concat([]byte{143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0}, group6)...))
	send("MldLeavesRx", 6, mld("ff02::2", false, slices.Concat([]byte{132, 0, 0, 0, 0, 0, 0, 0}, group6)...))
	send("MldParseErrors", 7, mld("ff0e::101", true, slices.Concat([]byte{131, 0, 0, 0, 0, 0, 0, 0}, group6)...))
	send("IgmpV1queriesRx", 1, igmp("224.0.0.1", false, slices.Concat([]byte{0x11, 0, 0, 0}, zero[:4])...))
	send("IgmpV2queriesRx", 2, igmp("224.0.0.1", false, slices.Concat([]byte{0x11, 100, 0, 0}, zero[:4])...))
	send("IgmpV3queriesRx", 3, igmp("224.0.0.1", false, slices.Concat([]byte{0x11, 100, 0, 0}, zero[:4], []byte{2, 125, 0, 0})...))
	send("MldV1queriesRx", 1, mld("ff02::1", false, slices.Concat([]byte{130, 0, 0, 0, 0x27, 0x10, 0, 0}, zero)...))
	send("MldV2queriesRx", 2, mld("ff02::1", false, slices.Concat([]byte{130, 0, 0, 0, 0x27, 0x10, 0, 0}, zero, []byte{2, 125, 0, 0})...))
	c.Steady(func(c *witness.Tally) {
		after := *statsOf(n, "port0").LinkXstatsSlave.Bridge.Mcast
		for name, count := range sent {
			x, _ := witness.FieldNamed(before, name)
			y, _ := witness.FieldNamed(after, name)
			if c.Fields++; y.(uint64)-x.(uint64) < count { // The host behind the port says something of its own.
				c.Errorf("%s: counted %d and then %d, sent %d", name, x, y, count)
			}
		}
	})
	for _, name := range []string{"port0", "port1", "bridge0"} {
		compareStats(n, c, name)
	}
	c.Report("multicasts")
}
