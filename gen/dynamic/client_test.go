package dynamic

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// fake is a kernel that answers each datagram as a function says.
type fake struct {
	answer func(c *Codec, headers []nlmsg.Header, payloads [][]byte) [][]byte
	t      *testing.T
	codec  *Codec
	notes  [][]byte // for those who listen
	joined []uint32
}

func (f *fake) OpenSocket(_ int, o nlconn.SocketOptions) (nlconn.Socket, error) {
	s := &fakeSocket{fake: f, closed: make(chan struct{})}
	if o.Listen {
		s.queue = f.notes
	}
	return s, nil
}

type fakeSocket struct {
	*fake
	queue  [][]byte
	closed chan struct{}
}

func (s *fakeSocket) Send(b []byte) error {
	headers, payloads := messages(s.t, append([]byte(nil), b...))
	s.queue = append(s.queue, s.answer(s.codec, headers, payloads)...)
	return nil
}

func (s *fakeSocket) TryReceive(pkts []nlconn.Packet) (int, error) {
	if len(s.queue) == 0 {
		return 0, nil
	}
	p := &pkts[0]
	p.Data, p.Len = append(p.Buf[:0], s.queue[0]...), len(s.queue[0])
	s.queue = s.queue[1:]
	return 1, nil
}

func (s *fakeSocket) Receive(ctx context.Context, pkts []nlconn.Packet) (int, error) {
	if n, err := s.TryReceive(pkts); n > 0 || err != nil {
		return n, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.closed:
		return 0, nlconn.ErrClosed
	}
}

func (s *fakeSocket) Join(group uint32) error { s.joined = append(s.joined, group); return nil }
func (s *fakeSocket) Leave(uint32) error      { return nil }
func (s *fakeSocket) PortID() uint32          { return 1 }
func (s *fakeSocket) Close() error            { close(s.closed); return nil }

// dial returns a client of the spec with every construct.
func dial(t *testing.T, answer func(*Codec, []nlmsg.Header, [][]byte) [][]byte, notes ...[]byte) (*Client, *fake) {
	t.Helper()
	c := all(t)
	f := &fake{t: t, codec: c, answer: answer, notes: notes}
	conn, err := nlconn.Open(nlconn.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return NewClient(c, conn), f
}

// message returns a message of the kernel.
func message(typ, flags uint16, seq uint32, body []byte) []byte {
	b := nlmsg.Header{Type: typ, Flags: flags, Seq: seq}.Append(nil)
	return nlmsg.Finish(append(b, body...), 0)
}

// refusal returns an error about a request, or an ack.
func refusal(h nlmsg.Header, errno syscall.Errno, ext func(*nlattr.Encoder)) []byte {
	e := nlattr.NewEncoder(nil)
	var code [4]byte
	nlattr.PutUint32(code[:], uint32(-int32(errno)))
	e.Append(code[:])
	e.Append(h.Append(nil))
	flags := uint16(nlmsg.FlagCapped)
	if ext != nil {
		flags |= nlmsg.FlagAckTLVs
		ext(&e)
	}
	b, _ := e.Finish()
	return message(nlmsg.TypeError, flags, h.Seq, b)
}

// parsed returns an object.
func parsed(t *testing.T, text string) *Object {
	t.Helper()
	o := new(Object)
	if err := o.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return o
}

// reply returns the body of a message of the operation get.
func body(t *testing.T, c *Codec, text string) []byte {
	t.Helper()
	b, err := c.Append(nil, c.Op("get"), parsed(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDo(t *testing.T) {
	replies := 0
	client, _ := dial(t, func(c *Codec, h []nlmsg.Header, _ [][]byte) [][]byte {
		if h[0].Type != 20 || h[0].Flags != nlmsg.FlagRequest|nlmsg.FlagAck|nlmsg.FlagExcl {
			t.Errorf("the request is %+v", h[0])
		}
		var out [][]byte
		for i := range replies {
			// The number is another one than the spec's, and one attribute is too long.
			b := append(body(t, c, `{"u8": 1, "text": "`+strings.Repeat("x", i)+`"}`), 6, 0, 2, 0, 0, 9, 0, 0)
			b = append(b, 7, 0, 2, 0, 0, 9, 8, 0)
			out = append(out, message(77, 0, h[0].Seq, b))
		}
		return append(out, refusal(h[0], 0, nil))
	})
	var misfits []string
	client.Misfit = func(err error) { misfits = append(misfits, err.Error()) }
	for replies = range 3 {
		misfits = nil
		opts := []nlconn.CallOption{nlconn.Exclusive, nlconn.Create}
		list, err := client.Do(context.Background(), client.Op("get"), parsed(t, `{"u8": 1}`), opts[:1]...)
		if opts[1] != nlconn.Create {
			t.Error("the caller's options changed")
		}
		if err != nil || len(list) != replies || len(misfits) != replies {
			t.Errorf("%d replies: got %d, %v, %v", replies, len(list), misfits, err)
		}
	}
	if len(misfits) > 0 && misfits[0] != "all: get: be16 (offset 36): payload has the wrong length" {
		t.Errorf("got %q", misfits[0])
	}
	if _, err := client.Do(context.Background(), client.Op("get"), parsed(t, `{"u8": -1}`)); err == nil ||
		err.Error() != "all: get: u8: number is out of range" {
		t.Errorf("got %v", err)
	}
	if _, err := client.Do(context.Background(), client.Op("hello"), nil); !errors.Is(err, ErrNoRequest) {
		t.Errorf("got %v", err)
	}
}

// TestRefusal names attributes of a refused request, inside sub-messages too.
func TestRefusal(t *testing.T) {
	const request = `{"u8": 1, "kind": "both", "options": {"x": 1, "y": 2, "id": 3}, "many-nests": [{}, {"id": 1}]}`
	for offset, want := range map[uint32]string{
		16 + 12:                   "[attribute u8]",
		16 + 12 + 8 + 12 + 4 + 4:  "[attribute options.id]",
		16 + 12 + 8 + 12 + 16 + 4: "[attribute many-nests[1]]",
		16 + 12 + 8 + 12 + 16 + 8: "[attribute many-nests[1].id]",
		99:                        "[attribute at offset 99]",
	} {
		client, _ := dial(t, func(_ *Codec, h []nlmsg.Header, _ [][]byte) [][]byte {
			return [][]byte{refusal(h[0], syscall.EEXIST, func(e *nlattr.Encoder) {
				e.String(nlmsg.AttrMessage, "it is there")
				e.Uint32(nlmsg.AttrOffset, offset)
			})}
		})
		_, err := client.Do(context.Background(), client.Op("get"), parsed(t, request))
		if !errors.Is(err, fs.ErrExist) || err.Error() != `all: get: EEXIST: "it is there" `+want {
			t.Errorf("offset %d: got %v, want %s", offset, err, want)
		}
	}
	client, _ := dial(t, func(_ *Codec, h []nlmsg.Header, _ [][]byte) [][]byte {
		return [][]byte{refusal(h[0], syscall.EINVAL, func(e *nlattr.Encoder) {
			e.Uint32(nlmsg.AttrMissType, 2)
			e.Uint32(nlmsg.AttrMissNest, 16+12+8+12+16+4)
			policy := e.Begin(nlmsg.AttrPolicy)
			e.Uint32(1, uint32(nlmsg.PolicyNulString))
			e.Uint32(7, 15)
			e.End(policy)
		})}
	})
	_, err := client.Do(context.Background(), client.Op("get"), parsed(t, request))
	if err == nil || !strings.HasSuffix(err.Error(), " [missing attribute many-nests[1].name, policy nul-string up to 15 bytes]") {
		t.Errorf("got %v", err)
	}
}

func TestDump(t *testing.T) {
	client, _ := dial(t, func(c *Codec, h []nlmsg.Header, _ [][]byte) [][]byte {
		if h[0].Type != 20 || h[0].Flags != nlmsg.FlagRequest|nlmsg.FlagDump {
			t.Errorf("the request is %+v", h[0])
		}
		return [][]byte{
			append(message(19, nlmsg.FlagMulti, h[0].Seq, body(t, c, `{"u8": 1}`)), message(19, 0, h[0].Seq, []byte{1})...),
			message(18, nlmsg.FlagDumpIntr, h[0].Seq, body(t, c, `{"u8": 3}`)),
			message(nlmsg.TypeDone, 0, h[0].Seq, make([]byte, 4)),
		}
	})
	var got []string
	for o, err := range client.Dump(context.Background(), client.Op("get"), nil) {
		switch {
		case errors.Is(err, nlconn.ErrDumpInterrupted):
			got = append(got, "interrupted")
		case err != nil:
			got = append(got, err.Error())
		default:
			v, _ := o.Get("u8")
			got = append(got, string(AppendJSON(nil, v)))
		}
	}
	const want = "1|all: get: reply: offset 1: attribute is truncated|3|interrupted"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

func TestListen(t *testing.T) {
	c := all(t)
	client, f := dial(t, nil,
		message(18, 0, 0, body(t, c, `{"u8": 1}`)),
		message(30, 0, 0, body(t, c, `{"u8": 2}`)),
		message(19, 0, 0, body(t, c, `{"u8": 3}`)),
		message(55, 0, 0, []byte{1, 2, 3}),
		message(18, 0, 0, []byte{1, 2, 3}))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	notes, err := client.Listen(ctx, "news", "9")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for n, err := range notes {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, strings.Replace(string(AppendJSON(nil, n.Object())), zeroHeadJSON+", ", "", 1))
	}
	want := []string{
		`{"name": "get-ntf", "msg": {"u8": 1}}`,
		`{"name": "hello", "msg": {"u8": 2}}`,
		`{"name": "get", "msg": {"u8": 3}}`,
		`{"name": "Unknown(55)", "msg": "010203"}`,
		`all: get-ntf: reply: offset 3: attribute is truncated`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if len(f.joined) != 2 || f.joined[0] != 3 || f.joined[1] != 9 {
		t.Errorf("joined %v", f.joined)
	}
	if _, err := client.Listen(ctx, "nobody"); !errors.Is(err, ErrNoGroup) {
		t.Errorf("got %v", err)
	}
	if _, err := client.Listen(ctx, "unnumbered"); err == nil {
		t.Error("a group without a number was joined")
	}
}

// batchSpec is a family of nfnetlink.
const batchSpec = `
name: batch
doc: d
protocol: netlink-raw
protonum: 12
definitions:
  - name: head
    type: struct
    members: [{name: fam, type: u8}, {name: version, type: u8}, {name: res, type: u16, byte-order: big-endian}]
attribute-sets:
  - name: attrs
    attributes: [{name: name, type: string}]
operations:
  enum-model: directional
  fixed-header: head
  list:
    - {name: start, doc: d, attribute-set: attrs, do: {request: {value: 16, attributes: []}}}
    - {name: stop, doc: d, attribute-set: attrs, do: {request: {value: 17, attributes: []}}}
    - {name: new, doc: d, attribute-set: attrs, do: {request: {value: 2560, attributes: [name]}}}
`

func TestMulti(t *testing.T) {
	c := readSource(t, "batch.yaml", []byte(batchSpec))
	var sent []nlmsg.Header
	refuse := false
	f := &fake{t: t, codec: c, answer: func(_ *Codec, h []nlmsg.Header, p [][]byte) [][]byte {
		sent = h
		var out [][]byte
		for i, x := range h {
			switch {
			case x.Flags&nlmsg.FlagAck == 0:
			case i == 2 && len(h) > 3, i == 1 && refuse:
				out = append(out, refusal(x, syscall.EEXIST, func(e *nlattr.Encoder) { e.Uint32(nlmsg.AttrOffset, 20) }))
			case x.Flags&nlmsg.FlagEcho != 0:
				out = append(out, message(2560, 0, x.Seq, p[i]), refusal(x, 0, nil))
			default:
				out = append(out, refusal(x, 0, nil))
			}
		}
		return out
	}}
	conn, err := nlconn.Open(nlconn.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := NewClient(c, conn)
	call := func(op, text string, flags nlconn.Flags) Call {
		return Call{Op: c.Op(op), Request: parsed(t, text), Flags: flags}
	}
	// One change makes a transaction of its own.
	replies, err := client.Do(context.Background(), c.Op("new"), parsed(t, `{"name": "a"}`), nlconn.Echo)
	if err != nil || len(replies) != 1 || string(AppendJSON(nil, replies[0])) != `{"fam": 0, "version": 0, "res": 0, "name": "a"}` {
		t.Errorf("got %v, %v", replies, err)
	}
	if len(sent) != 3 || sent[0].Type != 16 || sent[1].Type != 2560 || sent[2].Type != 17 {
		t.Errorf("sent %+v", sent)
	}
	refuse = true
	_, err = client.Do(context.Background(), c.Op("new"), parsed(t, `{"name": "a"}`))
	if err == nil || err.Error() != "batch: new: EEXIST: file exists [attribute name]" {
		t.Errorf("got %v", err)
	}
	refuse = false
	calls := []Call{call("start", "{}", 0), call("new", `{"name": "a"}`, nlconn.Create|nlconn.Echo), call("stop", "{}", 0)}
	list, err := client.Multi(context.Background(), calls)
	if err != nil || len(list) != 3 || list[0] != nil || list[2] != nil ||
		string(AppendJSON(nil, list[1])) != `{"fam": 0, "version": 0, "res": 0, "name": "a"}` {
		t.Errorf("got %v, %v", list, err)
	}
	if len(sent) != 3 || sent[0].Type != 16 || sent[1].Type != 2560 || sent[2].Type != 17 {
		t.Errorf("sent %+v", sent)
	}
	calls = []Call{calls[0], calls[1], call("new", `{"name": "b"}`, 0), calls[2]}
	_, err = client.Multi(context.Background(), calls)
	var batch *nlconn.BatchError
	if !errors.As(err, &batch) || len(batch.Failed) != 1 || batch.Failed[0].Index != 2 ||
		batch.Failed[0].Err.Error() != "batch: new: EEXIST: file exists [attribute name]" {
		t.Errorf("got %v", err)
	}
	if _, err := client.Multi(context.Background(), []Call{call("new", `{"nope": 1}`, 0)}); err == nil ||
		!strings.HasPrefix(err.Error(), "request 0: batch: new: nope: unknown name") {
		t.Errorf("got %v", err)
	}
}
