package ethtool

import (
	"strconv"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// num is a number of the driver's.
func num(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -99
	}
	return n
}

// TestMACs reads the counters of both MACs of a link that can preempt frames, for which this ethtool has no option: the driver numbers
// them in the order that the standard has them in, those of the preemptable MAC from twice the number on.
func TestMACs(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	names := map[ethtool.StatsGroup]ethtool.Stringset{
		ethtool.StatsGroupEthPhy: ethtool.StringsetStatsEthPhy, ethtool.StatsGroupEthMac: ethtool.StringsetStatsEthMac,
		ethtool.StatsGroupEthCtrl: ethtool.StringsetStatsEthCtrl, ethtool.StatsGroupRmon: ethtool.StringsetStatsRmon,
	}
	first := map[ethtool.StatsGroup]uint64{
		ethtool.StatsGroupEthPhy: 1001, ethtool.StatsGroupEthMac: 2001, ethtool.StatsGroupEthCtrl: 3001, ethtool.StatsGroupRmon: 5001,
	}
	for src, times := range map[ethtool.MacStatsSrc]uint64{ethtool.MacStatsSrcEmac: 1, ethtool.MacStatsSrcPmac: 2} {
		reply := l.standard("nic0", nlattr.Some(src))
		c.Field("source", reply.Src.V, float64(src))
		c.Field("groups", len(reply.Grp), float64(len(first)))
		for _, group := range reply.Grp {
			ours := l.byName(group)
			for i, name := range l.names(names[group.ID.V], global) {
				c.Field(name, ours[name], float64(first[group.ID.V]*times+uint64(i)))
			}
			// The numbers go on with the histograms, ten each.
			for i, x := range group.HistRx {
				c.Field("received", x.HistVal, float64(first[group.ID.V]*times+4+uint64(i)))
			}
			for i, x := range group.HistTx {
				c.Field("sent", x.HistVal, float64(first[group.ID.V]*times+14+uint64(i)))
			}
		}
		pause, err := l.client.PauseGet(l.Ctx, &ethtool.PauseGetRequest{Header: of("nic0", ethtool.HeaderFlagsStats), StatsSrc: nlattr.Some(src)})
		if err != nil {
			t.Fatal(err)
		}
		c.Field("pause frames of", pause.StatsSrc.V, float64(src))
		c.Field("pause frames sent", pause.Stats.TxFrames, float64(4001*times))
		c.Field("pause frames received", pause.Stats.RxFrames, float64(4001*times+1))
	}
	c.Report("counters of both MACs")
}

// TestOtherCounters reads the counters of preemption, of time stamps and of the clocks, which the driver numbers in their order.
func TestOtherCounters(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	header := of("nic0", ethtool.HeaderFlagsStats)
	mm, err := l.client.MmGet(l.Ctx, &ethtool.MmGetRequest{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(t, "preemption", mm)
	for i, ours := range []nlattr.Opt[uint64]{
		mm.Stats.ReassemblyErrors, mm.Stats.SmdErrors, mm.Stats.ReassemblyOk, mm.Stats.RxFragCount, mm.Stats.TxFragCount, mm.Stats.HoldCount,
	} {
		c.Field("preemption", ours, float64(401+i))
	}
	stamps, err := l.client.TsinfoGet(l.Ctx, &ethtool.TsinfoGetRequest{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(t, "time stamps", stamps)
	for i, ours := range []nlattr.Opt[uint64]{stamps.Stats.TxPkts, stamps.Stats.TxLost, stamps.Stats.TxErr} {
		c.Field("time stamps", ours, float64(501+i))
	}
	c.Report("other counters")
}
