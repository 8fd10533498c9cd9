package dynamic

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const text = `{"b": [1, -2.5e3, 18446744073709551616], "a": {"x": null, "x": true}, "": "<é\"\u0001>"}`
	v, err := Parse([]byte(text))
	if got := string(AppendJSON(nil, v)); err != nil || got != text {
		t.Errorf("got %s, %v", got, err)
	}
	o := v.(*Object)
	if x, ok := o.Get("a"); !ok || x.(*Object).Keys[1] != "x" {
		t.Errorf("got %v", x)
	}
	if x, ok := o.Values[1].(*Object).Get("x"); !ok || x != true {
		t.Errorf("of a key that comes twice, got %v", x)
	}
	for text, want := range map[string]string{
		"":                        "unexpected EOF",
		"{":                       "unexpected EOF",
		`{"a": [1, {"b"`:          "a[1].b: ",
		`{"a": }`:                 "a: byte ",
		"1 2":                     "more than one JSON value",
		"[1,]":                    "[1]: byte ",
		"nope":                    "byte ",
		`{"a": tru}`:              "a: byte ",
		`[[], {"c": "\x"}]`:       "[1].c: byte ",
		strings.Repeat("[", 1000): "[0][0][0]",
	} {
		_, err := Parse([]byte(text))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30s: got %v, want %s", text, err, want)
		}
	}
	if err := new(Object).UnmarshalJSON([]byte("[]")); err == nil {
		t.Error("an array was taken for an object")
	}
	if b, err := o.MarshalJSON(); err != nil || string(b) != text {
		t.Errorf("got %s, %v", b, err)
	}
	if got := string(AppendJSON(nil, "a\xffb")); got != `"a�b"` && got != `"a\ufffdb"` {
		t.Errorf("bytes that are no UTF-8 become %s", got)
	}
}

func TestText(t *testing.T) {
	for input, want := range map[string]string{
		`{"ifi-index": 2, "name": "eth0", "up": true, "none": null, "flags": ["up", "running"],
		  "linkinfo": {"kind": "vlan", "data": {"id": 7}}, "empty": {}, "no": [], "text": "a, b", "blank": " "}`: `
ifi-index: 2
name:      eth0
up:        yes
none:      -
flags:     up, running
linkinfo:
  kind: vlan
  data:
    id: 7
empty:     {}
no:        []
text:      "a, b"
blank:     " "
`,
		`{"ops": [{"1": {"id": 3, "flags": ["a"]}}, {"2": {}}], "list": [[1], [{"x": "é"}], {}, 5]}`: `
ops:
  - 1:
      id:    3
      flags: a
  - 2: {}
list:
  - - 1
  - - x: é
  - {}
  - 5
`,
		`[{"a": 1, "bb": 2}, {}]`: "\n- a:  1\n  bb: 2\n- {}\n",
		`"x"`:                     "\nx\n",
		`null`:                    "\n-\n",
		`{}`:                      "\n",
	} {
		v, err := Parse([]byte(input))
		if got := "\n" + string(AppendText(nil, v)); err != nil || got != want {
			t.Errorf("%s becomes\n%s\nwant\n%s\n%v", input, got, want, err)
		}
	}
}
