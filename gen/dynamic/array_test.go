package dynamic

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nljson"
)

// arrayText is a spec whose structs end in arrays.
const arrayText = `
name: arrays
protocol: genetlink-legacy
definitions:
  - {name: key, type: struct, members: [{name: mask, type: u32, byte-order: big-endian}, {name: off, type: s32}]}
  - {name: sel, type: struct, members: [{name: off, type: u16}, {name: nkeys, type: u8}, {name: pad, type: pad, len: 1}, {name: keys, type: binary, struct: key}]}
  - {name: via, type: struct, members: [{name: family, type: u16}, {name: addr, type: binary, display-hint: ipv4-or-v6}]}
  - {name: slots, type: struct, members: [{name: slot, type: u16, byte-order: big-endian}]}
sub-messages:
  - {name: options, formats: [{value: slots, fixed-header: slots}]}
attribute-sets:
  - name: main
    attributes:
      - {name: kind, type: string}
      - {name: sel, type: binary, struct: sel}
      - {name: via, type: binary, struct: via}
      - {name: options, type: sub-message, sub-message: options, selector: kind}
operations:
  list: [{name: get, attribute-set: main, do: {request: {attributes: [kind, sel, via, options]}}}]
`

func arrays(t *testing.T) *Codec {
	t.Helper()
	var report diag.Report
	f := resolve.Family(&report, spec.Read(&report, "a.yaml", []byte(arrayText)), resolve.Options{Arrays: []resolve.Array{
		{Struct: "sel", Member: "keys", Count: "nkeys"}, {Struct: "via", Member: "addr"}, {Struct: "slots", Member: "slot"}}})
	if f == nil {
		t.Fatal(report.Diagnostics())
	}
	return New(f)
}

// TestArrays encodes structs that end in arrays, here and in package nljson, and decodes them again.
func TestArrays(t *testing.T) {
	if nlattr.GetUint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes are those of little-endian machines")
	}
	c := arrays(t)
	get := c.Op("get")
	for _, tc := range []struct{ in, bytes, out string }{
		{`{"sel": {"off": 5, "keys": [{"mask": 1, "off": -2}, {"mask": 3}]}}`,
			"18000200" + "05000200" + "00000001" + "feffffff" + "00000003" + "00000000",
			`{"sel": {"off": 5, "nkeys": 2, "keys": [{"mask": 1, "off": -2}, {"mask": 3, "off": 0}]}}`},
		{`{"sel": {"nkeys": 9, "keys": {"mask": 1}}}`, "10000200" + "00000900" + "0000000100000000",
			`{"sel": {"off": 0, "nkeys": 9, "keys": [{"mask": 1, "off": 0}]}}`},
		{`{"sel": {}}`, "08000200" + "00000000", `{"sel": {"off": 0, "nkeys": 0, "keys": []}}`},
		{`{"via": {"family": 2, "addr": "192.0.2.1"}}`, "0a000300" + "0200" + "c0000201" + "0000", `{"via": {"family": 2, "addr": "192.0.2.1"}}`},
		{`{"kind": "slots", "options": {"slot": [1, 515]}}`, "0a000100" + "736c6f747300" + "0000" + "08000400" + "00010203",
			`{"kind": "slots", "options": {"slot": [1, 515]}}`},
	} {
		o := new(Object)
		if err := o.UnmarshalJSON([]byte(tc.in)); err != nil {
			t.Fatal(err)
		}
		b, err := c.Append(nil, get, o)
		if got := showBytes(ir.NoHint, b); err != nil || got != tc.bytes {
			t.Errorf("%s becomes\n%s, %v, want\n%s", tc.in, got, err, tc.bytes)
		}
		back, err := c.Decode(get, b)
		if got := string(AppendJSON(nil, back)); err != nil || got != tc.out {
			t.Errorf("%s becomes\n%s, %v, want\n%s", tc.bytes, got, err, tc.out)
		}
		if strings.Contains(tc.in, "via") {
			continue // NB: the tables here have no hints.
		}
		var e nlattr.Encoder
		if err := nljson.Encode(&e, c.tables.messages[get], []byte(tc.in)); err != nil || showBytes(ir.NoHint, e.Written()) != tc.bytes {
			t.Errorf("nljson: %s becomes\n%x, %v, want\n%s", tc.in, e.Written(), err, tc.bytes)
		}
		text, err := nljson.Append(nil, c.tables.messages[get], b)
		if want := strings.ReplaceAll(tc.out, " ", ""); err != nil || string(text) != want {
			t.Errorf("nljson: %s becomes\n%s, %v, want\n%s", tc.bytes, text, err, want)
		}
	}
	rng := rand.New(rand.NewPCG(6, 6))
	for range 200 {
		o := c.Random(rng, c.Family.Messages[0], RandomOptions{})
		b, err := c.Append(nil, get, o)
		if err != nil {
			t.Fatal(err, string(AppendJSON(nil, o)))
		}
		if got, err := c.Decode(get, b); err != nil || string(AppendJSON(nil, got)) != string(AppendJSON(nil, o)) {
			t.Fatalf("%s becomes\n%s, %v", AppendJSON(nil, o), AppendJSON(nil, got), err)
		}
	}
}

// TestArrayLimits has more elements than their counter can say, and elements that are cut off.
func TestArrayLimits(t *testing.T) {
	c := arrays(t)
	get := c.Op("get")
	many := `{"sel": {"keys": [` + strings.Repeat("{},", 256) + `{}]}}`
	o := new(Object)
	if err := o.UnmarshalJSON([]byte(many)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Append(nil, get, o); !errors.Is(err, ErrRange) || err.Error() != "sel.nkeys: number is out of range" {
		t.Error(err)
	}
	var e nlattr.Encoder
	if err := nljson.Encode(&e, c.tables.messages[get], []byte(many)); !errors.Is(err, nlattr.ErrRange) {
		t.Error("nljson:", err)
	}
	for size, want := range map[int]int{0: 0, 3: 0, 4: 0, 11: 0, 12: 1, 19: 1, 20: 2, 4 + 8*300: 255} {
		var e nlattr.Encoder
		e.Bytes(2, make([]byte, size))
		o, err := c.Decode(get, e.Written())
		if err != nil {
			t.Fatal(err)
		}
		v, _ := o.Get("sel")
		list, _ := v.(*Object).Get("keys")
		text, err := nljson.Append(nil, c.tables.messages[get], e.Written())
		if n := strings.Count(string(text), "mask"); err != nil || n != want || len(list.([]any)) != want {
			t.Errorf("%d bytes have %d elements, and %d for nljson (%v), want %d", size, len(list.([]any)), n, err, want)
		}
	}
}
