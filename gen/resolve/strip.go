package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
)

// Strip says that Go names go without the beginning of the spec's names at package level, as the package says it: struct tc_police is
// tc.Police. Of several that fit, the first one counts.
type Strip struct {
	Prefix string
	Pos    diag.Pos
}

// strip takes the prefix off that the text at a path begins with. Names inside of others have none: only paths of a section and a name do.
func (n *namer) strip(text string, path []string) string {
	if len(path) != 2 {
		return text
	}
	for _, s := range n.opts.Strip {
		if rest, ok := strings.CutPrefix(text, s.Prefix); ok && s.Prefix != "" {
			n.stripped[s] = true
			return rest
		}
	}
	return text
}

// unstripped reports the prefixes that nothing begins with.
func (n *namer) unstripped() {
	for _, s := range n.opts.Strip {
		if !n.stripped[s] {
			n.report.Errorf(s.Pos, "no name of family %q goes without the prefix %q", n.src.Name.V, s.Prefix)
		}
	}
}
