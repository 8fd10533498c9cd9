package link

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// everything asks for all statistics.
const everything = rtlink.StatsFilterLink64 | rtlink.StatsFilterLinkXstats | rtlink.StatsFilterLinkXstatsSlave |
	rtlink.StatsFilterLinkOffloadXstats | rtlink.StatsFilterAfSpec

// TestLinkXstats compares all statistics of a bridge, a bond, their ports and others with what ip and bridge print.
func TestLinkXstats(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	port, peer := n.Veth("port0", "peer0")
	n.Up(port, peer)
	up := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bridge0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{
		McastStatsEnabled: yes(), StpState: nlattr.Some(rtlink.BridgeStpStateKernel), ForwardDelay: u32(200), HelloTime: u32(100),
	}}})
	err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
		Header:   rtlink.Ifinfomsg{IfiIndex: up.Header.IfiIndex},
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{VlanFiltering: yes(), VlanStatsEnabled: yes(), VlanStatsPerPort: yes()}},
	})
	vlans := err == nil
	if errors.Is(err, syscall.EOPNOTSUPP) {
		t.Log("bridges of this kernel have no VLANs:", err)
	} else if err != nil {
		t.Fatal(err)
	}
	n.Up(up)
	master := u32(uint32(up.Header.IfiIndex))
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: master}); err != nil {
		t.Fatal(err)
	}
	n.Run("bond", func(n *witness.Namespace) {
		bond := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bond0"), Linkinfo: &rtlink.LinkinfoAttrs{
			Data: &rtlink.LinkinfoBondAttrs{Mode: nlattr.Some(rtlink.BondMode8023ad), Miimon: u32(100)}}})
		slave, far := n.Veth("slave0", "far0")
		n.Up(far)
		header := rtlink.Ifinfomsg{IfiIndex: slave.Header.IfiIndex}
		if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, Master: u32(uint32(bond.Header.IfiIndex))}); err != nil {
			n.T.Fatal(err)
		}
		n.Up(bond)
		witness.Await(t, "a LACP message", func() bool { return statsOf(n, "bond0").LinkXstats.Bond.X3ad.LacpduTx.V > 0 })
		for _, name := range []string{"bond0", "slave0"} {
			compareStats(n, c, name)
		}
	})
	// Where there is MPLS, it counts for links that it is on for.
	if err := os.WriteFile("/proc/sys/net/mpls/conf/port0/input", []byte("1"), 0o644); err != nil {
		t.Log("no counters of MPLS:", err)
	}
	// Another bridge at the other end: one of the two is the root, and the other tells it when its port forwards.
	far := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bridge1"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{
		StpState: nlattr.Some(rtlink.BridgeStpStateKernel), ForwardDelay: u32(200), HelloTime: u32(100),
	}}})
	n.Up(far)
	// Each has one more port: without, nobody would mind a change.
	one, other := n.Plain("third0"), n.Plain("third1")
	n.Up(one, other)
	for port, bridge := range map[*rtlink.GetlinkReply]*rtlink.GetlinkReply{peer: far, one: up, other: far} {
		if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{
			Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: u32(uint32(bridge.Header.IfiIndex)),
		}); err != nil {
			t.Fatal(err)
		}
	}
	witness.Await(t, "a spanning tree that changes", func() bool {
		a, b := statsOf(n, "port0").LinkXstatsSlave.Bridge.Stp, statsOf(n, "peer0").LinkXstatsSlave.Bridge.Stp
		return a.RxBpdu+b.RxBpdu > 0 && a.TxBpdu+b.TxBpdu > 0 && a.RxTcn+b.RxTcn > 0 && a.TxTcn+b.TxTcn > 0 && a.TransitionFwd > 0 && b.TransitionFwd > 0
	})
	for range 3 { // For the VLAN of those without a tag.
		frame := append([]byte{255, 255, 255, 255, 255, 255}, peer.Address...)
		traffic.SendFrame(t, uint32(peer.Header.IfiIndex), append(frame, 0x88, 0xb5))
	}
	for _, name := range []string{"bridge0", "port0", "bridge1", "peer0", "lo"} {
		compareStats(n, c, name)
	}
	if vlans {
		compareVlanStats(n, c)
	}
	c.Report("statistics")
}

// statsOf reads all statistics of a link.
func statsOf(n *witness.Namespace, name string) *rtlink.GetstatsReply {
	n.T.Helper()
	header := rtlink.IfStatsMsg{Ifindex: uint32(n.Link(name).Header.IfiIndex), FilterMask: everything}
	reply, err := n.Links.Getstats(n.Ctx, &rtlink.GetstatsRequest{Header: header})
	if err != nil {
		n.T.Fatal(err)
	}
	return reply
}

// compareStats compares the statistics of a link with what ip prints, in one row for each kind of statistics.
func compareStats(n *witness.Namespace, c *witness.Tally, name string) {
	n.T.Helper()
	witness.Known(n.T, name, statsOf(n, name))
	c.Steady(func(c *witness.Tally) {
		rows := witness.IP(n.T, "stats", "show", "dev", name)
		ours := statsOf(n, name)
		for _, row := range rows {
			var words []string
			for _, key := range []string{"group", "subgroup", "suite"} {
				if word, ok := row[key].(string); ok {
					words = append(words, word)
				}
				delete(row, key)
			}
			at := strings.Join(words, " ")
			get, ok := statistics[at]
			if !ok {
				c.Errorf("%s: nothing of ours is known to be %q", name, at)
				continue
			}
			c.Field(name+" "+at+".ifindex", ours.Header.Ifindex, row["ifindex"])
			delete(row, "ifindex")
			delete(row, "ifname")
			have := get(ours)
			for _, key := range witness.SortedKeys(row) {
				c.Field(name+" "+at+"."+key, have[key], row[key])
				delete(have, key)
			}
			// What ip does not show is not there.
			if len(have) > 0 {
				c.Errorf("%s %s: ip does not show %v", name, at, slices.Sorted(maps.Keys(have)))
			}
		}
	})
}

// statistics are the rows of "ip stats show", by group, subgroup and suite: what ours are, by the key of the tool.
var statistics = map[string]func(x *rtlink.GetstatsReply) witness.Object{
	"link":                      func(x *rtlink.GetstatsReply) witness.Object { return witness.Object{"stats64": counters(x.Link64)} },
	"afstats mpls":              mplsStats,
	"offload cpu_hit":           func(x *rtlink.GetstatsReply) witness.Object { return cpuHit(x.LinkOffloadXstats) },
	"offload l3_stats":          func(x *rtlink.GetstatsReply) witness.Object { return l3Stats(x.LinkOffloadXstats) },
	"offload hw_stats_info":     func(x *rtlink.GetstatsReply) witness.Object { return hwInfo(x.LinkOffloadXstats) },
	"xstats bond 802.3ad":       func(x *rtlink.GetstatsReply) witness.Object { return lacp(x.LinkXstats) },
	"xstats bridge mcast":       func(x *rtlink.GetstatsReply) witness.Object { return mcast(x.LinkXstats) },
	"xstats bridge stp":         func(x *rtlink.GetstatsReply) witness.Object { return stp(x.LinkXstats) },
	"xstats_slave bond 802.3ad": func(x *rtlink.GetstatsReply) witness.Object { return lacp(x.LinkXstatsSlave) },
	"xstats_slave bridge mcast": func(x *rtlink.GetstatsReply) witness.Object { return mcast(x.LinkXstatsSlave) },
	"xstats_slave bridge stp":   func(x *rtlink.GetstatsReply) witness.Object { return stp(x.LinkXstatsSlave) },
}

func counters(s *rtlink.RtnlLinkStats64) any {
	return witness.Object{
		"rx": witness.Object{
			"bytes": s.RxBytes, "packets": s.RxPackets, "errors": s.RxErrors, "dropped": s.RxDropped, "over_errors": s.RxOverErrors,
			"multicast": s.Multicast,
		},
		"tx": witness.Object{
			"bytes": s.TxBytes, "packets": s.TxPackets, "errors": s.TxErrors, "dropped": s.TxDropped,
			"carrier_errors": s.TxCarrierErrors, "collisions": s.Collisions,
		},
	}
}

func mplsStats(x *rtlink.GetstatsReply) witness.Object {
	if x.AfSpec == nil || x.AfSpec.Mpls == nil {
		return nil
	}
	s := x.AfSpec.Mpls.Link
	return witness.Object{"mpls_stats": witness.Object{
		"rx": witness.Object{"bytes": s.RxBytes, "packets": s.RxPackets, "errors": s.RxErrors, "dropped": s.RxDropped, "noroute": s.RxNoroute},
		"tx": witness.Object{"bytes": s.TxBytes, "packets": s.TxPackets, "errors": s.TxErrors, "dropped": s.TxDropped},
	}}
}

func cpuHit(x *rtlink.LinkOffloadXstatsAttrs) witness.Object {
	if x == nil || x.CpuHit == nil {
		return nil
	}
	return witness.Object{"stats64": counters(x.CpuHit)}
}

// hwState is the state of counters that are switched on and off, by the number of their attribute.
func hwState(x *rtlink.LinkOffloadXstatsAttrs, number uint16) any {
	for _, info := range x.HwSInfo {
		if info.Index == number {
			return witness.Object{"request": info.V.Request, "used": info.V.Used}
		}
	}
	return nil
}

func hwInfo(x *rtlink.LinkOffloadXstatsAttrs) witness.Object {
	if x == nil || x.HwSInfo == nil {
		return nil
	}
	return witness.Object{"info": witness.Object{"l3_stats": hwState(x, rtlink.AttrLinkOffloadXstatsL3Stats)}}
}

func l3Stats(x *rtlink.LinkOffloadXstatsAttrs) witness.Object {
	if x == nil || x.HwSInfo == nil {
		return nil
	}
	out := witness.Object{"info": hwState(x, rtlink.AttrLinkOffloadXstatsL3Stats)}
	if s := x.L3Stats; s != nil {
		out["stats64"] = witness.Object{
			"rx": witness.Object{
				"bytes": s.RxBytes, "packets": s.RxPackets, "errors": s.RxErrors, "dropped": s.RxDropped, "multicast": s.Multicast,
			},
			"tx": witness.Object{"bytes": s.TxBytes, "packets": s.TxPackets, "errors": s.TxErrors, "dropped": s.TxDropped},
		}
	}
	return out
}

func lacp(x *rtlink.LinkXstatsAttrs) witness.Object {
	if x == nil || x.Bond == nil || x.Bond.X3ad == nil {
		return nil
	}
	s := x.Bond.X3ad
	return witness.Object{"802.3ad": witness.Object{
		"lacpdu_rx": s.LacpduRx, "lacpdu_tx": s.LacpduTx, "lacpdu_unknown_rx": s.LacpduUnknownRx, "lacpdu_illegal_rx": s.LacpduIllegalRx,
		"marker_rx": s.MarkerRx, "marker_tx": s.MarkerTx, "marker_response_rx": s.MarkerRespRx, "marker_response_tx": s.MarkerRespTx,
		"marker_unknown_rx": s.MarkerUnknownRx,
	}}
}

func stp(x *rtlink.LinkXstatsAttrs) witness.Object {
	if x == nil || x.Bridge == nil || x.Bridge.Stp == nil {
		return nil
	}
	s := x.Bridge.Stp
	return witness.Object{"stp": witness.Object{
		"rx_bpdu": s.RxBpdu, "tx_bpdu": s.TxBpdu, "rx_tcn": s.RxTcn, "tx_tcn": s.TxTcn,
		"transition_blk": s.TransitionBlk, "transition_fwd": s.TransitionFwd,
	}}
}

// mcast is what ip shows of the multicast counters: all but bytes and packets.
func mcast(x *rtlink.LinkXstatsAttrs) witness.Object {
	if x == nil || x.Bridge == nil || x.Bridge.Mcast == nil {
		return nil
	}
	s := x.Bridge.Mcast
	return witness.Object{"multicast": witness.Object{
		"igmp_queries": witness.Object{
			"rx_v1": s.IgmpV1queriesRx, "rx_v2": s.IgmpV2queriesRx, "rx_v3": s.IgmpV3queriesRx,
			"tx_v1": s.IgmpV1queriesTx, "tx_v2": s.IgmpV2queriesTx, "tx_v3": s.IgmpV3queriesTx,
		},
		"igmp_reports": witness.Object{
			"rx_v1": s.IgmpV1reportsRx, "rx_v2": s.IgmpV2reportsRx, "rx_v3": s.IgmpV3reportsRx,
			"tx_v1": s.IgmpV1reportsTx, "tx_v2": s.IgmpV2reportsTx, "tx_v3": s.IgmpV3reportsTx,
		},
		"igmp_leaves":       witness.Object{"rx": s.IgmpLeavesRx, "tx": s.IgmpLeavesTx},
		"igmp_parse_errors": s.IgmpParseErrors,
		"mld_queries": witness.Object{
			"rx_v1": s.MldV1queriesRx, "rx_v2": s.MldV2queriesRx, "tx_v1": s.MldV1queriesTx, "tx_v2": s.MldV2queriesTx,
		},
		"mld_reports": witness.Object{
			"rx_v1": s.MldV1reportsRx, "rx_v2": s.MldV2reportsRx, "tx_v1": s.MldV1reportsTx, "tx_v2": s.MldV2reportsTx,
		},
		"mld_leaves":       witness.Object{"rx": s.MldLeavesRx, "tx": s.MldLeavesTx},
		"mld_parse_errors": s.MldParseErrors,
	}}
}

// compareVlanStats compares the counters of the VLANs of a bridge and its port with what bridge prints.
func compareVlanStats(n *witness.Namespace, c *witness.Tally) {
	n.T.Helper()
	c.Steady(func(c *witness.Tally) {
		rows := witness.List(n.T, "bridge", "-j", "-s", "vlan", "show")
		seen := 0
		for _, row := range rows {
			name := row["ifname"].(string)
			x := statsOf(n, name)
			part := x.LinkXstats
			if !strings.HasPrefix(name, "bridge") {
				part = x.LinkXstatsSlave
			}
			theirs := row["vlans"].([]any)
			if part == nil || part.Bridge == nil || len(part.Bridge.Vlan) != len(theirs) {
				c.Errorf("%s: bridge has %v, ours is %+v", name, theirs, part)
				continue
			}
			for i, vlan := range theirs {
				witness.Compare(c, name+".vlan", &part.Bridge.Vlan[i], vlanStatsView, vlan.(witness.Object))
				seen++
			}
		}
		if seen == 0 {
			c.Errorf("bridge shows no counters of VLANs: %v", rows)
		}
	})
}

var vlanStatsView = witness.View[*rtlink.BridgeVlanXstats]{
	"vlan": func(x *rtlink.BridgeVlanXstats) any { return x.Vid },
	"flags": func(x *rtlink.BridgeVlanXstats) any {
		names := witness.Set{}
		for bit, name := range map[uint16]string{2: "PVID", 4: "Egress Untagged"} {
			if x.Flags&bit != 0 {
				names = append(names, name)
			}
		}
		return names
	},
}
