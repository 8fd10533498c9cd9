package drift

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

//go:embed known/*.txt
var knownFiles embed.FS

// KnownSpecs returns the known differences between our specs and the kernel's newest ones.
func KnownSpecs() ([]*Known, error) { return ReadKnown(knownFiles, "known/*.txt") }

// ReadKnown reads files of known differences.
func ReadKnown(fsys fs.FS, pattern string) ([]*Known, error) {
	files, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	var list []*Known
	var errs []error
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		known, err := ParseKnown(file, string(text))
		list, errs = append(list, known...), append(errs, err)
	}
	return list, errors.Join(errs...)
}

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
	Place    string // the file and the line
	Family   string // or "*"
	Right    Right
	Since    string // with Newer: the release that brought what theirs lacks
	Why      string
	Patterns []*Pattern
}

// A Pattern says which differences are explained.
type Pattern struct {
	Place string
	Text  string

	lines map[string]bool // the differences that it names
	re    *regexp.Regexp  // instead of them, if it has a star
}

// matches reports whether a pattern explains a difference.
func (p *Pattern) matches(d Difference) bool {
	if p.re != nil {
		return p.re.MatchString(d.String())
	}
	return p.lines[d.String()]
}

// find returns the pattern that explains a difference, or nil.
func (k *Known) find(d Difference) *Pattern {
	if k.Family != "*" && k.Family != d.Family {
		return nil
	}
	if i := slices.IndexFunc(k.Patterns, func(p *Pattern) bool { return p.matches(d) }); i >= 0 {
		return k.Patterns[i]
	}
	return nil
}

// ParseKnown reads known differences. A line of a family, who is right, and why, separated by bars, is followed by indented lines with the
// differences that this is true of, as [Difference.String] spells them. The family "*" is any. With "newer" stands the release that
// brought it.
//
//	tc | newer 6.17 | dualpi2 came.
//	    qdisc-options/dualpi2: missing there, ours format
//
// A difference may have alternatives in braces, "{a,b}", of which all must be there. "*" stands for any text, for classes that are right
// whatever is in them. Empty lines and those that begin with "#" say nothing.
func ParseKnown(file, text string) ([]*Known, error) {
	var list []*Known
	var errs []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		place := fmt.Sprintf("%s:%d", file, number)
		words := strings.TrimSpace(line)
		if words == "" || words[0] == '#' {
			continue
		}
		var err error
		if line[0] == ' ' {
			err = addPattern(list, place, words)
		} else {
			var k *Known
			k, err = parseKnown(words)
			k.Place = place
			list = append(list, k)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
		}
	}
	for _, k := range list {
		if len(k.Patterns) == 0 {
			errs = append(errs, fmt.Errorf("%s: no difference follows", k.Place))
		}
	}
	return list, errors.Join(errs...)
}

// parseKnown reads the first line of an explanation. What it returns is not nil even with an error.
func parseKnown(line string) (*Known, error) {
	fields := strings.SplitN(line, "|", 3)
	if len(fields) != 3 {
		return &Known{}, fmt.Errorf("%q has not three fields", line)
	}
	for i := range fields {
		if fields[i] = strings.TrimSpace(fields[i]); fields[i] == "" {
			return &Known{}, fmt.Errorf("%q has an empty field", line)
		}
	}
	right, since, _ := strings.Cut(fields[1], " ")
	k := &Known{Family: fields[0], Right: Right(right), Since: since, Why: fields[2]}
	switch {
	case !slices.Contains([]Right{Ours, Theirs, Newer, Both}, k.Right):
		return k, fmt.Errorf("%q is none of ours, theirs, newer, both", right)
	case (k.Right == Newer) != (len(Version(since)) == 2):
		return k, fmt.Errorf("%q: a release stands behind newer, and nowhere else", fields[1])
	}
	return k, nil
}

// addPattern adds a line to the explanation above it.
func addPattern(list []*Known, place, text string) error {
	if len(list) == 0 {
		return fmt.Errorf("%q is not below an explanation", text)
	}
	p := &Pattern{Place: place, Text: text, lines: map[string]bool{}}
	lines, err := expand(text)
	if err != nil {
		return err
	}
	var quoted []string
	for _, line := range lines {
		p.lines[line] = true
		quoted = append(quoted, strings.ReplaceAll(regexp.QuoteMeta(line), `\*`, ".*"))
	}
	if strings.Contains(text, "*") {
		p.re = regexp.MustCompile("^(?:" + strings.Join(quoted, "|") + ")$")
	}
	k := list[len(list)-1]
	k.Patterns = append(k.Patterns, p)
	return nil
}

// expand returns a text for each choice of the alternatives in braces.
func expand(text string) ([]string, error) {
	open := strings.IndexByte(text, '{')
	if open < 0 {
		return []string{text}, nil
	}
	end, depth := -1, 0
	cuts := []int{open}
	for i := open; i < len(text) && end < 0; i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				end = i
			}
		case ',':
			if depth == 1 {
				cuts = append(cuts, i)
			}
		}
	}
	if end < 0 {
		return nil, fmt.Errorf("%q has a brace that does not end", text)
	}
	cuts = append(cuts, end)
	var list []string
	for i, cut := range cuts[:len(cuts)-1] {
		more, err := expand(text[:open] + text[cut+1:cuts[i+1]] + text[end+1:])
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}
