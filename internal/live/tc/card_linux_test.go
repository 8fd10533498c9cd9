package tc

import (
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// newCard returns a bench whose link is a card that takes work from the kernel.
func newCard(t *testing.T) *bench {
	t.Helper()
	n := witness.NewNamespace(t)
	quiet(t)
	return &bench{n, tc.New(n.Conn), n.Card().Header.IfiIndex, 0, "nic0"}
}

// TestCardQdiscs leaves qdiscs to a card, and compares them with what tc shows.
func TestCardQdiscs(t *testing.T) {
	b := newCard(t)
	traffic := tc.MqprioQopt{NumTc: 2, PrioTcMap: [16]byte{0, 1}, Hw: tc.MqprioHwTcs, Count: tc.MqprioQueues{Tc0: 2, Tc1: 2}, Offset: tc.MqprioQueues{Tc1: 2}}
	timed := traffic
	timed.Hw = tc.MqprioHwNone
	preemptible := []tc.TaprioTcEntryAttrs{{Index: u32(0), Fp: some(tc.FpExpress)}, {Index: u32(1), Fp: some(tc.FpPreemptible)}}
	for _, c := range []qdiscCase{
		qdisc("mqprio", &tc.QdiscOptionsMqprio{
			Header: traffic, Mode: some(tc.MqprioModeChannel), Shaper: some(tc.MqprioShaperBwRate),
			MinRate64: &tc.MqprioMinRatesAttrs{MinRate64: []uint64{1_000_000, 2_000_000}},
			MaxRate64: &tc.MqprioMaxRatesAttrs{MaxRate64: []uint64{3_000_000, 4_000_000}},
			TcEntry:   []tc.MqprioTcEntryAttrs{{Index: u32(0), Fp: some(tc.FpExpress)}, {Index: u32(1), Fp: some(tc.FpPreemptible)}},
		}, "TcEntry"),
		qdisc("mqprio", &tc.QdiscOptionsMqprio{Header: traffic, Mode: some(tc.MqprioModeDcb), Shaper: some(tc.MqprioShaperDcb)}),
		qdisc("taprio", &tc.TaprioAttrs{
			Priomap: &timed, Flags: some(tc.TaprioFlagsFullOffload), SchedBaseTime: some(int64(1) << 62), TcEntry: preemptible,
			SchedEntryList: &tc.TaprioSchedEntryListAttrs{Entry: []tc.TaprioSchedEntryAttrs{
				{Cmd: some(tc.TaprioCmdSetGates), GateMask: u32(3), Interval: u32(300_000)},
			}},
		}, "TcEntry", "SchedEntryList", "SchedBaseTime"),
		qdisc("cbs", &tc.CbsAttrs{Parms: &tc.CbsQopt{Offload: 1, Hicredit: 30, Locredit: -1470, Idleslope: 20000, Sendslope: -980000}}),
		qdisc("etf", &tc.EtfAttrs{Parms: some(tc.EtfQopt{Delta: 300000, Clockid: 11, Flags: tc.EtfFlagsOffloadOn})}),
		qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 20}, Offload: true}, "Version"),
		qdisc("prio", &tc.PrioQopt{Bands: 3, Priomap: [16]byte{1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}}),
		qdisc("tbf", &tc.TbfAttrs{Parms: &tc.TbfQopt{Rate: rate(1_000_000), Limit: 50000}, Burst: u32(10000)}, "Burst", "Parms"),
	} {
		b.run(c.name, func(b *bench) {
			tally := witness.NewTally(b.T)
			got := b.qdisc(c.req)
			tally.Within(c.name, c.req, got, append([]string{"Handle"}, c.skip...)...)
			switch x := got.Options.(type) {
			case *tc.PrioQopt, *tc.TbfAttrs:
				tally.Field("offloaded", got.HwOffload, 1.0)
			case *tc.QdiscOptionsMqprio:
				if asked := c.req.Options.(*tc.QdiscOptionsMqprio); len(asked.TcEntry) == 2 {
					tally.Within("the second class", asked.TcEntry[1], x.TcEntry[1])
				}
			case *tc.TaprioAttrs:
				tally.Within("the second class", preemptible[1], x.TcEntry[1])
				// By the module's numbers.
				tally.Within("counters", &tc.TaprioOffloadStatsAttrs{WindowDrops: u64(601), TxOverruns: u64(602)}, got.Stats2.App)
			}
			tally.Steady(func(tally *witness.Tally) { b.seeQdiscs(tally) })
			tally.Report(c.name)
		})
	}
}

// TestCardFilters leaves filters to a card, in its queues only, and compares them with what tc shows. What the card says to one comes
// with the event that tells of it.
func TestCardFilters(t *testing.T) {
	b := newCard(t)
	b.qdisc(&tc.NewqdiscRequest{Header: tc.Tcmsg{Parent: tc.HandleIngress, Handle: 0xffff0000}, Kind: some("clsact")})
	drop := func() []nlattr.Indexed[tc.ActAttrs] {
		return acts(tc.ActAttrs{Options: &tc.ActGactAttrs{Parms: &tc.Gact{Action: tc.ActVerdictShot}}})
	}
	only := some(tc.ClsFlagsSkipSw)
	for name, options := range map[string]tc.FilterOptionsMsg{
		"matchall": &tc.MatchallAttrs{Flags: only, Act: drop()},
		"flower":   &tc.FlowerAttrs{Flags: some(tc.ClsFlagsSkipSw | tc.ClsFlagsVerbose), KeyEthType: u16(ip), Act: drop()},
		"u32":      &tc.U32Attrs{Flags: only, Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal}, Act: drop()},
	} {
		b.run(name, func(b *bench) {
			sub, err := b.tc.Subscribe(b.Ctx, tc.GroupTc)
			if err != nil {
				b.Fatal(err)
			}
			defer sub.Close()
			at := tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinIngress, Info: info(7, ip)}
			req := &tc.NewtfilterRequest{Header: at, Options: options}
			if err := b.tc.Newtfilter(b.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
				b.Fatal(err)
			}
			if name == "flower" { // The kernel has nothing to say of the others.
				b.hear(sub, "taken, and not done")
			}
			tally := witness.NewTally(b.T)
			tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, at.Parent) })
			for _, got := range b.filters(at.Parent, nil) {
				switch x := got.Options.(type) {
				case *tc.MatchallAttrs:
					tally.Field("in the card", x.Flags.V&tc.ClsFlagsInHw != 0, true)
				case *tc.FlowerAttrs:
					tally.Field("in the card", x.Flags.V&tc.ClsFlagsInHw != 0, true)
					tally.Field("in cards", x.InHwCount, 1.0)
					// By the module's numbers.
					stats := x.Act[0].V.Stats
					tally.Field("bytes", stats.BasicHw.V.Bytes, 7001.0)
					tally.Field("packets", stats.BasicHw.V.Packets, 71.0)
					tally.Field("drops", stats.Queue.Drops, 71.0) // all of them: that is the action
				}
			}
			if err := b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: at}); err != nil {
				b.Fatal(err)
			}
			tally.Report(name)
		})
	}
}

// hear waits for the event of a filter that says something.
func (b *bench) hear(sub *nlconn.Subscription[tc.Event], text string) {
	b.T.Helper()
	for ev, err := range sub.All(witness.Patience(b.T)) {
		if err != nil {
			b.Fatal(err)
		}
		if x, ok := ev.(*tc.NewtfilterNtf); ok && x.Options != nil {
			if x.ExtWarnMsg != some(text) {
				b.Errorf("the event says %v", x.ExtWarnMsg)
			}
			return
		}
	}
	b.Error("nothing is told of the filter")
}

// TestCardActions leaves an action to a card before any filter has it.
func TestCardActions(t *testing.T) {
	b := newCard(t)
	// The module takes actions with high numbers.
	act := tc.ActAttrs{
		Options: &tc.ActGactAttrs{Parms: &tc.Gact{Index: 7001, Action: tc.ActVerdictShot}},
		Flags:   some(nlattr.Bitfield32{Value: uint32(tc.ActFlagsSkipSw), Selector: uint32(tc.ActFlagsSkipSw)}),
	}
	if err := b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: acts(act)}, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.flush("gact") })
	tally := witness.NewTally(t)
	list := b.actions("gact")
	if len(list) != 1 {
		t.Fatalf("there are %d actions", len(list))
	}
	tally.Within("gact", act, list[0].V)
	tally.Field("in cards", list[0].V.InHwCount, 1.0)
	tally.Steady(func(tally *witness.Tally) { b.seeActions(tally, "gact") })
	tally.Report("gact")
}
