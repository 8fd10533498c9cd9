package tc

import (
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestQdiscs makes a qdisc of each kind, reads it back, compares all of the link with what tc shows, and deletes it.
func TestQdiscs(t *testing.T) {
	b := newBench(t)
	for _, c := range qdiscCases() {
		b.run(c.name, func(b *bench) {
			if c.name == "ingress" || c.name == "clsact" {
				c.req.Header.Parent, c.req.Header.Handle = tc.HandleIngress, 0xffff0000
			}
			got := b.qdisc(c.req)
			tally := witness.NewTally(b.T)
			tally.Within(c.name, c.req, got, append([]string{"Handle", "Rate", "Data"}, c.skip...)...)
			tally.Steady(func(tally *witness.Tally) { b.seeQdiscs(tally) })
			tally.Report(c.name)
		})
	}
}
