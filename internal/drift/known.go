package drift

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// KnownText are the known differences between our specs and the kernel's newest ones.
//
//go:embed known.txt
var KnownText string

// Right says who is right about a known difference.
type Right string

// The answers. Ours is also the answer if theirs says less than is true.
const (
	Ours   Right = "ours"
	Theirs Right = "theirs" // ours is to be mended; what is missing here is listed this way until it is there
	Newer  Right = "newer"  // ours is of a newer kernel than theirs
	Both   Right = "both"   // the bytes on the wire are the same, told differently
)

// Known explains differences.
type Known struct {
	Line    int    // of the file
	Family  string // or "*"
	Pattern string // of the differences' lines
	Right   Right
	Why     string

	re *regexp.Regexp
}

func (k *Known) String() string {
	return fmt.Sprintf("%s | %s | %s | %s", k.Family, k.Pattern, k.Right, k.Why)
}

// matches reports whether k explains a difference.
func (k *Known) matches(d Difference) bool {
	return (k.Family == "*" || k.Family == d.Family) && k.re.MatchString(d.String())
}

// ParseKnown reads known differences: lines of a family, a pattern, who is right, and why, separated by bars. In a pattern "*" stands
// for any text and "{a,b}" for either; the family "*" is any. Empty lines and those that begin with "#" say nothing.
func ParseKnown(text string) ([]*Known, error) {
	var list []*Known
	var errs []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		k, err := parseKnown(line)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		k.Line = number
		list = append(list, k)
	}
	return list, errors.Join(errs...)
}

func parseKnown(line string) (*Known, error) {
	fields := strings.SplitN(line, "|", 4)
	if len(fields) != 4 {
		return nil, fmt.Errorf("%q has not four fields", line)
	}
	for i := range fields {
		if fields[i] = strings.TrimSpace(fields[i]); fields[i] == "" {
			return nil, fmt.Errorf("%q has an empty field", line)
		}
	}
	k := &Known{Family: fields[0], Pattern: fields[1], Right: Right(fields[2]), Why: fields[3]}
	if !slices.Contains([]Right{Ours, Theirs, Newer, Both}, k.Right) {
		return nil, fmt.Errorf("%q is none of ours, theirs, newer, both", fields[2])
	}
	var err error
	k.re, err = compile(k.Pattern)
	return k, err
}

// compile returns the regular expression of a pattern.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	depth := 0
	for _, r := range pattern {
		switch {
		case r == '*':
			b.WriteString(".*")
		case r == '{':
			b.WriteString("(?:")
			depth++
		case r == '}' && depth > 0:
			b.WriteString(")")
			depth--
		case r == ',' && depth > 0:
			b.WriteString("|")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	if depth > 0 {
		return nil, fmt.Errorf("pattern %q has a brace that does not end", pattern)
	}
	return regexp.Compile("^(?:" + b.String() + ")$")
}

// A Verdict is what known differences say of the comparisons.
type Verdict struct {
	Comparisons []*Comparison
	Explained   map[*Known][]Difference
	Unexplained []Difference
	Stale       []*Known // explain nothing, although their family was compared
}

// Judge explains the differences, each by the first line that matches.
func Judge(known []*Known, comparisons []*Comparison) *Verdict {
	v := &Verdict{Comparisons: comparisons, Explained: map[*Known][]Difference{}}
	families := map[string]bool{"*": true}
	for _, c := range comparisons {
		families[c.Family] = true
		for _, d := range c.Differences {
			i := slices.IndexFunc(known, func(k *Known) bool { return k.matches(d) })
			if i < 0 {
				v.Unexplained = append(v.Unexplained, d)
				continue
			}
			v.Explained[known[i]] = append(v.Explained[known[i]], d)
		}
	}
	for _, k := range known {
		if families[k.Family] && v.Explained[k] == nil {
			v.Stale = append(v.Stale, k)
		}
	}
	return v
}
