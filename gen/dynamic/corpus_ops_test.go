package dynamic

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// TestCorpusRequests encodes what the recorded requests were made from, and gets
// the same bytes.
func TestCorpusRequests(t *testing.T) {
	specs := codecs{}
	tally := newTally(t)
	readRecords(t, "ops-*.jsonl", func(r *record) {
		if r.Kind != "op" || r.Request == "" {
			return
		}
		specs.try(t, r.SpecSet, r.Spec, tally, r.ID, func(c *Codec) (map[rule]bool, []string) {
			want := unhex(t, r.Request)
			got, err := encodeRecorded(t, c, r, want)
			switch {
			case err != nil:
				return nil, []string{err.Error()}
			case !bytes.Equal(got, want):
				return nil, []string{"encoded " + showBytes(ir.NoHint, got) + "\nrecorded " + showBytes(ir.NoHint, want)}
			}
			return nil, nil
		})
	})
	tally.print()
}

// encodeRecorded encodes the input of a record. What a tool chooses freely is
// taken from the request: sequence numbers, and the type of generic netlink.
func encodeRecorded(t *testing.T, c *Codec, r *record, request []byte) (datagram []byte, err error) {
	t.Helper()
	names, inputs, flags := []string{r.Op}, []json.RawMessage{r.Input}, [][]uint16{nil}
	if r.Mode == "multi" {
		names, inputs = strings.Split(r.Op, "+"), nil
		err = json.Unmarshal(r.Input, &inputs)
		if err == nil {
			err = json.Unmarshal(r.Flags, &flags)
		}
	} else {
		err = json.Unmarshal(r.Flags, &flags[0])
	}
	headers, _ := messages(t, request)
	if err != nil || len(names) != len(inputs) || len(names) != len(headers) {
		t.Fatalf("%s: the record makes no sense: %v", r.ID, err)
	}
	for i, name := range names {
		op := c.Op(name)
		if op == nil {
			t.Fatalf("%s: spec %s has no operation %q", r.ID, r.Spec, name)
		}
		mode, all := op.Do, uint16(nlmsg.FlagRequest|nlmsg.FlagAck)
		if r.Mode == "dump" {
			mode, all = op.Dump, all|nlmsg.FlagDump
		}
		number := op.Number
		if mode != nil {
			number = mode.RequestNumber
		}
		for _, f := range flags[i] {
			all |= f
		}
		o := new(Object)
		if err := o.UnmarshalJSON(inputs[i]); err != nil {
			t.Fatalf("%s: %v", r.ID, err)
		}
		h := nlmsg.Header{Type: headers[i].Type, Flags: all, Seq: headers[i].Seq}
		if datagram, err = c.AppendMessage(datagram, h, op, number, o); err != nil {
			return nil, err
		}
	}
	return datagram, nil
}

// TestCorpusReplies decodes recorded replies and notifications, and gets the same
// JSON.
func TestCorpusReplies(t *testing.T) {
	specs := codecs{}
	tally := newTally(t)
	readRecords(t, "ops-*.jsonl", func(r *record) {
		if r.Kind != "op" && r.Kind != "ntf" || r.Decoded == nil {
			return
		}
		want, err := Parse(r.Decoded)
		if err != nil {
			t.Fatalf("%s: %v", r.ID, err)
		}
		specs.try(t, r.SpecSet, r.Spec, tally, r.ID, func(c *Codec) (map[rule]bool, []string) {
			x := comparison{c: c, used: map[rule]bool{}, misfits: map[string]bool{}}
			x.value("", x.results(t, r, want), want)
			return x.used, x.diffs
		})
	})
	tally.print()
}

// results returns what the recorded tool would make of the replies.
func (x *comparison) results(t *testing.T, r *record, want any) any {
	var list []any
	var numbers []uint16
	perOp := make([]any, strings.Count(r.Op, "+")+1)
	for _, reply := range r.Replies {
		headers, bodies := messages(t, unhex(t, reply))
		for i, h := range headers {
			if h.Type >= nlmsg.MinType {
				if o, number, ok := x.result(r, h, bodies[i]); ok {
					list, numbers = append(list, o), append(numbers, number)
				}
			}
		}
	}
	wantList, isList := want.([]any)
	switch {
	case r.Mode == "multi" && len(list) == 0:
		return perOp
	case r.Mode == "ntf":
		x.names(list, wantList, numbers)
		return list
	case r.Mode == "do" && len(list) == 0 && isList && len(r.Lenient) == 0:
		x.used[ruleNoReply] = true
		return []any{}
	case r.Mode == "do" && len(list) == 0:
		return nil
	case r.Mode == "do" && len(list) == 1:
		return list[0]
	}
	return append([]any{}, list...)
}

// result decodes one message, unless the tool leaves it out.
func (x *comparison) result(r *record, h nlmsg.Header, payload []byte) (o any, number uint16, ok bool) {
	number, body, err := x.c.Payload(h.Type, payload)
	if err != nil {
		x.diffs = append(x.diffs, err.Error())
		return nil, 0, false
	}
	ops := x.c.Replies(number)
	if op := x.c.Op(r.Op); op != nil {
		known := op.Do != nil && op.Do.HasReply || op.Dump != nil && op.Dump.HasReply
		var flags []int
		if err := json.Unmarshal(r.Flags, &flags); err != nil {
			x.diffs = append(x.diffs, err.Error())
		}
		if known && !replies(op.Do, number) && !replies(op.Dump, number) ||
			x.c.Family.Directional && slices.Contains(flags, nlmsg.FlagEcho) {
			x.used[ruleUnasked] = true
			return nil, 0, false
		}
		ops = []*ir.Op{op}
	}
	if len(ops) == 0 {
		return &Object{Keys: []string{"unknown-op"}, Values: []any{json.Number(strconv.Itoa(int(number)))}}, number, true
	}
	msg, misfits, err := x.c.DecodeLenient(ops[0], body)
	if err != nil {
		x.diffs = append(x.diffs, err.Error())
		return nil, 0, false
	}
	for _, m := range misfits {
		x.misfits[m.(*Error).Path] = true
	}
	if r.Kind == "ntf" {
		msg = &Object{Keys: []string{"op", "msg"}, Values: []any{ops[0].Name, msg}}
	}
	return msg, number, true
}

// names gives notifications the name that the tool took, if that is one of those
// with the number.
func (x *comparison) names(got, want []any, numbers []uint16) {
	for i := range min(len(got), len(want)) {
		g, w := got[i].(*Object), want[i].(*Object)
		name, _ := g.Get("op")
		other, _ := w.Get("op")
		a, b := x.c.Op(text(name)), x.c.Op(text(other))
		switch _, unknown := w.Get("unknown-op"); {
		case a != nil && unknown && a.Do != nil:
			got[i] = &Object{Keys: []string{"unknown-op"}, Values: []any{json.Number(strconv.Itoa(int(numbers[i])))}}
			x.used[ruleEvents] = true
		case a == nil || b == nil || a == b:
		case slices.Contains(x.c.Replies(numbers[i]), b):
			g.Values[0] = other
			x.used[ruleNames] = true
		}
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
