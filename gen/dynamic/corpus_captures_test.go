package dynamic

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// TestCorpusCaptures decodes what tools sent and received, gets the recorded JSON,
// and encodes it to the same bytes again.
func TestCorpusCaptures(t *testing.T) {
	specs := codecs{}
	decoded, encoded := newTally(t), newTally(t)
	readRecords(t, "captures-*.jsonl", func(r *record) {
		for _, m := range r.Messages {
			headers, payloads := messages(t, unhex(t, m.Hex))
			for i, d := range m.Decoded {
				if d.Op == "" || i >= len(headers) || headers[i].Type < nlmsg.MinType {
					continue
				}
				if d.Msg == nil {
					decoded.skip("the tool could not read the message")
					continue
				}
				want, err := Parse(d.Msg)
				if err != nil {
					t.Fatalf("%s: %v", r.ID, err)
				}
				id := r.ID + " " + m.Dir + " " + d.Op
				specs.try(t, d.SpecSet, d.Spec, decoded, id, func(c *Codec) (map[rule]bool, []string) {
					x := comparison{c: c, used: map[rule]bool{}, misfits: map[string]bool{}}
					if op := c.Op(d.Op); op != nil {
						x.value("", x.decode(op, headers[i], payloads[i]), want)
					}
					return x.used, x.diffs
				})
				if codec := specs.get(t, d.SpecSet, d.Spec, 0); codec != nil {
					x := comparison{c: codec, used: map[rule]bool{}}
					x.again(codec.Op(d.Op), headers[i], payloads[i])
					if len(x.diffs) > 0 {
						encoded.fail(id, "%s", strings.Join(x.diffs, "\n"))
					} else {
						encoded.outcome(x.used)
					}
				}
			}
		}
	})
	t.Log("decoded:")
	decoded.print()
	t.Log("encoded again:")
	encoded.print()
}

// decode returns a message in JSON.
func (x *comparison) decode(op *ir.Op, h nlmsg.Header, payload []byte) any {
	_, body, err := x.c.Payload(h.Type, payload)
	var o *Object
	var misfits []error
	if err == nil {
		o, misfits, err = x.c.DecodeLenient(op, body)
	}
	if err != nil {
		x.diffs = append(x.diffs, err.Error())
		return nil
	}
	for _, m := range misfits {
		x.misfits[m.(*Error).Path] = true
	}
	return o
}

// Why a message does not become the same bytes again, though nothing is lost that
// the JSON can say.
const (
	ruleBits    rule = "the sender leaves NLA_F_NESTED out, or sets it where no nest is"
	ruleNul     rule = "the sender leaves out the NUL of a string, or sends bytes behind it"
	ruleTail    rule = "a struct is longer or shorter than in the spec"
	ruleGroups  rule = "occurrences of an attribute do not stand together, or one that is no multi-attr repeats"
	ruleSkipped rule = "pads, and attributes with the name of a header member, are no part of the JSON"
	ruleIndex   rule = "entries of an indexed array of values are numbered by their place"
	ruleGap     rule = "bytes between members of a struct are not zero"
)

// again encodes what was decoded and compares the bytes.
func (x *comparison) again(op *ir.Op, h nlmsg.Header, payload []byte) {
	_, body, err := x.c.Payload(h.Type, payload)
	if err != nil || op == nil {
		return
	}
	o, _, err := x.c.DecodeLenient(op, body)
	if err != nil {
		x.diffs = append(x.diffs, err.Error())
		return
	}
	got, err := x.c.Append(nil, op, o)
	if err != nil {
		x.diffs = append(x.diffs, err.Error())
		return
	}
	n := headerLen(op.Header, len(body))
	if !bytes.Equal(got[:n], body[:n]) {
		x.diffs = append(x.diffs, "the fixed header differs")
	}
	root := &pair{x: x, set: x.c.set(op.Set), header: op.Header}
	root.attrs(got[n:], body[n:])
}

// A pair is a nest that was encoded again, and the one that was recorded.
type pair struct {
	x      *comparison
	set    *set
	header *ir.Struct
	scope  *scope
	path   string
}

// attrs compares lists of attributes.
func (p *pair) attrs(got, want []byte) {
	if bytes.Equal(got, want) {
		return
	}
	g, err1 := split(got, 0)
	w, err2 := split(want, 0)
	if err1 != nil || err2 != nil {
		p.x.differ(p.path, showBytes(ir.NoHint, got), showBytes(ir.NoHint, want))
		return
	}
	last := map[uint16][]byte{}
	for _, it := range w {
		last[it.number()] = it.payload
	}
	p.scope = &scope{set: p.set, last: last, up: p.scope}
	skip := func(it item) bool {
		a := p.set.numbered[it.number()]
		skipped := a != nil && (a.Type == "pad" || a.Type == "unused" || member(p.header, a.Name) != nil)
		if skipped {
			p.x.used[ruleSkipped] = true
		}
		return skipped
	}
	w = slices.DeleteFunc(w, skip)
	groups := map[uint16][]item{}
	for _, it := range w {
		groups[it.number()] = append(groups[it.number()], it)
	}
	for i, it := range g {
		group := groups[it.number()]
		if a := p.set.numbered[it.number()]; a != nil && !a.Multi && len(group) > 1 {
			group = group[len(group)-1:]
			p.x.used[ruleGroups] = true
		}
		if len(group) == 0 {
			p.x.differ(p.path, unknownName(it.number()), missing)
			return
		}
		if i < len(w) && w[i].number() != it.number() {
			p.x.used[ruleGroups] = true
		}
		p.attr(it, group[0])
		groups[it.number()] = group[1:]
	}
	for number, group := range groups {
		if len(group) > 0 {
			p.x.differ(p.path, missing, unknownName(number))
		}
	}
}

// attr compares two occurrences of one attribute.
func (p *pair) attr(got, want item) {
	x, a := p.x, p.set.numbered[got.number()]
	if got.typ != want.typ {
		x.used[ruleBits] = true
	}
	if bytes.Equal(got.payload, want.payload) {
		return
	}
	path := p.path + "." + unknownName(got.number())
	in := &pair{x: x, set: none, scope: p.scope, path: path}
	switch {
	case a == nil:
		in.attrs(got.payload, want.payload)
		return
	case a.Type == "nest":
		in.set = x.c.set(a.Nested)
		in.attrs(got.payload, want.payload)
		return
	case a.Type == "string" && untilNul(got.payload) == untilNul(want.payload):
		x.used[ruleNul] = true
		return
	case a.Type == "binary" && a.Struct != nil:
		p.structs(a.Struct, got.payload, want.payload, path)
		return
	case a.Type == "indexed-array":
		in.entries(a, got.payload, want.payload)
		return
	case a.Type == "sub-message":
		if f := p.scope.format(a); f != nil {
			n := headerLen(f.Header, min(len(got.payload), len(want.payload)))
			if f.Header != nil {
				p.structs(f.Header, got.payload[:n], want.payload[:n], path)
			}
			if f.Set == nil {
				x.used[ruleTail] = true
				return
			}
			in.set, in.header = x.c.set(f.Set), f.Header
			in.attrs(got.payload[n:], want.payload[n:])
			return
		}
	}
	x.differ(path, showBytes(ir.NoHint, got.payload), showBytes(ir.NoHint, want.payload))
}

// structs compares C structs.
func (p *pair) structs(s *ir.Struct, got, want []byte, path string) {
	a, b := new(Object), new(Object)
	showStruct(a, s, nil, got)
	showStruct(b, s, nil, want)
	switch {
	case !bytes.Equal(AppendJSON(nil, a), AppendJSON(nil, b)):
		p.x.differ(path, a, b)
	case len(got) != len(want):
		p.x.used[ruleTail] = true
	case !bytes.Equal(got, want):
		p.x.used[ruleGap] = true
	}
}

// entries compares indexed arrays.
func (p *pair) entries(a *ir.Attr, got, want []byte) {
	g, err1 := split(got, 0)
	w, err2 := split(want, 0)
	if err1 != nil || err2 != nil || len(g) != len(w) {
		p.x.differ(p.path, showBytes(ir.NoHint, got), showBytes(ir.NoHint, want))
		return
	}
	for i := range g {
		if a.Elem == "nest" {
			in := &pair{x: p.x, set: p.x.c.set(a.Nested), scope: p.scope, path: p.path}
			in.attrs(g[i].payload, w[i].payload)
		} else if !bytes.Equal(g[i].payload, w[i].payload) {
			p.x.differ(p.path, showBytes(ir.NoHint, g[i].payload), showBytes(ir.NoHint, w[i].payload))
		}
		switch {
		case g[i].number() != w[i].number():
			p.x.used[ruleIndex] = true
		case g[i].typ&^nlattr.TypeMask != w[i].typ&^nlattr.TypeMask:
			p.x.used[ruleBits] = true
		}
	}
}
