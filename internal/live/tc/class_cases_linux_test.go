package tc

import (
	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A classCase is a classful qdisc and the classes to make in it.
type classCase struct {
	name    string
	qdisc   *tc.NewqdiscRequest
	classes []*tc.NewtclassRequest
	skip    []string // what is not answered as it was asked
}

// class begins a request: parent and minor number are of the qdisc 1:.
func class(kind string, parent, minor uint32, options tc.ClassOptionsMsg) *tc.NewtclassRequest {
	return &tc.NewtclassRequest{
		Header: tc.Tcmsg{Parent: 1<<16 | parent, Handle: 1<<16 | minor},
		Kind:   nlattr.Some(kind), Options: options,
	}
}

func classCases() []classCase {
	htb := func(low, high, prio uint32) *tc.HtbAttrs {
		return &tc.HtbAttrs{Parms: &tc.HtbOpt{
			Rate: tc.Ratespec{Linklayer: tc.LinklayerEthernet, Rate: low, Overhead: 14, Mpu: 64}, Ceil: rate(high),
			Buffer: 100_000, Cbuffer: 50_000, Quantum: 3000, Prio: prio,
		}}
	}
	fast := htb(0xffffffff, 0xffffffff, 0)
	fast.Rate64, fast.Ceil64 = u64(5_000_000_000), u64(6_000_000_000)
	estimated := class("htb", 1, 0x10, htb(100_000, 200_000, 3))
	estimated.Rate = some(tc.GnetEstimator{Interval: -1, EwmaLog: 3})
	return []classCase{
		{"htb", qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req, []*tc.NewtclassRequest{
			class("htb", 0, 1, fast), estimated, class("htb", 1, 0x11, htb(300_000, 300_000, 7)),
		}, []string{"Rate64", "Ceil64"}},
		{"hfsc", qdisc("hfsc", &tc.HfscQopt{Defcls: 2}).req, []*tc.NewtclassRequest{
			class("hfsc", 0, 1, &tc.HfscAttrs{
				Fsc: some(tc.ServiceCurve{M1: 500_000, D: 20_000, M2: 250_000}), Usc: some(tc.ServiceCurve{M2: 1_000_000}),
			}),
			class("hfsc", 1, 2, &tc.HfscAttrs{
				Rsc: some(tc.ServiceCurve{M1: 125_000, D: 10_000, M2: 62_500}), Fsc: some(tc.ServiceCurve{M2: 125_000}),
			}),
		}, nil},
		{"drr", qdisc("drr", nil).req, []*tc.NewtclassRequest{
			class("drr", 0, 1, &tc.DrrAttrs{Quantum: u32(3000)}), class("drr", 0, 2, &tc.DrrAttrs{Quantum: u32(600)}),
		}, nil},
		{"qfq", qdisc("qfq", nil).req, []*tc.NewtclassRequest{
			class("qfq", 0, 1, &tc.QfqAttrs{Weight: u32(10), Lmax: u32(2000)}), class("qfq", 0, 2, &tc.QfqAttrs{Weight: u32(1), Lmax: u32(1500)}),
		}, nil},
	}
}
