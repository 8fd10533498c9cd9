package spec_test

import (
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

func TestReadConfig(t *testing.T) {
	var report diag.Report
	config := spec.ReadConfig(&report, "nlgen.yaml", []byte(`version: 1
output: generated
families:
  - specs/fou.yaml
  - spec: specs/rt-link.yaml
    package: links
    names: [{path: operations/getlink, go: Fetch}]
    records: [{set: a, attribute: b, struct: c, length: d, attributes: e, go: F}]
`))
	if config == nil || report.HasErrors() {
		t.Fatal(lines(&report))
	}
	if config.Version.V != 1 || config.Output.V != "generated" || len(config.Families) != 2 {
		t.Errorf("got %+v", config)
	}
	if f := config.Families[0]; f.Spec.V != "specs/fou.yaml" || f.Spec.Pos != (diag.Pos{File: "nlgen.yaml", Line: 4, Col: 5, EndCol: 19}) {
		t.Errorf("the first family is %+v", f)
	}
	f := config.Families[1]
	if f.Package.V != "links" || len(f.Names) != 1 || f.Names[0].Path.V != "operations/getlink" || len(f.Records) != 1 || f.Records[0].Go.V != "F" {
		t.Errorf("the second family is %+v", f)
	}
}

func TestRefuseConfig(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", "nlgen.yaml:1:1: the file is empty\n"},
		{"missing keys", "version: 1\n", "nlgen.yaml:1:1: config has no \"output\"\nnlgen.yaml:1:1: config has no \"families\"\n"},
		{"wrong values", "version: one\noutput: [a]\nfamilies: fou.yaml\n", "nlgen.yaml:1:10: \"version\" must be an integer, not \"one\"\n" +
			"nlgen.yaml:2:9: \"output\" must be a text, not a list\nnlgen.yaml:3:11: \"families\" must be a list, not \"fou.yaml\"\n"},
		{"unknown key of a name", "version: 1\noutput: a\nfamilies: [{spec: a, names: [{path: b, go: C, doc: d}]}]\n",
			"nlgen.yaml:3:47: unknown key \"doc\" in rename\n"},
	} {
		var report diag.Report
		spec.ReadConfig(&report, "nlgen.yaml", []byte(c.src))
		if got := lines(&report); got != c.want {
			t.Errorf("%s: got:\n%swant:\n%s", c.name, got, c.want)
		}
	}
}
