package dynamic

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// socketText is the spec of a family that is asked with one struct and set, and answers with others.
const socketText = `
name: sock-demo
doc: d
protocol: netlink-raw
protonum: 4
definitions:
  - {name: req, type: struct, members: [{name: family, type: u8}, {name: ext, type: u8}, {name: pad, type: pad, len: 2}]}
  - {name: msg, type: struct, members: [{name: family, type: u8}, {name: state, type: u8}, {name: inode, type: u32}]}
attribute-sets:
  - {name: req-attrs, attributes: [{name: bytecode, type: binary}, {name: protocol, type: u32}]}
  - {name: attrs, attributes: [{name: cong, type: string}, {name: shutdown, type: u8}]}
operations:
  fixed-header: req
  list:
    - name: get
      doc: d
      value: 20
      attribute-set: req-attrs
      dump: {request: {attributes: [protocol]}, reply: {}}
    - {name: get-ntf, doc: d, notify: get, value: 21}
`

// sockets returns the codec of that family.
func sockets(t *testing.T) *Codec {
	t.Helper()
	var report diag.Report
	f := resolve.Family(&report, spec.Read(&report, "s.yaml", []byte(socketText)), resolve.Options{
		Replies: []resolve.Reply{{Operation: "get", FixedHeader: "msg", AttributeSet: "attrs"}}})
	if f == nil {
		t.Fatal(report.Diagnostics())
	}
	return New(f)
}

// TestReplies decodes the same bytes as a request, and as the reply, which has another header and other attributes.
func TestReplies(t *testing.T) {
	c := sockets(t)
	get := c.Op("get")
	request := &Object{Keys: []string{"family", "protocol"}, Values: []any{json.Number("2"), json.Number("6")}}
	b, err := c.Append(nil, get, request)
	if err != nil || len(b) != 4+8 {
		t.Fatalf("the request is %x, %v", b, err)
	}
	if o, err := c.Decode(get, b); err != nil || string(AppendJSON(nil, o)) != `{"family": 2, "ext": 0, "protocol": 6}` {
		t.Errorf("the request is %s, %v", AppendJSON(nil, o), err)
	}
	reply := &Object{Keys: []string{"family", "inode", "cong"}, Values: []any{json.Number("2"), json.Number("77"), "cubic"}}
	if _, err := c.Append(nil, get, reply); !errors.Is(err, ErrUnknown) {
		t.Errorf("as a request a reply is: %v", err)
	}
	if b, err = c.ForReplies().Append(nil, get, reply); err != nil || len(b) != 8+12 {
		t.Fatalf("the reply is %x, %v", b, err)
	}
	want := `{"family": 2, "state": 0, "inode": 77, "cong": "cubic"}`
	for _, op := range []string{"get", "get-ntf"} {
		if o, err := c.ForReplies().Decode(c.Op(op), b); err != nil || string(AppendJSON(nil, o)) != want {
			t.Errorf("as %s the reply is %s, %v", op, AppendJSON(nil, o), err)
		}
	}
	if _, err := c.ForReplies().Decode(get, b[:4]); !errors.Is(err, nlattr.ErrTruncated) {
		t.Errorf("half a header is: %v", err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for _, m := range c.Family.Messages {
		o := c.Random(rng, m, RandomOptions{})
		b, err := c.side(m).Append(nil, m.Op, o)
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if got, err := c.side(m).Decode(m.Op, b); err != nil || string(AppendJSON(nil, got)) != string(AppendJSON(nil, o)) {
			t.Errorf("%s: %s becomes %s, %v", m.Name, AppendJSON(nil, o), AppendJSON(nil, got), err)
		}
	}
}
