package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkFunctions sets each setting of virtual functions, and compares all of them with what ip prints.
func TestLinkFunctions(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link := n.Simulated()
	if err := os.WriteFile(filepath.Join("/sys/bus/netdevsim/devices", link.ParentDevName.V, "sriov_numvfs"), []byte("3"), 0o200); err != nil {
		t.Fatal(err)
	}
	header := rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
	for _, want := range []rtlink.VfinfoAttrs{
		{Mac: vfMac(0, net.HardwareAddr{2, 0, 0, 0, 0, 5})},
		{Vlan: nlattr.Some(rtlink.IflaVfVlan{Vf: 1, Vlan: 8, Qos: 5})},
		{VlanList: &rtlink.VfVlanAttrs{Info: []rtlink.IflaVfVlanInfo{{Vf: 0, Vlan: 7, Qos: 3, VlanProto: rtlink.VlanProtocols8021ad}}}},
		{TxRate: nlattr.Some(rtlink.IflaVfTxRate{Vf: 2, Rate: 11})},
		{Rate: nlattr.Some(rtlink.IflaVfRate{Vf: 1, MinTxRate: 5, MaxTxRate: 9})},
		{Spoofchk: nlattr.Some(rtlink.IflaVfSpoofchk{Vf: 1, Setting: 1})},
		{LinkState: nlattr.Some(rtlink.IflaVfLinkState{Vf: 2, LinkState: rtlink.IflaVfLinkStateEnumDisable})},
		{LinkState: nlattr.Some(rtlink.IflaVfLinkState{Vf: 1, LinkState: rtlink.IflaVfLinkStateEnumEnable})},
		{RssQueryEn: nlattr.Some(rtlink.IflaVfRssQueryEn{Vf: 1, Setting: 1})},
		{Trust: nlattr.Some(rtlink.IflaVfTrust{Vf: 2, Setting: 1})},
	} {
		req := &rtlink.SetlinkRequest{Header: header, VfinfoList: &rtlink.VfinfoListAttrs{Info: []rtlink.VfinfoAttrs{want}}}
		if err := n.Links.Setlink(n.Ctx, req); err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		got := n.Link(link.Ifname.V)
		if got.NumVf.V != 3 || got.VfinfoList == nil || len(got.VfinfoList.Info) != 3 {
			t.Fatalf("%d functions: %+v", got.NumVf.V, got.VfinfoList)
		}
		// One of the three has what was asked for.
		if !slices.ContainsFunc(got.VfinfoList.Info, func(vf rtlink.VfinfoAttrs) bool {
			try := witness.NewTally(t)
			try.Within("vf", want, vf)
			return try.Fields > 0 && len(try.Errs) == 0
		}) {
			t.Errorf("none of the functions has %+v:\n%+v", want, got.VfinfoList.Info)
		}
	}
	compareWithIP(n, c, link.Ifname.V)
	c.Report("virtual functions")
}

func vfMac(vf uint32, address net.HardwareAddr) *rtlink.IflaVfMac {
	mac := &rtlink.IflaVfMac{Vf: vf}
	copy(mac.Mac[:], address)
	return mac
}

// functions is how ip prints virtual functions.
func functions(x *rtlink.GetlinkReply) any {
	var list []witness.Object
	for _, vf := range x.VfinfoList.Info {
		mac := vf.Mac.Mac
		out := witness.Object{
			"vf": vf.Mac.Vf, "link_type": linkType(x.Header.IfiType), "address": net.HardwareAddr(mac[:len(x.Address)]),
			"broadcast": net.HardwareAddr(vf.Broadcast.Broadcast[:len(x.Address)]),
			"rate":      witness.Object{"max_tx": vf.Rate.V.MaxTxRate, "min_tx": vf.Rate.V.MinTxRate},
			"spoofchk":  vf.Spoofchk.V.Setting, "trust": vf.Trust.V.Setting, "query_rss_en": vf.RssQueryEn.V.Setting,
			"link_state": witness.Pick(vf.LinkState.V.LinkState, "auto", "enable", "disable"),
			"stats": witness.Object{
				"rx": witness.Object{
					"bytes": vf.Stats.RxBytes, "packets": vf.Stats.RxPackets, "multicast": vf.Stats.Multicast, "broadcast": vf.Stats.Broadcast,
					"dropped": vf.Stats.RxDropped,
				},
				"tx": witness.Object{"tx_bytes": vf.Stats.TxBytes, "tx_packets": vf.Stats.TxPackets, "dropped": vf.Stats.TxDropped},
			},
		}
		for key, guid := range map[string]nlattr.Opt[rtlink.IflaVfGuid]{"node guid": vf.IbNodeGuid, "port guid": vf.IbPortGuid} {
			if guid.OK {
				out[key] = net.HardwareAddr(binary.BigEndian.AppendUint64(nil, guid.V.Guid))
			}
		}
		// ip leaves out what is zero, and the usual protocol.
		if rate := vf.TxRate.V.Rate; rate != 0 {
			out["tx_rate"] = rate
		}
		var vlans []witness.Object
		for _, info := range vf.VlanList.Info {
			vlan := witness.Object{}
			if info.Vlan != 0 {
				vlan["vlan"] = info.Vlan
			}
			if info.Qos != 0 {
				vlan["qos"] = info.Qos
			}
			if info.VlanProto == rtlink.VlanProtocols8021ad {
				vlan["protocol"] = "802.1ad"
			}
			vlans = append(vlans, vlan)
		}
		out["vlan_list"] = vlans
		list = append(list, out)
	}
	return list
}

// TestLinkHardware switches counters of hardware on and off, hears of it, and asks for parts of them.
func TestLinkHardware(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link := n.Simulated()
	name, index := link.Ifname.V, uint32(link.Header.IfiIndex)
	ctx := witness.Patience(t)
	sub, err := n.Links.Subscribe(ctx, rtlink.GroupStats)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var steps []witness.Step[rtlink.Event]
	for _, on := range []uint8{1, 0} {
		steps = append(steps, witness.Step[rtlink.Event]{
			Name: fmt.Sprintf("l3-stats %d", on),
			Do: func() error {
				err := n.Links.Setstats(n.Ctx, &rtlink.SetstatsRequest{Header: rtlink.IfStatsMsg{Ifindex: index}, SetOffloadXstatsL3Stats: u8(on)})
				if err == nil {
					compareStats(n, c, name)
				}
				return err
			},
			Match: func(ev rtlink.Event) error {
				ntf, ok := ev.(*rtlink.NewstatsNtf)
				if !ok || ntf.Header.Ifindex != index || ntf.LinkOffloadXstats == nil || len(ntf.LinkOffloadXstats.HwSInfo) != 1 {
					return fmt.Errorf("got %+v", ev)
				}
				if info := ntf.LinkOffloadXstats.HwSInfo[0]; info.Index != rtlink.AttrLinkOffloadXstatsL3Stats || info.V.Request != u8(on) {
					return fmt.Errorf("got %+v", info)
				}
				return nil
			},
		})
	}
	witness.Play(t, ctx, sub.All(ctx), steps)

	// By parts.
	whole := statsOf(n, name).LinkOffloadXstats
	for filter, want := range map[rtlink.OffloadXstatsFilter]*rtlink.LinkOffloadXstatsAttrs{
		rtlink.OffloadXstatsFilterHwSInfo: {HwSInfo: whole.HwSInfo},
		rtlink.OffloadXstatsFilterL3Stats: {L3Stats: whole.L3Stats},
		rtlink.OffloadXstatsFilterCpuHit:  {CpuHit: whole.CpuHit},
	} {
		req := &rtlink.GetstatsRequest{
			Header:     rtlink.IfStatsMsg{Ifindex: index, FilterMask: rtlink.StatsFilterLinkOffloadXstats},
			GetFilters: &rtlink.StatsFilterAttrs{LinkOffloadXstats: nlattr.Some(filter)},
		}
		got, err := n.Links.Getstats(n.Ctx, req)
		if err != nil {
			t.Errorf("%v: %v", filter, err)
			continue
		}
		c.Fields++
		part := got.LinkOffloadXstats
		if part == nil {
			part = &rtlink.LinkOffloadXstatsAttrs{} // A part that is empty is left out.
		}
		if diff := cmp.Diff(want, part); diff != "" {
			t.Errorf("%v: whole -, part +:\n%s", filter, diff)
		}
	}
	req := &rtlink.GetstatsRequest{
		Header:     rtlink.IfStatsMsg{Ifindex: index, FilterMask: rtlink.StatsFilterLink64},
		GetFilters: &rtlink.StatsFilterAttrs{LinkOffloadXstats: nlattr.Some(rtlink.OffloadXstatsFilterL3Stats)},
	}
	if _, err := n.Links.Getstats(n.Ctx, req); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a part of what is not asked for: %v", err)
	}
	c.Report("counters of hardware")
}

// TestLinkHardwareCounters has the simulated hardware count, which it does once a second where its debugging says so, and compares with
// what ip prints.
func TestLinkHardwareCounters(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link := n.Simulated()
	debug := witness.Mount(t, "debugfs")
	index := uint32(link.Header.IfiIndex)
	file := filepath.Join(debug, "netdevsim", link.ParentDevName.V, "hwstats/l3/enable_ifindex")
	if err := os.WriteFile(file, fmt.Append(nil, index), 0); err != nil {
		t.Fatal(err)
	}
	if err := n.Links.Setstats(n.Ctx, &rtlink.SetstatsRequest{Header: rtlink.IfStatsMsg{Ifindex: index}, SetOffloadXstatsL3Stats: yes()}); err != nil {
		t.Fatal(err)
	}
	witness.Await(t, "a packet of the hardware", func() bool {
		s := statsOf(n, link.Ifname.V).LinkOffloadXstats.L3Stats
		return s != nil && s.RxPackets > 0 && s.TxPackets > 0
	})
	compareStats(n, c, link.Ifname.V)
	c.Report("counters of hardware")
}
