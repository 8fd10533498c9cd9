package gen

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/gen/diag"
)

// TestBuiltIn makes sure that the command carries every spec of the repository, under the name of its family, and what nlgen.yaml says.
func TestBuiltIn(t *testing.T) {
	p := BuiltIn()
	files, err := fs.Glob(nlgen.Files, "specs/*.yaml")
	if err != nil || len(files) == 0 || len(files) != len(p.Targets) {
		t.Errorf("%d files, %d targets, %v", len(files), len(p.Targets), err)
	}
	for _, target := range p.Targets {
		report := new(diag.Report)
		f := p.Family(report, target)
		if f == nil {
			t.Errorf("%s\n%s", target.Spec, errorText(t, report))
		} else if !strings.EqualFold(f.Name, target.Name()) {
			t.Errorf("%s is the spec of family %q", target.Spec, f.Name)
		}
	}
	f := p.Family(new(diag.Report), p.Find("rt-route"))
	for _, s := range f.Sets {
		if a := s.Attr("multipath"); a != nil && (a.Record == nil || a.Record.Go != "Nexthop") {
			t.Errorf("multipath of %s holds no records", s.Name)
		}
	}
	for _, name := range []string{"", "no-such-family", "../nlgen"} {
		if p.Find(name) != nil {
			t.Errorf("there is a spec of family %q", name)
		}
	}
}
