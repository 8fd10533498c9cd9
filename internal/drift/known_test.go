package drift

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseKnown(t *testing.T) {
	for _, test := range []struct{ text, err string }{
		{"# a comment\n\n* | a: * | ours | because\n", ""},
		{"toy | a | ours\n", `line 1: "toy | a | ours" has not four fields`},
		{"\ntoy | a | ours |\n", `line 2: "toy | a | ours |" has an empty field`},
		{"toy | a | nobody | because\n", `line 1: "nobody" is none of ours, theirs, newer, both`},
		{"toy | {a,b | ours | because\n", `line 1: pattern "{a,b" has a brace that does not end`},
		{"x\ny\n", "line 1: \"x\" has not four fields\nline 2: \"y\" has not four fields"},
	} {
		got := ""
		if _, err := ParseKnown(test.text); err != nil {
			got = err.Error()
		}
		if got != test.err {
			t.Errorf("%q: error %q, want %q", test.text, got, test.err)
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
		{"a/*: type *", "a/b: type u8, theirs s8", true},
		{"*: type *", "a/b: type u8, theirs s8", true},
		{"{a,c}/{b,d*}: *", "c/def: type u8, theirs s8", true},
		{"{a/{b,c},d/*}: *", "a/c: type u8, theirs s8", true},
		{"{a/{b,c},d/*}: *", "a/d: type u8, theirs s8", false},
		{"a.b: *", "a/b: type u8, theirs s8", false},
		{"a,b: *", "a,b: type u8, theirs s8", true},
		{"{a,b}", "ab", false},
	} {
		re, err := compile(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := re.MatchString(test.line); got != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.line, got)
		}
	}
}

// TestJudge shows what becomes of differences that are known, of those that are not, and of lines that explain nothing.
func TestJudge(t *testing.T) {
	known, err := ParseKnown(`
toy   | a/x: type *  | ours   | the header says so.
*     | a/x: *       | both   | stands behind the line above, so it gets what that one leaves.
toy   | b: *         | theirs | nothing differs there.
other | b: *         | newer  | that family was not compared.
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
	v := Judge(known, []*Comparison{c})
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

family  compared with  facts  differences  ours  newer  both  theirs  unexplained
toy     toy.yaml       12     3            1     0      1     0       1
unexplained: toy a/y: missing here, theirs 2 u8
known, but no longer there: line 4: toy | b: * | theirs | nothing differs there.
`, "\n")
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	if v := Judge(known[:2], []*Comparison{{Family: "toy", Differences: c.Differences[:2]}}); v.Bad() {
		t.Errorf("wrong: %v %v", v.Unexplained, v.Stale)
	}
}
