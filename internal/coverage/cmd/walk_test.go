package main

import (
	"encoding"
	"net"
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestWalk goes through messages with nests, sub-messages whose selector stands behind them or outside, structs, lists and records.
func TestWalk(t *testing.T) {
	all, err := all()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		family, op string
		message    encoding.BinaryAppender
		want       []string
		unseen     []string
	}{
		{"rt-link", "newlink", &rtlink.NewlinkRequest{
			Header: rtlink.Ifinfomsg{IfiFlags: rtlink.IfinfoFlagsUp},
			Linkinfo: &rtlink.LinkinfoAttrs{
				Data:      &rtlink.LinkinfoVxlanAttrs{PortRange: nlattr.Some(rtlink.IflaVxlanPortRange{Low: 5}), Df: nlattr.Some(rtlink.VxlanDfSet)},
				SlaveData: &rtlink.LinkinfoBrportAttrs{State: nlattr.Some(rtlink.BrStateLearning)},
			},
			VfinfoList: &rtlink.VfinfoListAttrs{Info: []rtlink.VfinfoAttrs{{Mac: &rtlink.IflaVfMac{Vf: 1}}}},
			Address:    net.HardwareAddr{1},
		}, []string{
			"newlink", "link-attrs/address", "linkinfo-data-msg/vxlan", "linkinfo-vxlan-attrs/port-range", "ifla-vxlan-port-range/low", "vxlan-df/set",
			"linkinfo-member-data-msg/bridge", "linkinfo-brport-attrs/state", "br-state/learning", "ifinfo-flags/up", "vfinfo-attrs/mac", "ifla-vf-mac/vf",
		}, []string{"ifla-vxlan-port-range/high", "linkinfo-data-msg/geneve", "br-state/disabled", "ifla-vf-mac/mac"}},
		{"rt-route", "newroute", &rtroute.NewrouteRequest{
			Metrics: &rtroute.MetricsAttrs{Lock: nlattr.Some(rtroute.MetricLockMtu)},
			Multipath: []rtroute.Nexthop{{
				Header: rtroute.Rtnexthop{RtnhFlags: rtroute.RtnhFlagsOnlink}, Gateway: nlattr.Some(netip.MustParseAddr("192.0.2.1")),
				Encap: &rtroute.EncapMplsAttrs{Ttl: nlattr.Some(uint8(1))},
			}},
			Via: &rtroute.Rtvia{RtviaFamily: 2, RtviaAddr: []byte{1, 2, 3, 4}},
		}, []string{
			"route-attrs/multipath", "rtnexthop/rtnh-flags", "rtnh-flags/onlink", "encap-msg/mpls", "encap-mpls-attrs/ttl", "encap-type/mpls",
			"metric-lock/mtu", "rtvia/rtvia-addr",
		}, []string{"rtnexthop/rtnh-ifindex", "encap-mpls-attrs/dst", "metric-lock/window"}},
	} {
		body, err := x.message.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.Name != x.family {
				continue
			}
			if !f.message(x.op, true, body) || len(f.unknown) > 0 {
				t.Errorf("%s: %s: unknown are %v", x.family, x.op, f.unknown)
			}
			got := map[string]way{}
			for _, p := range f.parts() {
				for name, how := range p.names {
					got[name] = how
				}
			}
			for _, name := range x.want {
				if got[name] != sent {
					t.Errorf("%s: %s is not seen", x.family, name)
				}
			}
			for _, name := range x.unseen {
				if how, ok := got[name]; !ok || how != 0 {
					t.Errorf("%s: %s is seen, or there is none", x.family, name)
				}
			}
		}
	}
}

// TestHeld leaves out what no message holds, since the spec leaves it as bytes, and what is in it.
func TestHeld(t *testing.T) {
	all, err := all()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Name != "tc" {
			continue
		}
		names := map[string]bool{}
		for _, p := range f.parts() {
			for name := range p.names {
				names[name] = true
			}
		}
		for name, want := range map[string]bool{"tcf-ematch/kind": true, "ematch-kind/ipt": true, "em-ipt-attrs/hook": false, "em-operand/eq": false} {
			if names[name] != want {
				t.Errorf("%s is counted: %v", name, names[name])
			}
		}
	}
}
