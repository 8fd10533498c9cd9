package tc

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
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

// TestHardware gives filters to a device: it takes programs that were loaded for it, and warns of others.
func TestHardware(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("in the virtual machine only, which has netdevsim")
	}
	b := newBench(t)
	device := witness.Simulate(t)
	ports, err := os.ReadDir("/sys/bus/netdevsim/devices/" + device + "/net")
	if err != nil || len(ports) == 0 {
		t.Fatal(ports, err)
	}
	name := ports[0].Name()
	link := b.Link(name)
	b.Up(link)
	witness.Output(t, "ethtool", "-K", name, "hw-tc-offload", "on")
	b.index, b.dev = link.Header.IfiIndex, name
	onto := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleIngress, Handle: 0xffff0000}
	if err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: onto, Kind: some("clsact")}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	sub, err := b.tc.Subscribe(b.Ctx, tc.GroupTc)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	in := uint32(0xffff<<16 | tc.MinIngress)
	add := func(prio uint32, options tc.FilterOptionsMsg) {
		at := tc.Tcmsg{Ifindex: b.index, Parent: in, Info: info(prio, all)}
		if err := b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{Header: at, Options: options}, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	add(1, &tc.FlowerAttrs{Flags: some(tc.ClsFlagsVerbose)})
	ctx := witness.Patience(t)
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if made, ok := ev.(*tc.NewtfilterNtf); ok {
			if want := "netdevsim: only offload of BPF classifiers supported"; made.ExtWarnMsg.V != want {
				t.Errorf("the warning is %q, not %q", made.ExtWarnMsg.V, want)
			}
			break
		}
	}
	fd := witness.Program(t, unix.BPF_PROG_TYPE_SCHED_CLS, 0, uint32(b.index))
	add(2, &tc.BpfAttrs{Fd: u32(uint32(fd)), Name: some("constant.o:[tc]"), Flags: some(tc.BpfFlagsActDirect), FlagsGen: some(tc.ClsFlagsSkipSw)})
	found := false
	for _, f := range b.filters(in, nil) {
		if o, ok := f.Options.(*tc.BpfAttrs); ok && o.FlagsGen.V == tc.ClsFlagsSkipSw|tc.ClsFlagsInHw {
			found = true
		}
	}
	if !found {
		t.Error("the program is not in the device")
	}
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, in) })
	tally.Report("filters")
}
