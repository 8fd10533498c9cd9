package tc

import (
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestClasses makes classes, reads each back, lists all, compares them with what tc shows, and deletes them.
func TestClasses(t *testing.T) {
	b := newBench(t)
	for _, c := range classCases() {
		b.run(c.name, func(b *bench) {
			b.qdisc(c.qdisc)
			tally := witness.NewTally(b.T)
			for _, req := range c.classes {
				req.Header.Ifindex = b.index
				if err := b.tc.Newtclass(b.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
					b.Fatal(err)
				}
				got, err := b.tc.Gettclass(b.Ctx, &tc.GettclassRequest{Header: tc.Tcmsg{Ifindex: b.index, Handle: req.Header.Handle}}, nlconn.Echo)
				if err != nil {
					b.Fatal(err)
				}
				witness.Known(b, "class", got)
				tally.Within(c.name, req, got, append([]string{"Rate", "Parent", "Level"}, c.skip...)...)
				if req.Header.Parent&0xffff != 0 && got.Header.Parent != req.Header.Parent {
					b.Errorf("class %x is below %x, not %x", req.Header.Handle, got.Header.Parent, req.Header.Parent)
				}
			}
			tally.Steady(func(tally *witness.Tally) { b.seeClasses(tally) })
			for i := len(c.classes) - 1; i >= 0; i-- {
				at := tc.Tcmsg{Ifindex: b.index, Handle: c.classes[i].Header.Handle}
				if err := b.tc.Deltclass(b.Ctx, &tc.DeltclassRequest{Header: at}); err != nil {
					b.Error(err)
				}
			}
			for _, x := range b.classes() {
				if x.Header.Handle&0xffff != 0 { // hfsc has a class for the qdisc itself.
					b.Errorf("class %x is left", x.Header.Handle)
				}
			}
			tally.Report(c.name)
		})
	}
}

// classes lists the classes of the link.
func (b *bench) classes() []*tc.GettclassReply {
	b.T.Helper()
	list, err := b.tc.GettclassCollect(b.Ctx, &tc.GettclassDumpRequest{Header: tc.Tcmsg{Ifindex: b.index}})
	if err != nil {
		b.Fatal(err)
	}
	witness.Known(b, "classes", list)
	return list
}

// seeClasses compares all classes of the link with what tc lists.
func (b *bench) seeClasses(tally *witness.Tally) {
	b.T.Helper()
	w := new(words)
	for _, x := range b.classes() {
		w.put("class %s %s", x.Kind.V, parentText(x.Header.Handle))
		putClassBody(w, x)
	}
	w.same(tally, "classes", witness.Output(b.T, "tc", "-s", "-d", "class", "show", "dev", b.dev))
}

// putClassBody is what tc prints of a class behind its name.
func putClassBody(w *words, x *tc.GettclassReply) {
	if x.Header.Parent == tc.HandleRoot {
		w.put("root")
	} else {
		w.put("parent %s", parentText(x.Header.Parent))
	}
	if x.Header.Info != 0 {
		w.put("leaf %s", parentText(x.Header.Info))
	}
	switch o := x.Options.(type) {
	case *tc.HtbAttrs:
		p := o.Parms
		low, high := uint64(p.Rate.Rate), uint64(p.Ceil.Rate)
		if o.Rate64.OK {
			low = o.Rate64.V
		}
		if o.Ceil64.OK {
			high = o.Ceil64.V
		}
		if p.Level == 0 {
			w.put("prio %d quantum %d", p.Prio, p.Quantum)
		}
		w.put("rate %s", rateText(low))
		if p.Rate.Overhead != 0 {
			w.put("overhead %d", p.Rate.Overhead)
		}
		w.put("ceil %s linklayer %s burst %s/%d mpu %db cburst %s/%d mpu %db level %d", rateText(high), p.Rate.Linklayer, size(float64(low)*ticks(p.Buffer)), 1<<p.Rate.CellLog, p.Rate.Mpu,
			size(float64(high)*ticks(p.Cbuffer)), 1<<p.Ceil.CellLog, p.Ceil.Mpu, p.Level)
	case *tc.HfscAttrs:
		curve := func(name string, c nlattr.Opt[tc.ServiceCurve]) {
			if c.OK {
				w.put("%s m1 %s d %s m2 %s", name, rateText(uint64(c.V.M1)), micros(c.V.D), rateText(uint64(c.V.M2)))
			}
		}
		curve("rt", o.Rsc)
		curve("ls", o.Fsc)
		curve("ul", o.Usc)
	case *tc.DrrAttrs:
		w.put("quantum %s", size(float64(o.Quantum.V)))
	case *tc.QfqAttrs:
		w.put("weight %d maxpkt %d", o.Weight.V, o.Lmax.V)
	case *tc.EtsQuantaAttrs:
		w.put("quantum %d", o.QuantaBand[0])
	}
	s := x.Stats2
	if s == nil {
		return
	}
	putStats(w, s.Basic, s.BasicHw, s.Queue, s.RateEst)
	switch a := s.App.(type) {
	case *tc.HtbXstats:
		w.put("lended: %d borrowed: %d giants: %d tokens: %d ctokens: %d", a.Lends, a.Borrows, a.Giants, a.Tokens, a.Ctokens)
	case *tc.HfscStats:
		w.put("period %d", a.Period)
		if a.Work != 0 {
			w.put("work %d bytes", a.Work)
		}
		if a.Rtwork != 0 {
			w.put("rtwork %d bytes", a.Rtwork)
		}
		w.put("level %d", a.Level)
	case *tc.DrrStats:
		w.put("deficit %s", size(float64(a.Deficit)))
	case *tc.SfqXstats:
		w.put("allot %d", a.Allot)
	case *tc.FqCodelClassXstats:
		w.put("deficit %d count %d lastcount %d ldelay %s", a.Deficit, a.Count, a.Lastcount, micros(a.Ldelay))
		putDropping(w, a.Dropping, a.DropNext)
	case *tc.CakeStatsAttrs:
		w.put("deficit %d count %d", a.Deficit.V, a.CobaltCount.V)
		putDropping(w, a.Dropping.V, a.DropNextUs.V)
		w.put("blue_prob %d", a.PDrop.V)
		if a.BlueTimerUs.OK {
			w.put("blue_timer %s", until(a.BlueTimerUs.V))
		}
	}
}

// putStats is what qdiscs, classes and actions have counted, whatever their kind.
func putStats(w *words, basic, hw nlattr.Opt[tc.GnetStatsBasic], queue *tc.GnetStatsQueue, est nlattr.Opt[tc.GnetStatsRateEst]) {
	if basic.OK {
		w.put("Sent %d bytes %d pkt", basic.V.Bytes, basic.V.Packets)
	}
	if queue != nil {
		w.put("(dropped %d, overlimits %d requeues %d)", queue.Drops, queue.Overlimits, queue.Requeues)
	}
	if hw.V.Bytes > 0 {
		w.put("Sent software %d bytes %d pkt", basic.V.Bytes-hw.V.Bytes, basic.V.Packets-hw.V.Packets)
		w.put("Sent hardware %d bytes %d pkt", hw.V.Bytes, hw.V.Packets)
	}
	if est.OK {
		w.put("rate %s %dpps", rateText(uint64(est.V.Bps)), est.V.Pps)
	}
	if queue != nil {
		w.put("backlog %s %dp requeues %d", size(float64(queue.Backlog)), queue.Qlen, queue.Requeues)
	}
}

// putDropping is the state of CoDel: whether it drops, and when next.
func putDropping(w *words, dropping uint32, next int32) {
	if dropping != 0 {
		w.put("dropping drop_next %s", until(next))
	}
}

// until is a time in microseconds, which may be past.
func until(us int32) string {
	if us < 0 {
		return "-" + micros(uint32(-us))
	}
	return micros(uint32(us))
}
