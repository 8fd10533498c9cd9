package nlmsg

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// message builds a message.
func message(typ, flags uint16, seq uint32, body ...byte) []byte {
	b := Header{Type: typ, Flags: flags, Seq: seq}.Append(nil)
	return Finish(append(b, body...), 0)
}

func TestHeader(t *testing.T) {
	h := Header{Len: 20, Type: 18, Flags: FlagRequest | FlagDump, Seq: 7, PID: 9}
	b := h.Append([]byte("x"))
	if got, ok := ParseHeader(b[1:]); !ok || got != h {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := ParseHeader(b[2:]); ok {
		t.Error("a short header was read")
	}
}

func TestFinish(t *testing.T) {
	b := message(16, 0, 1, 1, 2, 3)
	if h, _ := ParseHeader(b); h.Len != 19 || len(b) != 20 || b[19] != 0 {
		t.Errorf("%+v, %d bytes", h, len(b))
	}
}

func TestCursor(t *testing.T) {
	one, two := message(16, 0, 1, 1, 2, 3, 4), message(17, 0, 2, 5)
	lying := func(n uint32) []byte {
		b := message(16, 0, 3, 0, 0, 0, 0)
		native.PutUint32(b, n)
		return b
	}
	join := func(b ...[]byte) []byte { return bytes.Join(b, nil) }
	for _, c := range []struct {
		name   string
		in     []byte
		types  []uint16
		err    error
		offset int
	}{
		{"nothing", nil, nil, nil, 0},
		{"one", one, []uint16{16}, nil, 0},
		{"two", join(one, two), []uint16{16, 17}, nil, 0},
		{"padding missing", join(one, two[:17]), []uint16{16, 17}, nil, 0},
		{"zero bytes behind", join(one, make([]byte, 100)), []uint16{16}, nil, 0},
		{"three zero bytes behind", join(one, make([]byte, 3)), []uint16{16}, nil, 0},
		{"only zero bytes", make([]byte, 64), nil, nil, 0},
		{"garbage behind", join(one, []byte{1, 2, 3}), []uint16{16}, ErrTrailing, 20},
		{"zero length, then garbage", join(one, make([]byte, 16), []byte{1}), []uint16{16}, ErrLength, 20},
		{"length below the header", join(one, lying(15)), []uint16{16}, ErrLength, 20},
		{"length beyond the end", join(one, lying(21)), []uint16{16}, ErrTruncated, 20},
		{"huge length", join(one, lying(0xffffffff)), []uint16{16}, ErrTruncated, 20},
		{"huge length 2", join(one, lying(0x80000010)), []uint16{16}, ErrTruncated, 20},
	} {
		cur := NewCursor(c.in)
		var types []uint16
		for cur.Next() {
			types = append(types, cur.Header().Type)
			if len(cur.Message()) != HeaderLen+len(cur.Body()) {
				t.Errorf("%s: message of %d bytes, body of %d", c.name, len(cur.Message()), len(cur.Body()))
			}
		}
		if len(types) != len(c.types) {
			t.Errorf("%s: %v, want %v", c.name, types, c.types)
		}
		if !errors.Is(cur.Err(), c.err) {
			t.Errorf("%s: %v, want %v", c.name, cur.Err(), c.err)
		}
		var f *FormatError
		if errors.As(cur.Err(), &f) && f.Offset != c.offset {
			t.Errorf("%s: offset %d, want %d", c.name, f.Offset, c.offset)
		}
		if cur.Next() || cur.Body() != nil {
			t.Errorf("%s: it goes on after its end", c.name)
		}
		if cur.Reset(two); !cur.Next() || cur.Header().Type != 17 || cur.Next() || cur.Err() != nil {
			t.Errorf("%s: then it does not read another datagram: %v", c.name, cur.Err())
		}
	}
}

// extended builds the attributes of an extended ack.
func extended(f func(e *nlattr.Encoder)) []byte {
	var e nlattr.Encoder
	f(&e)
	b, _ := e.Finish()
	return b
}

func word(v int32) []byte { return native.AppendUint32(nil, uint32(v)) }

func TestParseError(t *testing.T) {
	req := message(16, FlagRequest|FlagAck, 5, 1, 2, 3, 4, 5, 6)
	text := extended(func(e *nlattr.Encoder) { e.String(AttrMessage, "no such thing"); e.Uint32(AttrOffset, 36) })
	join := func(b ...[]byte) []byte { return bytes.Join(b, nil) }
	for _, c := range []struct {
		name  string
		flags uint16
		body  []byte
		errno syscall.Errno
		msg   string
		err   error
	}{
		{"ack", 0, join(word(0), req[:16]), 0, "", nil},
		{"capped ack with a warning", FlagCapped | FlagAckTLVs, join(word(0), req[:16], text), 0, "no such thing", nil},
		{"capped error", FlagCapped | FlagAckTLVs, join(word(-17), req[:16], text), 17, "no such thing", nil},
		{"error, not capped", FlagAckTLVs, join(word(-17), req, text), 17, "no such thing", nil},
		{"error without attributes", 0, join(word(-17), req), 17, "", nil},
		{"lowest number", 0, join(word(-1<<31), req), 1 << 31, "", nil},
		{"too short", 0, join(word(-17), req[:15]), 0, "", ErrControl},
		{"empty", 0, nil, 0, "", ErrControl},
		{"request longer than the message", FlagAckTLVs, join(word(-17), req[:20]), 17, "", ErrControl},
		{"broken attributes", FlagCapped | FlagAckTLVs, join(word(-17), req[:16], text[:8]), 17, "", nlattr.ErrTruncated},
	} {
		got, err := ParseError(Header{Flags: c.flags}, c.body)
		if got.Errno != c.errno || string(got.Ext.Message) != c.msg || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if err == nil && got.Request.Seq != 5 {
			t.Errorf("%s: request %+v", c.name, got.Request)
		}
	}
}

func TestParseDone(t *testing.T) {
	text := extended(func(e *nlattr.Encoder) { e.String(AttrMessage, "not there") })
	for _, c := range []struct {
		name  string
		flags uint16
		body  []byte
		errno syscall.Errno
		msg   string
		err   error
	}{
		{"no body", 0, nil, 0, "", nil},
		{"no body, but the flag", FlagAckTLVs, nil, 0, "", nil},
		{"zero", 0, word(0), 0, "", nil},
		{"positive", 0, word(36), 0, "", nil},
		{"error", FlagAckTLVs, append(word(-2), text...), 2, "not there", nil},
		{"short", 0, []byte{1, 2}, 0, "", ErrControl},
	} {
		got, err := ParseDone(Header{Flags: c.flags}, c.body)
		if got.Errno != c.errno || string(got.Ext.Message) != c.msg || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

var dataSet = &nlpolicy.Set{Attrs: []nlpolicy.Attr{{Name: "id", Number: 1, Kind: nlpolicy.U32}}}

var linkSet = &nlpolicy.Set{Attrs: []nlpolicy.Attr{
	{Name: "ifname", Number: 3, Kind: nlpolicy.String},
	{Name: "linkinfo", Number: 18, Kind: nlpolicy.Nest, Nested: &nlpolicy.Set{Attrs: []nlpolicy.Attr{
		{Name: "kind", Number: 1, Kind: nlpolicy.String},
		{Name: "data", Number: 2, Kind: nlpolicy.Nest, Nested: dataSet},
	}}},
}}

func TestError(t *testing.T) {
	m := &nlpolicy.Message{Family: "rt-link", Op: "newlink", Header: &nlpolicy.Struct{Size: 16}, Attrs: linkSet}
	e := nlattr.NewEncoder(Header{}.Append(nil))
	e.Extend(16)
	e.String(3, "vx0")
	info := e.Begin(18)
	infoAt := HeaderLen + e.Len() - 4
	e.String(1, "vxlan")
	data := e.Begin(2)
	idAt := HeaderLen + e.Len()
	e.Uint32(1, 7)
	e.End(data)
	e.End(info)
	req, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	policy := extended(func(e *nlattr.Encoder) {
		e.Uint64(4, 0)
		e.Uint64(5, 255)
		e.Uint32(1, uint32(PolicyU8))
	})
	for _, c := range []struct {
		name string
		ext  ExtAck
		m    *nlpolicy.Message
		want string
	}{
		{"text and attribute", ExtAck{Message: []byte("File exists"), Offset: uint32(idAt)}, m,
			`rt-link: newlink: EEXIST: "File exists" [attribute linkinfo.data.id]`},
		{"no table", ExtAck{Message: []byte("File exists"), Offset: 68}, nil,
			`rt-link: newlink: EEXIST: "File exists" [attribute at offset 68]`},
		{"missing", ExtAck{HasMissing: true, MissingType: 1, MissingNest: uint32(infoAt)}, m,
			`rt-link: newlink: EEXIST: file exists [missing attribute linkinfo.kind]`},
		{"missing at the top", ExtAck{HasMissing: true, MissingType: 3}, m,
			`rt-link: newlink: EEXIST: file exists [missing attribute ifname]`},
		{"missing, unknown", ExtAck{HasMissing: true, MissingType: 70000}, m,
			`rt-link: newlink: EEXIST: file exists [missing attribute 70000]`},
		{"policy", ExtAck{Offset: uint32(idAt), Policy: policy}, m,
			`rt-link: newlink: EEXIST: file exists [attribute linkinfo.data.id, policy u8 0..255]`},
		{"offset inside the header", ExtAck{Offset: 4}, m,
			`rt-link: newlink: EEXIST: file exists [attribute at offset 4]`},
		{"offset far beyond", ExtAck{Offset: 1 << 31}, m, ""},
	} {
		err := NewError("rt-link", "newlink", &Control{Errno: 17, Ext: c.ext}, req, HeaderLen, c.m)
		got := err.Error()
		if text := errnoText(17); text != "file exists" { // not Linux
			got = strings.Replace(got, "EEXIST [", "EEXIST: file exists [", 1)
		}
		if c.want != "" && got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
		if !errors.Is(err, os.ErrExist) || !errors.Is(err, syscall.Errno(17)) || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: errors.Is", c.name)
		}
	}
	if err := (&Error{Errno: 524}); !errors.Is(err, errors.ErrUnsupported) || !strings.HasPrefix(err.Error(), "ENOTSUPP") {
		t.Error(err)
	}
	if got := ErrnoName(9999); got != "errno 9999" {
		t.Error(got)
	}
}

func TestPolicyString(t *testing.T) {
	for _, c := range []struct {
		p    Policy
		want string
	}{
		{Policy{Type: PolicyFlag}, "flag"},
		{Policy{Type: PolicyS8, Has: HasMinS | HasMaxS, MinS: -3, MaxS: 4}, "s8 -3..4"},
		{Policy{Type: PolicyU32, Has: HasMinU, MinU: 1}, "u32 at least 1"},
		{Policy{Type: PolicyU32, Has: HasMask, Mask: 3}, "u32 mask 0x3"},
		{Policy{Type: PolicyNulString, Has: HasMaxLen, MaxLen: 15}, "nul-string up to 15 bytes"},
		{Policy{Type: PolicyBinary, Has: HasMinLen | HasMaxLen, MinLen: 6, MaxLen: 6}, "binary of 6 bytes"},
		{Policy{Type: PolicyBinary, Has: HasMinLen | HasMaxLen, MinLen: 4, MaxLen: 16}, "binary of 4 to 16 bytes"},
		{Policy{Type: 99, Has: HasMinLen, MinLen: 4}, "type 99 of at least 4 bytes"},
		{Policy{Type: PolicyS64, Has: HasMaxS, MaxS: 4}, "s64 at most 4"},
		{Policy{Type: PolicyU64, Has: HasMaxU, MaxU: 4}, "u64 at most 4"},
		{Policy{Type: PolicyS64, Has: HasMinS, MinS: 4}, "s64 at least 4"},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	datagram := bytes.Repeat(message(16, 0, 1, 1, 2, 3, 4), 100)
	ack := append(word(0), message(16, 0, 1)...)
	if n := testing.AllocsPerRun(100, func() {
		c := NewCursor(datagram)
		for c.Next() {
			_ = c.Body()
		}
		if c.Err() != nil {
			t.Error(c.Err())
		}
		if c, err := ParseError(Header{}, ack); err != nil || !c.Ext.Empty() {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(message(16, 0, 1, 1, 2, 3, 4))
	f.Add(append(message(2, FlagCapped|FlagAckTLVs, 1, 0, 0, 0, 0), make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := NewCursor(b)
		for n := 0; c.Next(); n++ {
			if n > len(b) {
				t.Fatal("endless")
			}
			h := c.Header()
			ctl, _ := ParseError(h, c.Body())
			_ = NewError("f", "o", &ctl, c.Message(), HeaderLen, &nlpolicy.Message{Attrs: linkSet}).Error()
			ctl, _ = ParseDone(h, c.Body())
			_ = NewError("f", "o", &ctl, b, HeaderLen, &nlpolicy.Message{Attrs: linkSet}).Error()
			_, _ = ParsePolicy(c.Body())
		}
	})
}
