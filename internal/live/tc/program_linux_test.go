package tc

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestPrograms has programs of BPF sort packets and decide about them.
func TestPrograms(t *testing.T) {
	b := newBench(t)
	b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
	b.run("filter", func(b *bench) {
		fd := u32(uint32(witness.Program(b.T, unix.BPF_PROG_TYPE_SCHED_CLS, 0, 0)))
		at := tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: info(7, all)}
		req := &tc.NewtfilterRequest{Header: at, Options: &tc.BpfAttrs{
			Fd: fd, Name: some("constant.o:[tc]"), Flags: some(tc.BpfFlagsActDirect), Classid: u32(1<<16 | 0x10),
		}}
		err := b.tc.Newtfilter(b.Ctx, req, nlconn.Create, nlconn.Exclusive)
		b.lacks("bpf", err)
		if err != nil {
			b.Fatal(err)
		}
		b.flood(4)
		tally := witness.NewTally(b.T)
		tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, 1<<16) })
		tally.Report("filter")
	})
	b.run("action", func(b *bench) {
		fd := u32(uint32(witness.Program(b.T, unix.BPF_PROG_TYPE_SCHED_ACT, 0, 0)))
		act := tc.ActAttrs{Options: &tc.ActBpfAttrs{Parms: &tc.Gact{Action: tc.ActVerdictPipe}, Fd: fd, Name: some("constant.o:[act]")}}
		err := b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: acts(act)}, nlconn.Create, nlconn.Exclusive)
		b.lacks("bpf", err)
		if err != nil {
			b.Fatal(err)
		}
		b.T.Cleanup(func() { b.flush("bpf") })
		tally := witness.NewTally(b.T)
		tally.Steady(func(tally *witness.Tally) { b.seeActions(tally, "bpf") })
		tally.Report("action")
	})
}
