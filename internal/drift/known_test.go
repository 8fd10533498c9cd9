package drift

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestParseKnown(t *testing.T) {
	for _, test := range []struct{ text, err string }{
		{"# a comment\n\n* | ours | because\n    a: type u8, theirs s8\n", ""},
		{"toy | ours\n    a\n", `f:1: "toy | ours" has not three fields`},
		{"\ntoy | ours |\n    a\n", `f:2: "toy | ours |" has an empty field`},
		{"toy | nobody | because\n    a\n", `f:1: "nobody" is none of ours, theirs, newer, both`},
		{"toy | newer | because\n    a\n", `f:1: "newer": a release stands behind newer, and nowhere else`},
		{"toy | ours 6.18 | because\n    a\n", `f:1: "ours 6.18": a release stands behind newer, and nowhere else`},
		{"toy | ours | because\n    {a,b\n", "f:2: \"{a,b\" has a brace that does not end\nf:1: no difference follows"},
		{"toy | ours | because\n", "f:1: no difference follows"},
		{"    a\n", `f:1: "a" is not below an explanation`},
		{"x\n a\ny\n a\n", "f:1: \"x\" has not three fields\nf:3: \"y\" has not three fields"},
	} {
		got := ""
		if _, err := ParseKnown("f", test.text); err != nil {
			got = err.Error()
		}
		if got != test.err {
			t.Errorf("%q: error %q, want %q", test.text, got, test.err)
		}
	}
}

func TestExpand(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"a/b: type u8, theirs s8", []string{"a/b: type u8, theirs s8"}},
		{"{a,b}", []string{"a", "b"}},
		{"{a,c}/{b,d}: x", []string{"a/b: x", "a/d: x", "c/b: x", "c/d: x"}},
		{"{a/{b,c},d}!", []string{"a/b!", "a/c!", "d!"}},
		{"a,b}", []string{"a,b}"}},
	} {
		got, err := expand(test.text)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, %v; want %q", test.text, got, err, test.want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern, line string
		want          bool
	}{
		{"a/b: type u8, theirs s8", "a/b: type u8, theirs s8", true},
		{"a/b: type u8", "a/b: type u8, theirs s8", false},
		{"a/b: type {u8,u16}, theirs s8", "a/b: type u8, theirs s8", true},
		{"a/b: *", "a/b: type u8, theirs s8", true},
		{"{a,c}/{b,d*}: *", "c/def: type u8, theirs s8", true},
		{"{a/{b,c},d/*}: *", "a/d: type u8, theirs s8", false},
		{"a.b: *", "a/b: type u8, theirs s8", false},
	} {
		known, err := ParseKnown("f", "toy | ours | because\n    "+test.pattern+"\n")
		if err != nil {
			t.Fatal(err)
		}
		path, rest, _ := strings.Cut(test.line, ": type ")
		ours, theirs, _ := strings.Cut(rest, ", theirs ")
		got := known[0].find(Difference{"toy", path, "type", ours, theirs}) != nil
		if got != test.want {
			t.Errorf("%q explains %q: %v", test.pattern, test.line, got)
		}
		if known[0].find(Difference{"other", path, "type", ours, theirs}) != nil {
			t.Errorf("%q explains a difference of another family", test.pattern)
		}
	}
}

// TestJudge shows what becomes of differences that are known, of those that are not, and of lines that explain nothing.
func TestJudge(t *testing.T) {
	known, err := ParseKnown("known.txt", `
toy | ours | the header says so.
    a/{x,z}: type u8, theirs s8
* | both | stands behind the line above, so it gets what that one leaves.
    a/x: *
toy | theirs | nothing differs there.
    b: *
toy | newer 6.18 | it came.
    c: missing there, ours 1 u8
toy | newer 6.16 | it came before.
    d: missing there, ours 2 u8
other | both | that family was not compared.
    b: *
`)
	if err != nil {
		t.Fatal(err)
	}
	c := &Comparison{Family: "toy", Theirs: "toy.yaml", Facts: 9}
	Fact(c, "a/x", "type", "u8", "s8")
	Fact(c, "a/x", "min", "1", "")
	Fact(c, "a/x", "max", "", "")
	c.MissingHere("a/y", "2 u8")
	c.MissingHere("a/y", "2 u8")
	c.MissingThere("c", "1 u8")
	c.MissingThere("d", "2 u8")
	v := Judge(known, []*Comparison{c}, []int{6, 16})
	if !v.Bad() {
		t.Error("nothing was found to be wrong")
	}
	var b bytes.Buffer
	if err := v.Write(&b, known); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimLeft(`
ours is right: the header says so.
    toy a/x: type u8, theirs s8
both are right: stands behind the line above, so it gets what that one leaves.
    toy a/x: min 1, theirs none
ours is newer, of 6.18: it came.
    toy c: missing there, ours 1 u8

family  compared with  facts  differences  ours  newer  both  theirs  unexplained
toy     toy.yaml       12     5            1     1      1     0       2
unexplained: toy a/y: missing here, theirs 2 u8
unexplained: toy d: missing there, ours 2 u8
known, but no longer there: known.txt:3: toy a/z: type u8, theirs s8
known, but no longer there: known.txt:7: toy b: *
`, "\n")
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	if v := Judge(known[:2], []*Comparison{{Family: "toy", Differences: c.Differences[:2]}}, nil); len(v.Unexplained) > 0 || len(v.Stale) != 1 {
		t.Errorf("wrong: %v %v", v.Unexplained, v.Stale)
	}
}
