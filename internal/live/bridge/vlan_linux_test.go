package bridge

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// filtering is a bridge that filters by VLAN, counts for each port and VLAN, and runs no spanning tree.
func filtering(on, mask rtlink.BrBoolopt) *rtlink.LinkinfoBridgeAttrs {
	return &rtlink.LinkinfoBridgeAttrs{
		VlanFiltering: u8(1), VlanStatsEnabled: u8(1), VlanStatsPerPort: u8(1), McastIgmpVersion: u8(3), McastMldVersion: u8(2),
		MultiBoolopt: nlattr.Some(rtlink.BrBooloptMulti{Optval: on, Optmask: mask}),
	}
}

// tunnels adds a VXLAN link to the bridge as a port that maps VLANs to networks.
func (l *lab) tunnels() uint32 {
	l.T.Helper()
	link := l.Create(&rtlink.NewlinkRequest{Ifname: text("tunnel0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{CollectMetadata: u8(1), Port: u16(4789)}}})
	index := uint32(link.Header.IfiIndex)
	l.enslave(index, l.bridge)
	l.Up(link)
	l.know()
	err := rtbridgelink.New(l.Conn).Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(index), Protinfo: &rtbridgelink.BrportAttrs{VlanTunnel: u8(1)}})
	if err != nil {
		l.T.Fatal(err)
	}
	return index
}

// A span is one VLAN or a range as bridge prints it, and as both families tell it.
type span struct {
	first, last   uint16
	tunnel        uint32
	pvid, untag   bool
	state, router any
}

// spans reads the list of VLANs in a link message, each its own or the ends of a range.
func spans(list []rtbridgelink.BridgeVlanInfo) []span {
	var out []span
	for _, v := range list {
		if v.Flags&rtbridgelink.VlanFlagsRangeEnd != 0 && len(out) > 0 {
			out[len(out)-1].last = v.Vid
			continue
		}
		out = append(out, span{first: v.Vid, last: v.Vid, pvid: v.Flags&rtbridgelink.VlanFlagsPvid != 0, untag: v.Flags&rtbridgelink.VlanFlagsUntagged != 0})
	}
	return out
}

// tunnelSpans is spans for tunnels.
func tunnelSpans(list []rtbridgelink.VlanTunnelAttrs) []span {
	var out []span
	for _, v := range list {
		if v.Flags.V&rtbridgelink.VlanFlagsRangeEnd != 0 && len(out) > 0 {
			out[len(out)-1].last = v.Vid.V
			continue
		}
		out = append(out, span{first: v.Vid.V, last: v.Vid.V, tunnel: v.ID.V})
	}
	return out
}

// spanView is how "bridge -j vlan show" and "bridge -j vlan tunnelshow" print a VLAN or a range.
var spanView = witness.View[span]{
	"vlan":      func(s span) any { return s.first },
	"vlanEnd":   func(s span) any { return s.last },
	"tunid":     func(s span) any { return s.tunnel },
	"tunidEnd":  func(s span) any { return s.tunnel + uint32(s.last-s.first) },
	"tunnel_id": func(s span) any { return s.tunnel },
	"flags": func(s span) any {
		flags := witness.Set{}
		if s.pvid {
			flags = append(flags, "PVID")
		}
		if s.untag {
			flags = append(flags, "Egress Untagged")
		}
		return flags
	},
	"state":        func(s span) any { return s.state },
	"mcast_router": func(s span) any { return s.router },
}

// compareSpans compares the VLANs of all links, by name, with what bridge prints under a key.
func compareSpans(c *witness.Tally, key string, ours map[string][]span, theirs []witness.Object) {
	seen := 0
	for _, link := range theirs {
		name, _ := link["ifname"].(string)
		list, _ := link[key].([]any)
		if len(list) != len(ours[name]) {
			c.Errorf("%s: we see %v, bridge %v", name, ours[name], list)
			continue
		}
		seen++
		for i, entry := range list {
			entry := entry.(witness.Object)
			s := ours[name][i]
			if _, end := entry["vlanEnd"]; end != (s.first != s.last) {
				c.Errorf("%s: ours is %v, bridge's %v", name, s, entry)
			}
			witness.Compare(c, fmt.Sprintf("%s %s %d", name, key, s.first), s, spanView, entry)
		}
	}
	if seen != len(ours) {
		c.Errorf("we see %d links with %s, bridge %d", len(ours), key, seen)
	}
}

// TestLinkVlans adds VLANs and tunnels to ports and to the bridge by messages of links, and compares what such messages tell of them,
// each VLAN alone and as ranges, with what bridge prints.
func TestLinkVlans(t *testing.T) {
	l := newLab(t, filtering(0, 0))
	tunnel := l.tunnels()
	c := witness.NewTally(t)
	client := rtbridgelink.New(l.Conn)
	vlan := func(vid uint16, flags rtbridgelink.VlanFlags) rtbridgelink.BridgeVlanInfo {
		return rtbridgelink.BridgeVlanInfo{Vid: vid, Flags: flags}
	}
	const begin, end = rtbridgelink.VlanFlagsRangeBegin, rtbridgelink.VlanFlagsRangeEnd
	mapped := func(vid uint16, id uint32, flags rtbridgelink.VlanFlags) rtbridgelink.VlanTunnelAttrs {
		return rtbridgelink.VlanTunnelAttrs{ID: u32(id), Vid: u16(vid), Flags: nlattr.Some(flags)}
	}
	steps := []struct {
		index uint32
		spec  rtbridgelink.AfSpecBridgeAttrs
	}{
		{l.ports[0], rtbridgelink.AfSpecBridgeAttrs{VlanInfo: []rtbridgelink.BridgeVlanInfo{
			vlan(10, begin), vlan(13, end), vlan(20, rtbridgelink.VlanFlagsPvid|rtbridgelink.VlanFlagsUntagged), vlan(22, rtbridgelink.VlanFlagsUntagged),
		}}},
		{l.ports[1], rtbridgelink.AfSpecBridgeAttrs{VlanInfo: []rtbridgelink.BridgeVlanInfo{vlan(30, rtbridgelink.VlanFlagsMaster)}}},
		{l.bridge, rtbridgelink.AfSpecBridgeAttrs{
			Flags: nlattr.Some(rtbridgelink.BridgeFlagsSelf), VlanInfo: []rtbridgelink.BridgeVlanInfo{vlan(10, begin), vlan(12, end)},
		}},
		{tunnel, rtbridgelink.AfSpecBridgeAttrs{VlanInfo: []rtbridgelink.BridgeVlanInfo{vlan(40, begin), vlan(46, end)}}},
		{tunnel, rtbridgelink.AfSpecBridgeAttrs{VlanTunnelInfo: []rtbridgelink.VlanTunnelAttrs{
			mapped(40, 1040, begin), mapped(43, 1043, end), mapped(46, 7, 0),
		}}},
	}
	for _, s := range steps {
		if err := client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(s.index), AfSpec: &s.spec}); err != nil {
			t.Fatalf("%s: %v", l.names[s.index], err)
		}
	}
	read := func(mask rtbridgelink.RtextFilter) (vlans, tunnels map[string][]span) {
		vlans, tunnels = map[string][]span{}, map[string][]span{}
		for index, x := range l.list(mask) {
			if x.AfSpec == nil {
				t.Errorf("%s: no af-spec", l.names[index])
				continue
			}
			vlans[l.names[index]] = spans(x.AfSpec.VlanInfo)
			if len(x.AfSpec.VlanTunnelInfo) > 0 {
				tunnels[l.names[index]] = tunnelSpans(x.AfSpec.VlanTunnelInfo)
			}
		}
		return vlans, tunnels
	}
	vlans, tunnels := read(rtbridgelink.RtextFilterBrvlanCompressed)
	compareSpans(c, "vlans", vlans, witness.List(t, "bridge", "-compressvlans", "-j", "vlan", "show"))
	compareSpans(c, "tunnels", tunnels, witness.List(t, "bridge", "-j", "vlan", "tunnelshow"))
	// VLANs each alone; tunnels are told as ranges in any case.
	single, same := read(rtbridgelink.RtextFilterBrvlan)
	compareSpans(c, "vlans", single, witness.List(t, "bridge", "-j", "vlan", "show"))
	if diff := cmp.Diff(tunnels, same, cmp.AllowUnexported(span{})); diff != "" {
		t.Errorf("tunnels with VLANs as ranges -, and alone +:\n%s", diff)
	}
	if x := vlans["br0"]; len(x) != 3 || x[2].first != 30 {
		t.Errorf("with the flag master, VLAN 30 must have come to the bridge: %v", x)
	}
	// And all away.
	for i := len(steps) - 1; i >= 0; i-- {
		if err := client.Dellink(l.Ctx, &rtbridgelink.DellinkRequest{Header: header(steps[i].index), AfSpec: &steps[i].spec}); err != nil {
			t.Errorf("%s: %v", l.names[steps[i].index], err)
		}
	}
	vlans, tunnels = read(rtbridgelink.RtextFilterBrvlanCompressed)
	compareSpans(c, "vlans", vlans, witness.List(t, "bridge", "-compressvlans", "-j", "vlan", "show"))
	if len(vlans["port0"]) != 1 || vlans["port0"][0].first != 1 || len(tunnels) > 0 {
		t.Errorf("still there: %v, %v", vlans, tunnels)
	}
	c.Report("VLANs of links")
}

// TestSpanningTrees gives a port a state in a spanning tree instance, and reads it. The bridge tool of today prints none of it.
func TestSpanningTrees(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMstEnable, rtlink.BrBooloptMstEnable))
	client := rtbridgelink.New(l.Conn)
	setInstance(l, 20, 7)
	want := rtbridgelink.MstEntryAttrs{Msti: u16(7), State: nlattr.Some(rtbridgelink.BrStateBlocking)}
	set := func(e rtbridgelink.MstEntryAttrs) error {
		return client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(l.ports[0]), AfSpec: &rtbridgelink.AfSpecBridgeAttrs{
			Mst: &rtbridgelink.MstAttrs{Entry: []rtbridgelink.MstEntryAttrs{e}},
		}})
	}
	if err := set(want); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range l.list(rtbridgelink.RtextFilterMst)[l.ports[0]].AfSpec.Mst.Entry {
		found = found || e.Msti == want.Msti && e.State == want.State
	}
	if !found {
		t.Errorf("not told: %+v", l.list(rtbridgelink.RtextFilterMst)[l.ports[0]].AfSpec.Mst)
	}
	if x := l.list(0)[l.ports[0]]; x.AfSpec != nil && x.AfSpec.Mst != nil {
		t.Error("instances are told without being asked for")
	}
	witness.Refused(t, "no state", set(rtbridgelink.MstEntryAttrs{Msti: u16(7)}), unix.EINVAL, `rt-bridge-link: setlink: EINVAL: "bridge: State not specified"`)
}
