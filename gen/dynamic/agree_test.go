package dynamic

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nljson"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// TestAgree gives the same JSON and the same bytes to this package and to
// package nljson, which were written apart: random messages, what users may make
// of such JSON, and damaged bytes. Both must say the same, and nljson again of
// what it said.
func TestAgree(t *testing.T) {
	for _, c := range []*Codec{withRecords(t), arrays(t), read(t, "../../specs/rt-link.yaml"), read(t, "../../specs/nlctrl.yaml")} {
		t.Run(c.Family.Name, func(t *testing.T) {
			c.tables.complete()
			rng := rand.New(rand.NewPCG(8, 8))
			encoded := 0
			for _, m := range c.Family.Messages {
				if !m.Request {
					continue
				}
				p := &agreement{c, m.Op, c.tables.messages[m.Op]}
				for i := range 10 * *rounds {
					o := c.Random(rng, m, RandomOptions{Unknown: true, Unlisted: true, Shuffle: true})
					if i%4 != 0 {
						o = mutateObject(rng, o)
					}
					b := p.encode(t, AppendJSON(nil, o))
					if b == nil {
						continue
					}
					encoded++
					p.decode(t, b)
					for range 3 {
						p.decode(t, tamper(rng, b))
					}
				}
			}
			if encoded < *rounds {
				t.Errorf("only %d messages could be encoded", encoded)
			}
		})
	}
}

// agreement compares two codecs of an operation's requests.
type agreement struct {
	c     *Codec
	op    *ir.Op
	table *nlpolicy.Message
}

// encode returns the bytes that both make of a JSON text, or nil if both refuse it.
func (p *agreement) encode(t *testing.T, text []byte) []byte {
	t.Helper()
	o := new(Object)
	if err := o.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	b, err := p.c.Append(nil, p.op, o)
	var e nlattr.Encoder
	switch other := nljson.Encode(&e, p.table, text); {
	case err == nil && other != nil && moreTolerant(other):
		return nil
	case (err == nil) != (other == nil):
		t.Fatalf("%v, but for nljson %v\n%s", err, other, text)
	case err == nil && !bytes.Equal(b, e.Written()):
		t.Fatalf("%x, but for nljson\n%x\n%s", b, e.Written(), text)
	}
	return b
}

// moreTolerant reports whether nljson refuses what this package takes: a number
// for a text or a flag.
func moreTolerant(err error) bool {
	return strings.HasSuffix(err.Error(), "got a number, want a string") || strings.HasSuffix(err.Error(), "got a number, want true or false")
}

// decode compares the JSON that both make of bytes, and goes through them again.
func (p *agreement) decode(t *testing.T, b []byte) {
	t.Helper()
	o, _, err := p.c.DecodeLenient(p.op, b)
	text, other := nljson.Append(nil, p.table, b)
	if (err == nil) != (other == nil) {
		t.Fatalf("%v, but for nljson %v\n%x", err, other, b)
	}
	if err != nil {
		return
	}
	if got, want := reprint(t, text), reprint(t, AppendJSON(nil, o)); got != want {
		t.Fatalf("nljson:\n%s, want\n%s\n%x", got, want, b)
	}
	var e nlattr.Encoder
	if nljson.Encode(&e, p.table, text) != nil || strings.Contains(string(text), `"nkeys":0,`) {
		return // What repeats, or lost a length, need not fit any more; and a number of elements that is zero is filled in.
	}
	if again, err := nljson.Append(nil, p.table, e.Written()); !bytes.Equal(again, text) {
		t.Fatalf("nljson: %s, and then\n%s %v\n%x", text, again, err, b)
	}
}

// reprint returns JSON in the form of this package.
func reprint(t *testing.T, text []byte) string {
	t.Helper()
	v, err := Parse(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return string(AppendJSON(nil, v))
}

// oddValues stand where something else is wanted, mostly.
var oddValues = []any{nil, true, false, json.Number("0"), json.Number("-1"), json.Number("256"), json.Number("1.5"), json.Number("18446744073709551616"),
	"", "1", "0x10", "00", "0102030405060708", "x", "Unknown(3)", "1.2.3.4", "::1", "00:11", "set", "both", "red", "a\x00b",
	[]any{}, []any{nil}, new(Object)}

// mutate returns a value that is like v but for some of its parts: left out,
// repeated, moved, wrapped, or something else altogether.
func mutate(rng *rand.Rand, v any) any {
	switch rng.IntN(24) {
	case 0:
		return oddValues[rng.IntN(len(oddValues))]
	case 1:
		return []any{v}
	case 2:
		return &Object{Keys: []string{"7"}, Values: []any{v}}
	}
	switch v := v.(type) {
	case *Object:
		return mutateObject(rng, v)
	case []any:
		list := []any{}
		for _, x := range v {
			for range copies(rng) {
				list = append(list, mutate(rng, x))
			}
		}
		if len(list) == 1 && rng.IntN(6) == 0 {
			return list[0]
		}
		return list
	}
	return v
}

func mutateObject(rng *rand.Rand, o *Object) *Object {
	x := new(Object)
	for i, key := range o.Keys {
		switch rng.IntN(24) {
		case 0:
			key = o.Keys[rng.IntN(len(o.Keys))]
		case 1:
			key = []string{"nope", "UnknownAttr(1)"}[rng.IntN(2)]
		}
		for range copies(rng) {
			x.Add(key, mutate(rng, o.Values[i]))
		}
	}
	return x
}

// copies is how often a part comes: once, mostly.
func copies(rng *rand.Rand) int {
	switch rng.IntN(24) {
	case 0:
		return 0
	case 1:
		return 2
	}
	return 1
}

// tamper returns bytes that were damaged, often where a header of an attribute may
// stand.
func tamper(rng *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + rng.IntN(3) {
		if len(b) == 0 {
			return b
		}
		at := rng.IntN(len(b))
		word := at &^ 3
		switch rng.IntN(6) {
		case 0:
			b = b[:at]
		case 1:
			b = slices.Delete(b, word, min(word+4, len(b)))
		case 2:
			b = slices.Insert(b, word, b[word:min(word+4*rng.IntN(8), len(b))]...)
		case 3:
			b[at] ^= 1 << rng.IntN(8)
		case 4:
			b[word] += byte(4 * (rng.IntN(5) - 2))
		default:
			b[word] += byte(rng.IntN(5) - 2)
		}
	}
	return b
}

// withRecords returns the codec of the spec with every construct, records among
// them.
func withRecords(t *testing.T) *Codec {
	t.Helper()
	var report diag.Report
	f := resolve.Family(&report, spec.ReadFile(&report, "testdata/all.yaml"), resolve.Options{Records: []resolve.Record{
		{Set: "top", Attribute: "hops", Struct: "hop", Length: "hop-len", Attributes: "leaf", Go: "HopRecord"}}})
	if f == nil {
		t.Fatal(report.Diagnostics())
	}
	return New(f)
}

// complete adds to the tables what nljson needs beside names.
func (t *tables) complete() {
	hints := map[ir.Hint]nlpolicy.Hint{ir.Hex: nlpolicy.Hex, ir.MAC: nlpolicy.MAC, ir.FDDI: nlpolicy.FDDI, ir.IPv4: nlpolicy.IPv4,
		ir.IPv6: nlpolicy.IPv6, ir.IPv4OrV6: nlpolicy.IPv4OrV6, ir.UUID: nlpolicy.UUID}
	for s, p := range t.sets {
		for _, a := range s.Attrs {
			row := p.Find(a.Number)
			row.Hint = hints[a.Hint]
			if a.Checks != nil && a.Checks.ExactLen != nil {
				row.Limits = &nlpolicy.Limits{Has: nlpolicy.HasExactLen, Exact: uint32(*a.Checks.ExactLen)}
			}
		}
	}
	for s, p := range t.structs {
		for i, m := range s.Members {
			p.Members[i].Hint = hints[m.Hint]
		}
		if s.Array != nil {
			p.Array.Hint = hints[s.Array.Hint]
		}
	}
}
