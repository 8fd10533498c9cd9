package tc

import (
	"fmt"
	"strings"
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
				b.whole("class", got)
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
	b.whole("classes", list)
	return list
}

// seeClasses compares all classes of the link with what tc lists. It has no JSON for classes.
func (b *bench) seeClasses(tally *witness.Tally) {
	b.T.Helper()
	var ours []string
	for _, x := range b.classes() {
		ours = append(ours, strings.Fields(classText(x))...)
	}
	theirs := strings.Fields(string(witness.Output(b.T, "tc", "-s", "-d", "class", "show", "dev", b.dev)))
	for i := range max(len(ours), len(theirs)) {
		if i >= len(ours) || i >= len(theirs) || ours[i] != theirs[i] {
			tally.Errorf("word %d: ours are\n%q\ntc's\n%q", i, ours, theirs)
			return
		}
	}
	tally.Fields += len(ours)
}

// classText is a class as tc prints it.
func classText(x *tc.GettclassReply) string {
	text := fmt.Sprintf("class %s %s ", x.Kind.V, parentText(x.Header.Handle))
	if x.Header.Parent == tc.HandleRoot {
		text += "root "
	} else {
		text += "parent " + parentText(x.Header.Parent) + " "
	}
	curve := func(name string, c nlattr.Opt[tc.ServiceCurve]) {
		if c.OK {
			text += fmt.Sprintf("%s m1 %s d %s m2 %s ", name, bits(uint64(c.V.M1)), micros(c.V.D), bits(uint64(c.V.M2)))
		}
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
			text += fmt.Sprintf("prio %d quantum %d ", p.Prio, p.Quantum)
		}
		text += fmt.Sprintf("rate %s overhead %d ceil %s linklayer %s burst %s/%d mpu %db cburst %s/%d mpu %db level %d ", bits(low),
			p.Rate.Overhead, bits(high), p.Rate.Linklayer, size(float64(low)*ticks(p.Buffer)), 1<<p.Rate.CellLog, p.Rate.Mpu,
			size(float64(high)*ticks(p.Cbuffer)), 1<<p.Ceil.CellLog, p.Ceil.Mpu, p.Level)
	case *tc.HfscAttrs:
		curve("rt", o.Rsc)
		curve("ls", o.Fsc)
		curve("ul", o.Usc)
	case *tc.DrrAttrs:
		text += "quantum " + size(float64(o.Quantum.V)) + " "
	case *tc.QfqAttrs:
		text += fmt.Sprintf("weight %d maxpkt %d ", o.Weight.V, o.Lmax.V)
	}
	s := x.Stats2
	text += fmt.Sprintf("Sent %d bytes %d pkt (dropped %d, overlimits %d requeues %d) ", s.Basic.V.Bytes, s.Basic.V.Packets, s.Queue.Drops,
		s.Queue.Overlimits, s.Queue.Requeues)
	if s.RateEst.OK {
		text += fmt.Sprintf("rate %s %dpps ", bits(uint64(s.RateEst.V.Bps)), s.RateEst.V.Pps)
	}
	text += fmt.Sprintf("backlog %s %dp requeues %d ", size(float64(s.Queue.Backlog)), s.Queue.Qlen, s.Queue.Requeues)
	switch a := s.App.(type) {
	case *tc.HtbXstats:
		text += fmt.Sprintf("lended: %d borrowed: %d giants: %d tokens: %d ctokens: %d", a.Lends, a.Borrows, a.Giants, a.Tokens, a.Ctokens)
	case *tc.HfscStats:
		text += fmt.Sprintf("period %d ", a.Period)
		if a.Work != 0 {
			text += fmt.Sprintf("work %d bytes ", a.Work)
		}
		if a.Rtwork != 0 {
			text += fmt.Sprintf("rtwork %d bytes ", a.Rtwork)
		}
		text += fmt.Sprintf("level %d ", a.Level)
	case *tc.DrrStats:
		text += "deficit " + size(float64(a.Deficit))
	}
	return text
}

// bits is a rate in bytes per second as tc prints it.
func bits(bytes uint64) string {
	for _, u := range []struct {
		n    uint64
		name string
	}{{1e9, "Gbit"}, {1e6, "Mbit"}, {1e3, "Kbit"}} {
		if 8*bytes >= u.n && 8*bytes%u.n == 0 {
			return fmt.Sprintf("%d%s", 8*bytes/u.n, u.name)
		}
	}
	return fmt.Sprintf("%dbit", 8*bytes)
}

// micros is a time as tc prints it.
func micros(us uint32) string {
	if us >= 1000 {
		return fmt.Sprintf("%dms", us/1000)
	}
	return fmt.Sprintf("%dus", us)
}

// size is a number of bytes as tc prints it.
func size(v float64) string {
	n := int64(v + 0.5)
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMb", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKb", n>>10)
	}
	return fmt.Sprintf("%db", n)
}
