package headers

import (
	"embed"
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/internal/drift"
)

// known holds the known differences: known.txt from the headers of the release that they are about, running.txt beside those from the
// types of running kernels.
//
//go:embed known.txt running.txt
var known embed.FS

// measure is the release of the headers that the known differences are about.
var measure = []int{6, 12}

// Judge compares families with what a source says and explains the differences. The source is opened with the names of macros that are
// needed. The error is [ErrOlder] if it is of an older kernel than the known differences are about.
func Judge(families []*ir.Family, open func(macros []string) (*Types, error)) (*drift.Verdict, []*drift.Known, error) {
	names, err := ParseNames(NamesText)
	if err != nil {
		return nil, nil, err
	}
	p := NewPlan(names, families)
	t, err := open(p.Identifiers())
	if err != nil {
		return nil, nil, err
	}
	if slices.Compare(t.Release, measure) < 0 {
		return nil, nil, fmt.Errorf("%s: %w", t.Of, ErrOlder)
	}
	files := "known.txt"
	if t.Partial {
		files = "*.txt"
	}
	list, err := drift.ReadKnown(known, files)
	if err != nil {
		return nil, nil, err
	}
	v := drift.Judge(list, p.Compare(t), t.Release)
	for _, n := range p.Unused() {
		if !t.Partial {
			v.Stale = append(v.Stale, fmt.Sprintf("names.txt:%d: %s %s", n.Line, n.Family, n.Path))
		}
	}
	if t.Partial {
		v.Stale = nil // A kernel that was built without a thing does not differ in it.
	}
	return v, list, nil
}
