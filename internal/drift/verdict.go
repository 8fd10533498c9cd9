package drift

import (
	"fmt"
	"slices"
)

// Newest is the newest release of the kernel that all differences are known of. A newer one has what nobody has looked at yet.
var Newest = []int{6, 18}

// Unknown reports whether a release is newer than [Newest].
func Unknown(release []int) bool {
	return slices.Compare(release[:min(len(release), len(Newest))], Newest) > 0
}

// A Verdict is what known differences say of the comparisons.
type Verdict struct {
	Comparisons []*Comparison
	Explained   map[*Known][]Difference
	Unexplained []Difference
	// Stale are differences that are known and no longer there, although their family was compared.
	Stale []string
}

// Judge explains the differences from what is of a release of the kernel, each by the first line that matches. That ours is newer explains
// nothing in a release that has what came.
func Judge(known []*Known, comparisons []*Comparison, release []int) *Verdict {
	known = slices.DeleteFunc(slices.Clone(known), func(k *Known) bool {
		return k.Right == Newer && slices.Compare(Version(k.Since), release) <= 0
	})
	v := &Verdict{Comparisons: comparisons, Explained: map[*Known][]Difference{}}
	families := map[string]bool{"*": true}
	met := map[*Pattern]map[string]bool{}
	for _, c := range comparisons {
		families[c.Family] = true
		for _, d := range c.Differences {
			k, p := find(known, d)
			if k == nil {
				v.Unexplained = append(v.Unexplained, d)
				continue
			}
			v.Explained[k] = append(v.Explained[k], d)
			if met[p] == nil {
				met[p] = map[string]bool{}
			}
			met[p][d.String()] = true
		}
	}
	for _, k := range known {
		if families[k.Family] {
			for _, p := range k.Patterns {
				v.Stale = append(v.Stale, p.stale(k.Family, met[p])...)
			}
		}
	}
	return v
}

// find returns what explains a difference.
func find(known []*Known, d Difference) (*Known, *Pattern) {
	for _, k := range known {
		if p := k.find(d); p != nil {
			return k, p
		}
	}
	return nil, nil
}

// stale returns what a pattern names and was not met.
func (p *Pattern) stale(family string, met map[string]bool) []string {
	if p.re != nil {
		if len(met) > 0 {
			return nil
		}
		return []string{fmt.Sprintf("%s: %s %s", p.Place, family, p.Text)}
	}
	var list []string
	for line := range p.lines {
		if !met[line] {
			list = append(list, fmt.Sprintf("%s: %s %s", p.Place, family, line))
		}
	}
	slices.Sort(list)
	return list
}

// Bad reports whether something is left to be explained, or an explanation to be removed.
func (v *Verdict) Bad() bool { return len(v.Unexplained) > 0 || len(v.Stale) > 0 }
