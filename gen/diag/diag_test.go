package diag_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
)

func at(line, col, end int) diag.Pos {
	return diag.Pos{File: "a.yaml", Line: line, Col: col, EndCol: end}
}

func text(t *testing.T, r *diag.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteText(t *testing.T) {
	var r diag.Report
	r.AddSource("a.yaml", []byte("name: fou\r\n  peer: peers\n\tset:\tx\n名前: größe x\n"))
	r.Errorf(at(2, 9, 14), "attribute %q refers to unknown set %q", "peer", "peers").
		See(at(1, 1, 5), "the family begins here").
		See(diag.Pos{File: "b.yaml", Line: 3}, "and here")
	r.Warnf(at(3, 7, 8), "tabs")
	r.Notef(at(4, 5, 10), "wide text")
	r.Errorf(at(4, 1, 3), "wide span")
	r.Errorf(at(1, 10, 0), "behind the end")
	r.Errorf(at(99, 1, 0), "no such line")
	r.Errorf(diag.Pos{File: "c.yaml"}, "no line")
	r.Errorf(diag.Pos{}, "no place")
	want := `
no place
a.yaml:1:10: behind the end
    | name: fou
    |          ^
a.yaml:2:9: attribute "peer" refers to unknown set "peers"
    |   peer: peers
    |         ^~~~~
    a.yaml:1:1: the family begins here
        | name: fou
        | ^~~~
    b.yaml:3: and here
a.yaml:3:7: warning: tabs
    |         set:    x
    |                 ^
a.yaml:4:1: wide span
    | 名前: größe x
    | ^~~~
a.yaml:4:5: note: wide text
    | 名前: größe x
    |       ^~~~~
a.yaml:99:1: no such line
c.yaml: no line
`
	if diff := cmp.Diff(want, "\n"+text(t, &r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHostileText shows that nothing of a source or of a name reaches the terminal unescaped.
func TestHostileText(t *testing.T) {
	var r diag.Report
	r.AddSource("a\x1b.yaml", []byte("\ufeffa: \x1b[31m\xff\u202e b\u0301c\x00 d\n"))
	r.Errorf(diag.Pos{File: "a\x1b.yaml", Line: 1, Col: 14, EndCol: 15}, "name %q is %s\n%v", "\x1b[2J", "::set\r\xff", errors.New("\u009b1m"))
	want := `
a\x1b.yaml:1:14: name "\x1b[2J" is ::set\r\xff\n\u009b1m
    | a: \x1b[31m\xff\u202e b` + "\u0301" + `c\x00 d
    |                        ^
`
	if diff := cmp.Diff(want, "\n"+text(t, &r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLongLines(t *testing.T) {
	var r diag.Report
	line := strings.Repeat("ä", 5000) + "<here>" + strings.Repeat("z", 5000)
	r.AddSource("a.yaml", []byte(line+"\n"+strings.Repeat("\x01", 5000)+"<here>\n"))
	r.Errorf(at(1, 5001, 5007), "far")
	r.Errorf(at(1, 1, 9000), "all")
	r.Errorf(at(1, 5002, 0), "farther")
	r.Errorf(at(1, 20000, 0), "behind")
	r.Errorf(at(2, 5001, 5007), "escaped")
	umlauts := strings.Repeat("ä", 60)
	want := "\n" +
		"a.yaml:1:1: all\n" +
		"    | " + umlauts + umlauts + "…\n" +
		"    | ^" + strings.Repeat("~", 119) + "\n" +
		"a.yaml:1:5001: far\n" +
		"    | …" + umlauts + "<here>" + strings.Repeat("z", 54) + "…\n" +
		"    |  " + strings.Repeat(" ", 60) + "^~~~~~\n" +
		"a.yaml:1:5002: farther\n" +
		"    | …" + umlauts[2:] + "<here>" + strings.Repeat("z", 55) + "…\n" +
		"    |  " + strings.Repeat(" ", 60) + "^\n" +
		"a.yaml:1:20000: behind\n" +
		"    | …\n" +
		"    |  ^\n" +
		"a.yaml:2:5001: escaped\n" +
		"    | …" + strings.Repeat(`\x01`, 15) + "<here>\n" +
		"    |  " + strings.Repeat(" ", 60) + "^~~~~~\n"
	if diff := cmp.Diff(want, "\n"+text(t, &r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnceAndSorted(t *testing.T) {
	var r, other diag.Report
	r.Errorf(at(2, 1, 0), "b").See(at(1, 1, 0), "first")
	r.Errorf(at(2, 1, 0), "b").See(at(1, 1, 0), "first")
	r.Errorf(at(2, 1, 0), "a")
	r.Warnf(at(2, 1, 0), "a")
	other.Errorf(at(1, 2, 0), "c")
	other.Errorf(at(2, 1, 0), "b")
	other.AddSource("a.yaml", []byte("xyz\n"))
	r.Merge(&other)
	want := `
a.yaml:1:2: c
    | xyz
    |  ^
a.yaml:2:1: b
    |
    | ^
    a.yaml:1:1: first
        | xyz
        | ^
a.yaml:2:1: a
    |
    | ^
a.yaml:2:1: warning: a
    |
    | ^
`
	if diff := cmp.Diff(want, "\n"+text(t, &r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Errors() != 3 || r.Warnings() != 1 {
		t.Errorf("%d errors, %d warnings", r.Errors(), r.Warnings())
	}
}

// TestBounded shows that neither many diagnostics nor long ones make the output large, and that warnings do not hide errors.
func TestBounded(t *testing.T) {
	var r diag.Report
	name := strings.Repeat("x", 1<<20)
	for i := range 3 * diag.MaxDiagnostics {
		r.Warnf(at(i+1, 1, 0), "name %q, %s, %v", name, name, []string{name[:1<<12]})
	}
	if r.HasErrors() || r.Full() {
		t.Error("warnings count as errors")
	}
	for i := range diag.MaxDiagnostics + 5 {
		d := r.Errorf(at(i+1, 2, 0), "bad")
		for range 100 {
			d.See(at(1, 1, 0), "here")
		}
	}
	if !r.HasErrors() || !r.Full() || r.Errors() != diag.MaxDiagnostics+5 {
		t.Errorf("%d errors", r.Errors())
	}
	got := text(t, &r)
	if len(got) > 3<<20 {
		t.Errorf("%d bytes", len(got))
	}
	if want := "too many errors, 5 more not shown\nnote: too many warnings, 2000 more not shown\n"; !strings.HasSuffix(got, want) {
		t.Errorf("ends in %q", got[len(got)-100:])
	}
}

func TestWriteJSON(t *testing.T) {
	var r diag.Report
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil || b.String() != "[]\n" {
		t.Errorf("empty report: %q, %v", b.String(), err)
	}
	r.Errorf(at(2, 3, 5), "a <%s>", "\x1b").See(at(1, 1, 0), "here")
	r.Warnf(diag.Pos{}, "w")
	b.Reset()
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	want := `[
  {
    "severity": "warning",
    "message": "w"
  },
  {
    "severity": "error",
    "file": "a.yaml",
    "line": 2,
    "col": 3,
    "endCol": 5,
    "message": "a <\\x1b>",
    "related": [
      {
        "file": "a.yaml",
        "line": 1,
        "col": 1,
        "message": "here"
      }
    ]
  }
]
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid([]byte(b.String())) {
		t.Error("not JSON")
	}
}

func TestWriteGitHub(t *testing.T) {
	var r diag.Report
	r.Errorf(diag.Pos{File: "a,b:c.yaml", Line: 2, Col: 3, EndCol: 5}, "100%% of %q", "x\n::error::y").See(at(1, 1, 0), "here")
	r.Warnf(diag.Pos{File: "d.yaml"}, "w")
	r.Notef(diag.Pos{}, "n")
	var b strings.Builder
	if err := r.WriteGitHub(&b); err != nil {
		t.Fatal(err)
	}
	want := `
::notice::n
::error file=a%2Cb%3Ac.yaml,line=2,col=3,endColumn=5::100%25 of "x\n::error::y"%0Aa.yaml:1:1: here
::warning file=d.yaml::w
`
	if diff := cmp.Diff(want, "\n"+b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClosest(t *testing.T) {
	keys := []string{"attributes", "attribute-set", "name", "value", "u8", "u16", "u32"}
	for _, c := range []struct{ word, want string }{
		{"attribute", "attributes"},
		{"attribute_set", "attribute-set"},
		{"Attributes", "attributes"},
		{"nmae", "name"},
		{"valeu", "value"},
		{"u31", "u32"},
		{"name", ""},
		{"foo", ""},
		{"", ""},
		{"u", ""},
		{strings.Repeat("x", 1000), ""},
	} {
		if got := diag.Closest(c.word, keys); got != c.want {
			t.Errorf("Closest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func ExampleReport() {
	var report diag.Report
	report.AddSource("fou.yaml", []byte("name: fou\nnested-attributes: peers\n"))
	pos := diag.Pos{File: "fou.yaml", Line: 2, Col: 20, EndCol: 25}
	d := report.Errorf(pos, "attribute %q refers to unknown set %q", "peer", "peers")
	fmt.Print(report.Text(d))
	// Output:
	// fou.yaml:2:20: attribute "peer" refers to unknown set "peers"
	//     | nested-attributes: peers
	//     |                    ^~~~~
}
