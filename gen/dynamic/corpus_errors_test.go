package dynamic

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

const ruleInside rule = "the tool does not name the index of an array's entry or the attributes inside a sub-message"

// TestCorpusErrors names the attributes that recorded errors are about.
func TestCorpusErrors(t *testing.T) {
	specs := codecs{}
	tally := newTally(t)
	readRecords(t, "ops-*.jsonl", func(r *record) {
		if r.Errno == 0 || r.Request == "" {
			return
		}
		codec := specs.get(t, r.SpecSet, r.Spec, 0)
		if codec == nil {
			tally.skip("the spec of " + r.Spec + " is not among the files")
			return
		}
		e := firstError(t, codec, r)
		var want struct {
			Msg     string          `json:"msg"`
			Attr    string          `json:"bad-attr"`
			Missing json.RawMessage `json:"miss-type"`
		}
		if r.ExtAck != nil {
			if err := json.Unmarshal(r.ExtAck, &want); err != nil {
				t.Fatalf("%s: %v", r.ID, err)
			}
		}
		missing := strings.Trim(string(want.Missing), `"`)
		attr := strings.ReplaceAll(strings.TrimPrefix(want.Attr, "."), "(", ".(")
		switch {
		case e == nil:
			tally.fail(r.ID, "there is no error")
		case int(e.Errno) != r.Errno || e.Message != want.Msg || (e.Missing != "") != (missing != ""):
			tally.fail(r.ID, "got %v, recorded %d %s", e, r.Errno, r.ExtAck)
		case e.Attr != attr && !strings.HasPrefix(e.Attr, attr+".") && !strings.HasPrefix(e.Attr, attr+"["):
			tally.fail(r.ID, "got attribute %q, recorded %q", e.Attr, want.Attr)
		case e.Missing != missing && !strings.HasSuffix(e.Missing, "."+missing):
			tally.fail(r.ID, "got missing attribute %q, recorded %q", e.Missing, missing)
		case e.Attr != attr:
			tally.outcome(map[rule]bool{ruleInside: true})
		default:
			tally.outcome(nil)
		}
	})
	tally.print()
}

// firstError returns the first error in the replies of a record.
func firstError(t *testing.T, c *Codec, r *record) *nlmsg.Error {
	t.Helper()
	skip := nlmsg.HeaderLen
	if c.Family.Generic() {
		skip += nlmsg.GenericLen
	}
	requests := map[uint32][]byte{}
	names := map[uint32]string{}
	cur := nlmsg.NewCursor(unhex(t, r.Request))
	for i := 0; cur.Next(); i++ {
		requests[cur.Header().Seq] = cur.Message()
		names[cur.Header().Seq] = strings.Split(r.Op, "+")[i]
	}
	for _, reply := range r.Replies {
		headers, bodies := messages(t, unhex(t, reply))
		for i, h := range headers {
			var control nlmsg.Control
			var err error
			switch h.Type {
			case nlmsg.TypeError:
				control, err = nlmsg.ParseError(h, bodies[i])
			case nlmsg.TypeDone:
				control, err = nlmsg.ParseDone(h, bodies[i])
			}
			if err != nil {
				t.Errorf("%s: %v", r.ID, err)
			}
			if op := c.Op(names[h.Seq]); control.Errno != 0 && op != nil {
				return nlmsg.NewError(c.Family.Name, op.Name, &control, requests[h.Seq], skip, c.tables.messages[op])
			}
		}
	}
	return nil
}
