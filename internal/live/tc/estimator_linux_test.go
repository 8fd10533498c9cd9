package tc

import (
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestEstimators has rates measured: of a qdisc that takes each packet for half a gigabyte, so that they exceed 32 bits, of a class and
// of police.
func TestEstimators(t *testing.T) {
	b := newBench(t)
	often := some(tc.GnetEstimator{Interval: 1, EwmaLog: 1})
	// send goes on until there is a rate.
	send := func(b *bench, measured func() bool) {
		b.T.Helper()
		witness.Await(b, "a rate that was measured", func() bool {
			b.flood(6, 0x10001)
			return measured()
		})
	}
	b.run("qdisc", func(b *bench) {
		b.qdisc(&tc.NewqdiscRequest{
			Kind: some("pfifo"), Options: &tc.FifoQopt{Limit: 100}, Rate: often,
			Stab: &tc.StabAttrs{Base: &tc.Sizespec{Overhead: 500_000_000, Linklayer: tc.LinklayerEthernet}},
		})
		send(b, func() bool {
			s := b.getQdisc(tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot}).Stats2
			// Kernels of late 2025 take no packet for more than a megabyte.
			capped := s.Basic.V.Bytes <= uint64(s.Basic.V.Packets)<<20
			return s.RateEst.V.Pps > 0 && (capped && s.RateEst.V.Bps > 0 || s.RateEst64.V.Bps > 1<<32 && s.RateEst64.V.Pps > 0)
		})
		tally := witness.NewTally(b.T)
		tally.Steady(func(tally *witness.Tally) { b.seeQdiscs(tally) })
		tally.Report("qdisc")
	})
	b.run("class", func(b *bench) {
		b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
		req := class("htb", 0, 1, &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate(1_000_000), Ceil: rate(1_000_000), Buffer: 1_000_000, Cbuffer: 1_000_000}})
		req.Header.Ifindex, req.Rate = b.index, often
		if err := b.tc.Newtclass(b.Ctx, req, nlconn.Create); err != nil {
			b.Fatal(err)
		}
		send(b, func() bool { return b.classes()[0].Stats2.RateEst.V.Bps > 0 })
		tally := witness.NewTally(b.T)
		tally.Steady(func(tally *witness.Tally) { b.seeClasses(tally) })
		tally.Report("class")
	})
	b.run("police", func(b *bench) {
		b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
		limit := police()
		limit.Avrate = u32(1_000_000)
		at := tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: info(7, all)}
		err := b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{
			Header: at, Rate: often, Options: &tc.U32Attrs{Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal}, Police: limit},
		}, nlconn.Create)
		b.lacks("police", err)
		if err != nil {
			b.Fatal(err)
		}
		send(b, func() bool {
			for _, f := range b.filters(1<<16, nil) {
				if f.Stats != nil && f.Stats.Bps > 0 && f.Stats.Pps > 0 {
					return true
				}
			}
			return false
		})
		tally := witness.NewTally(b.T)
		tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, 1<<16) })
		tally.Report("police")
	})
}
