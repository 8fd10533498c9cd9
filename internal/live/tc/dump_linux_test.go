package tc

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// TestInvisible lists the qdisc that a class has from the beginning, which only those see that ask for it.
func TestInvisible(t *testing.T) {
	b := newBench(t)
	b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
	leaf := class("htb", 0, 1, &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate(1e6), Ceil: rate(1e6), Buffer: 1e5, Cbuffer: 1e5}})
	leaf.Header.Ifindex = b.index
	if err := b.tc.Newtclass(b.Ctx, leaf, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		all, err := b.tc.GetqdiscCollect(b.Ctx, &tc.GetqdiscDumpRequest{Header: tc.Tcmsg{Ifindex: b.index}, DumpInvisible: true})
		if err != nil {
			t.Fatal(err)
		}
		theirs := b.show("qdisc", "show", "dev", b.dev, "invisible")
		all = slices.DeleteFunc(all, func(q *tc.GetqdiscReply) bool { return q.Header.Ifindex != b.index })
		if len(all) != 2 || len(theirs) != 2 {
			tally.Errorf("%d qdiscs are ours, tc has %d", len(all), len(theirs))
			return
		}
		for i := range all {
			b.seeQdisc(tally, all[i], theirs[i])
		}
	})
	tally.Report("invisible")
	if visible := b.show("qdisc", "show", "dev", b.dev); len(visible) != 1 {
		t.Errorf("without asking tc shows %v", visible)
	}
}

// TestActionDumps lists more actions than a message holds: all of them, in short, and those that were used of late.
func TestActionDumps(t *testing.T) {
	b := newBench(t)
	const many = 70
	for i := range uint32(many) {
		act := tc.ActAttrs{Cookie: []byte{byte(i)}, Options: &tc.ActMirredAttrs{Parms: &tc.Mirred{
			Index: i + 1, Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror, Ifindex: b.peer,
		}}}
		if err := b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: acts(act)}, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	b.T.Cleanup(func() { b.flush("mirred") })
	kind := acts(tc.ActAttrs{Kind: some("mirred")})
	dump := func(flags tc.RootFlags, since nlattr.Opt[uint32]) (list []tc.ActAttrs, largest int) {
		t.Helper()
		req := &tc.GetactionDumpRequest{Tab: kind, TimeDelta: since}
		if flags != 0 {
			req.Flags = some(nlattr.Bitfield32{Value: uint32(flags), Selector: uint32(flags)})
		}
		replies, err := b.tc.GetactionCollect(b.Ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(b, "actions", replies)
		for _, r := range replies {
			if flags&tc.RootFlagsLargeDumpOn != 0 && r.Count.V != uint32(len(r.Tab)) {
				t.Errorf("%d actions are counted as %d", len(r.Tab), r.Count.V)
			}
			largest = max(largest, len(r.Tab))
			for _, a := range r.Tab {
				list = append(list, a.V)
			}
		}
		return list, largest
	}
	if list, largest := dump(0, nlattr.Opt[uint32]{}); len(list) != many || largest > tc.ActMaxPrio {
		t.Errorf("%d actions, up to %d in a message", len(list), largest)
	}
	if list, largest := dump(tc.RootFlagsLargeDumpOn, nlattr.Opt[uint32]{}); len(list) != many || largest <= tc.ActMaxPrio {
		t.Errorf("%d actions, up to %d in a large message", len(list), largest)
	}
	list, _ := dump(tc.RootFlagsLargeDumpOn|tc.RootFlagsTerseDump, nlattr.Opt[uint32]{})
	for i, a := range list {
		if a.Options != nil || a.Index.V != uint32(i+1) || len(a.Cookie) != 1 || a.Cookie[0] != byte(i) || a.Stats == nil {
			t.Errorf("in short: %+v", a)
		}
	}
	if len(list) != many {
		t.Errorf("%d actions in short", len(list))
	}
	if list, _ := dump(tc.RootFlagsLargeDumpOn, u32(60_000)); len(list) != many {
		t.Errorf("%d actions of the last minute", len(list))
	}
	time.Sleep(50 * time.Millisecond)
	if list, _ := dump(tc.RootFlagsLargeDumpOn, u32(1)); len(list) != 0 {
		t.Errorf("%d actions of the last millisecond", len(list))
	}
}

// TestOffloads asks for what a device must do, of one that does nothing.
func TestOffloads(t *testing.T) {
	b := newBench(t)
	root := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 1 << 16}
	onto := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleIngress, Handle: 0xffff0000}
	if err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: onto, Kind: some("clsact")}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	egress := tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinEgress, Info: info(1, all)}
	qdisc := func(o tc.QdiscOptionsMsg) error {
		return b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: root, Options: o}, nlconn.Create)
	}
	const notsupp = syscall.Errno(524) // ENOTSUPP, a number of the kernel's own
	mqprio := tc.MqprioQopt{NumTc: 1, Hw: tc.MqprioHwTcs, Count: tc.MqprioQueues{Tc0: 16}}
	for _, c := range []struct {
		name string
		err  error
		is   syscall.Errno
		want string
	}{
		{"htb", qdisc(&tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}, Offload: true}), syscall.EOPNOTSUPP, "hw-tc-offload ethtool feature flag must be on"},
		{"cbs", qdisc(&tc.CbsAttrs{Parms: &tc.CbsQopt{Offload: 1}}), syscall.EOPNOTSUPP, "Specified device does not support cbs offload"},
		{"etf", qdisc(&tc.EtfAttrs{Parms: some(tc.EtfQopt{Clockid: 11, Flags: tc.EtfFlagsOffloadOn})}), syscall.EOPNOTSUPP, "Specified device does not support ETF offload"},
		{"mqprio", qdisc(&tc.QdiscOptionsMqprio{
			Header: mqprio, Mode: some(tc.MqprioModeChannel), Shaper: some(tc.MqprioShaperBwRate),
			MinRate64: &tc.MqprioMinRatesAttrs{MinRate64: []uint64{1000}}, MaxRate64: &tc.MqprioMaxRatesAttrs{MaxRate64: []uint64{2000}},
		}), syscall.EINVAL, "Device does not support hardware offload"},
		{"taprio", qdisc(&tc.TaprioAttrs{
			Priomap: &tc.MqprioQopt{NumTc: 1, Count: tc.MqprioQueues{Tc0: 1}}, Flags: some(tc.TaprioFlagsFullOffload), SchedEntryList: &tc.TaprioSchedEntryListAttrs{
				Entry: []tc.TaprioSchedEntryAttrs{{Cmd: some(tc.TaprioCmdSetGates), GateMask: u32(1), Interval: u32(300_000)}},
			}, TcEntry: []tc.TaprioTcEntryAttrs{{Index: u32(0), Fp: some(tc.FpExpress)}},
		}), notsupp, "Device does not have a PTP clock"},
		{"matchall", b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{
			Header: egress, Options: &tc.MatchallAttrs{Flags: some(tc.ClsFlagsSkipSw)},
		}, nlconn.Create), syscall.EOPNOTSUPP, ""},
		{"action", b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: acts(tc.ActAttrs{
			Options: &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror, Ifindex: b.peer}},
			Flags:   some(nlattr.Bitfield32{Value: uint32(tc.ActFlagsSkipSw), Selector: uint32(tc.ActFlagsSkipSw)}),
		})}, nlconn.Create), syscall.EINVAL, ""},
	} {
		if errors.Is(c.err, syscall.ENOENT) && !nettest.Guest() {
			t.Logf("%s: this kernel does not have it: %v", c.name, c.err)
			continue
		}
		var refused *nlmsg.Error
		if !errors.As(c.err, &refused) || !errors.Is(c.err, c.is) || c.want != "" && refused.Message != c.want {
			t.Errorf("%s: %v, not %v %q", c.name, c.err, c.is, c.want)
		}
	}
}
