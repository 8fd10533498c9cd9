package tc

import (
	"slices"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestFlows sends too much through the classes that are made and through those that some kinds have of themselves: bands, queues of the
// device and flows. It compares their counters.
func TestFlows(t *testing.T) {
	for _, c := range flowCases() {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.overload(&c, func(at tc.Tcmsg) uint32 {
				for _, x := range b.classes() {
					if x.Header.Handle>>16 == 2 {
						c.count(x.Stats2.App)
					}
				}
				return b.getQdisc(at).Stats2.Queue.Qlen
			})
			waits := func(x *tc.GettclassReply) bool { return x.Header.Handle>>16 == 2 && x.Stats2.Queue.Backlog > 0 }
			if !slices.ContainsFunc(b.classes(), waits) {
				b.Error("packets wait in no class")
			}
			tally := witness.NewTally(b.T)
			tally.Steady(func(tally *witness.Tally) { b.seeClasses(tally) })
			tally.Report(c.name)
		})
	}
}

func flowCases() []trafficCase {
	two := func(kind string, options tc.ClassOptionsMsg) []*tc.NewtclassRequest {
		return []*tc.NewtclassRequest{class(kind, 0, 1, options), class(kind, 0, 2, options)}
	}
	htb := func(low, high uint32) *tc.HtbAttrs {
		return &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate(low), Ceil: rate(high), Buffer: 100_000, Cbuffer: 100_000}}
	}
	chosen := []int{0x20001, 0x20002}
	return []trafficCase{
		{
			name: "htb", options: &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}, priorities: []int{0x20010, 0x20011},
			classes: []*tc.NewtclassRequest{
				class("htb", 0, 1, htb(1_000_000, 1_000_000)), class("htb", 1, 0x10, htb(100_000, 500_000)), class("htb", 1, 0x11, htb(50_000, 500_000)),
			}, zero: []string{"Giants"},
		},
		{
			name: "hfsc", options: &tc.HfscQopt{}, priorities: chosen, classes: two("hfsc", &tc.HfscAttrs{
				Rsc: some(tc.ServiceCurve{M1: 125_000, D: 10_000, M2: 62_500}), Fsc: some(tc.ServiceCurve{M2: 125_000}),
			}),
		},
		{name: "drr", kind: "drr", classes: two("drr", &tc.DrrAttrs{Quantum: u32(3000)}), priorities: chosen},
		{name: "qfq", kind: "qfq", classes: two("qfq", &tc.QfqAttrs{Weight: u32(10), Lmax: u32(2000)}), priorities: chosen},
		{name: "ets", options: &tc.EtsAttrs{Nbands: u8(3)}, classes: []*tc.NewtclassRequest{class("ets", 0, 2, &tc.EtsQuantaAttrs{QuantaBand: []uint32{5000}})}},
		{name: "prio", kind: "prio", options: &tc.PrioQopt{Bands: 3, Priomap: [16]byte{0, 1, 2, 2, 2, 2, 2}}},
		{name: "multiq", options: &tc.MultiqQopt{}},
		{name: "skbprio", options: &tc.SkbprioQopt{Limit: 50}},
		{name: "fq_codel", options: &tc.FqCodelAttrs{Target: u32(1000), Interval: u32(10_000)}, zero: []string{"Type"}},
		{name: "sfq", kind: "sfq"},
		{name: "cake", options: &tc.CakeAttrs{BaseRate64: u64(400_000), Rtt: u32(2000), Memory: u32(100_000)}, zero: []string{ // of the qdisc
			"AvgNetoff", "CapacityEstimate64", "MaxAdjlen", "MaxNetlen", "MemoryLimit", "MemoryUsed", "MinAdjlen", "MinNetlen",
		}},
	}
}
