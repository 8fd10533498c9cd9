package headers

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// ErrOlder says that something is older than the specs can be compared with.
var ErrOlder = errors.New("older than what the known differences are about, 6.12")

// NamesText says what the kernel calls things whose C name is not the one that a spec's prefix makes.
//
//go:embed names.txt
var NamesText string

// none is the expression of what has no name that programs see.
const none = "-"

// A Name is a line of it.
type Name struct {
	Line       int
	Family     string // a pattern
	Path       string // a pattern
	Expression string // in C; "*" is what that of Path stands for, as C spells it; "-" if there is none; "kernel" before it if it is inside
	used       bool
}

// ParseNames reads lines of a family, a path and a C expression, separated by bars. A "*" in the first two stands for any text.
func ParseNames(text string) ([]*Name, error) {
	var list []*Name
	var errs []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		fields := strings.SplitN(line, "|", 3)
		if len(fields) != 3 {
			errs = append(errs, fmt.Errorf("line %d: %q has not three fields", number, line))
			continue
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		list = append(list, &Name{Line: number, Family: fields[0], Path: fields[1], Expression: fields[2]})
	}
	return list, errors.Join(errs...)
}

// wild returns what the star of a pattern stands for in a text, and whether the text is one of the pattern.
func wild(pattern, text string) (string, bool) {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return "", pattern == text
	}
	if len(text) < len(before)+len(after) || !strings.HasPrefix(text, before) || !strings.HasSuffix(text, after) {
		return "", false
	}
	return text[len(before) : len(text)-len(after)], true
}

// spell returns a name as C has it.
func spell(name string) string {
	return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToUpper(name))
}

// expression returns what a thing of a family is in C: what the first line that fits says, or else the name that its spec makes.
func (f *family) expression(path, name string) string {
	for _, n := range f.names {
		if _, ok := wild(n.Family, f.Name); !ok {
			continue
		}
		if part, ok := wild(n.Path, path); ok {
			n.used = true
			return strings.ReplaceAll(n.Expression, "*", spell(part))
		}
	}
	return name
}
