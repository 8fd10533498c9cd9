package drift

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// rights says who is right, for people.
var rights = map[Right]string{
	Ours:   "ours is right",
	Theirs: "theirs is right",
	Newer:  "ours is newer, of",
	Both:   "both are right",
}

func (k *Known) answer() string {
	if k.Right == Newer {
		return rights[Newer] + " " + k.Since
	}
	return rights[k.Right]
}

// Write writes the verdict: each explanation with what it explains, a table of the comparisons, and what is wrong.
func (v *Verdict) Write(w io.Writer, known []*Known) error {
	p := &printer{w: w}
	for _, k := range known {
		if list := v.Explained[k]; list != nil {
			p.printf("%s: %s\n", k.answer(), k.Why)
			for _, d := range list {
				p.printf("    %s %s\n", d.Family, d)
			}
		}
	}
	p.printf("\n")
	v.table(p)
	for _, d := range v.Unexplained {
		p.printf("unexplained: %s %s\n", d.Family, d)
	}
	for _, line := range v.Stale {
		p.printf("known, but no longer there: %s\n", line)
	}
	return p.err
}

func (v *Verdict) table(p *printer) {
	t := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	defer t.Flush()
	fmt.Fprintf(t, "family\tcompared with\tfacts\tdifferences\tours\tnewer\tboth\ttheirs\tunexplained\n")
	for _, c := range v.Comparisons {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d", c.Family, c.Theirs, c.Facts, len(c.Differences))
		unexplained := len(c.Differences)
		for _, right := range []Right{Ours, Newer, Both, Theirs} {
			n := v.count(c, right)
			unexplained -= n
			fmt.Fprintf(t, "\t%d", n)
		}
		fmt.Fprintf(t, "\t%d\n", unexplained)
	}
}

// count returns how many differences of a comparison have an explanation of one kind.
func (v *Verdict) count(c *Comparison, right Right) int {
	n := 0
	for _, d := range c.Differences {
		for k, list := range v.Explained {
			if k.Right == right && slices.Contains(list, d) {
				n++
			}
		}
	}
	return n
}

// A printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) Write(b []byte) (int, error) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
	return len(b), p.err
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }
