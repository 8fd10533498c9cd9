package nlpolicy

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestValidate(t *testing.T) {
	const einval, erange = syscall.EINVAL, syscall.ERANGE
	deep := func(n int) func(e *nlattr.Encoder) {
		return func(e *nlattr.Encoder) {
			nests := []nlattr.Nest{e.Begin(40)}
			for range n {
				nests = append(nests, e.Begin(2))
			}
			e.Uint8(1, 1)
			for i := len(nests) - 1; i >= 0; i-- {
				e.End(nests[i])
			}
		}
	}
	in := func(typ uint16, f func(e *nlattr.Encoder)) func(e *nlattr.Encoder) {
		return func(e *nlattr.Encoder) { nest(e, typ, func() { f(e) }) }
	}
	link := func(kind string, f func(e *nlattr.Encoder)) func(e *nlattr.Encoder) {
		return in(18, func(e *nlattr.Encoder) { e.String(1, kind); f(e) })
	}
	for _, c := range []struct {
		name    string
		f       func(e *nlattr.Encoder)
		strict  syscall.Errno // 0 if valid
		liberal syscall.Errno
		text    string // of the strict error, or of the liberal one if there is none
	}{
		{"nothing", func(e *nlattr.Encoder) {}, 0, 0, ""},
		{"u8", func(e *nlattr.Encoder) { e.Uint8(1, 255) }, 0, 0, ""},
		{"u8 short", func(e *nlattr.Encoder) { e.Bytes(1, nil) }, einval, erange,
			"attribute u8: invalid attribute length: 0 bytes instead of 1"},
		{"u8 long", func(e *nlattr.Encoder) { e.Uint32(1, 3) }, einval, 0,
			"attribute u8: invalid attribute length: 4 bytes instead of 1"},
		{"u8 nested", func(e *nlattr.Encoder) { e.Uint8(1|nlattr.Nested, 3) }, einval, 0,
			"attribute u8: NLA_F_NESTED not expected"},
		{"u8 net byte order", func(e *nlattr.Encoder) { e.Uint8(1|nlattr.NetByteOrder, 3) }, 0, 0, ""},
		{"u16 min", func(e *nlattr.Encoder) { e.Uint16(2, 2) }, 0, 0, ""},
		{"u16 max", func(e *nlattr.Encoder) { e.Uint16(2, 300) }, 0, 0, ""},
		{"u16 low", func(e *nlattr.Encoder) { e.Uint16(2, 1) }, erange, erange,
			"attribute u16: integer out of range: 1 is below 2"},
		{"u16 high", func(e *nlattr.Encoder) { e.Uint16(2, 301) }, erange, erange,
			"attribute u16: integer out of range: 301 is above 300"},
		{"u32 order", func(e *nlattr.Encoder) { e.Uint32BE(3, 100) }, 0, 0, ""},
		{"u32 order high", func(e *nlattr.Encoder) { e.Uint32BE(3, 101) }, erange, erange,
			"attribute u32: integer out of range: 101 is above 100"},
		{"u64 min", func(e *nlattr.Encoder) { e.Uint64(4, 1<<64-1) }, 0, 0, ""},
		{"u64 low", func(e *nlattr.Encoder) { e.Uint64(4, 1<<63) }, erange, erange,
			"attribute u64: integer out of range: 9223372036854775808 is below 18446744073709551614"},
		{"s8", func(e *nlattr.Encoder) { e.Int8(5, -3) }, 0, 0, ""},
		{"s8 low", func(e *nlattr.Encoder) { e.Int8(5, -4) }, erange, erange,
			"attribute s8: integer out of range: -4 is below -3"},
		{"s8 high", func(e *nlattr.Encoder) { e.Int8(5, 4) }, erange, erange,
			"attribute s8: integer out of range: 4 is above 3"},
		{"s32", func(e *nlattr.Encoder) { e.Int32(6, -100) }, 0, 0, ""},
		{"s32 low", func(e *nlattr.Encoder) { e.Int32(6, -101) }, erange, erange,
			"attribute s32: integer out of range: -101 is below -100"},
		{"uint 4", func(e *nlattr.Encoder) { e.Uint32(7, 1) }, 0, 0, ""},
		{"uint 8", func(e *nlattr.Encoder) { e.Uint64(7, 1) }, 0, 0, ""},
		{"uint high", func(e *nlattr.Encoder) { e.Uint(7, 1<<33+1) }, erange, erange,
			"attribute uint: integer out of range: 8589934593 is above 8589934592"},
		{"uint 2", func(e *nlattr.Encoder) { e.Uint16(7, 1) }, einval, einval,
			"attribute uint: invalid attribute length: 2 bytes instead of 4 or 8"},
		{"sint", func(e *nlattr.Encoder) { e.Int(8, 1<<40) }, 0, 0, ""},
		{"sint low", func(e *nlattr.Encoder) { e.Int(8, -6) }, erange, erange,
			"attribute sint: integer out of range: -6 is below -5"},
		{"sint 12", func(e *nlattr.Encoder) { e.Bytes(8, make([]byte, 12)) }, einval, einval,
			"attribute sint: invalid attribute length: 12 bytes instead of 4 or 8"},
		{"flag", func(e *nlattr.Encoder) { e.Flag(9) }, 0, 0, ""},
		{"flag payload", func(e *nlattr.Encoder) { e.Uint8(9, 1) }, erange, erange,
			"attribute flag: Attribute failed policy validation: 1 byte instead of 0"},
		{"string", func(e *nlattr.Encoder) { e.String(10, "") }, 0, 0, ""},
		{"string no payload", func(e *nlattr.Encoder) { e.Text(10, "") }, einval, einval,
			"attribute string: Attribute failed policy validation: the NUL byte is missing"},
		{"string no nul", func(e *nlattr.Encoder) { e.Text(10, "abc") }, einval, einval,
			"attribute string: Attribute failed policy validation: the NUL byte is missing"},
		{"string early nul", func(e *nlattr.Encoder) { e.Text(10, "a\x00c") }, 0, 0, ""},
		{"name", func(e *nlattr.Encoder) { e.String(11, "four") }, 0, 0, ""},
		{"name long", func(e *nlattr.Encoder) { e.String(11, "fifth") }, einval, einval,
			"attribute name: Attribute failed policy validation: the text is longer than 4 bytes"},
		{"name bytes behind nul", func(e *nlattr.Encoder) { e.Text(11, "a\x00cd") }, 0, 0, ""},
		{"name bytes far behind nul", func(e *nlattr.Encoder) { e.Text(11, "a\x00cdef") }, erange, erange,
			"attribute name: Attribute failed policy validation: the text is longer than 4 bytes"},
		{"name no nul", func(e *nlattr.Encoder) { e.Text(11, "four") }, einval, einval,
			"attribute name: Attribute failed policy validation: the NUL byte is missing"},
		{"text", func(e *nlattr.Encoder) { e.Text(12, "four") }, 0, 0, ""},
		{"text nul", func(e *nlattr.Encoder) { e.String(12, "four") }, 0, 0, ""},
		{"text long", func(e *nlattr.Encoder) { e.Text(12, "fifth") }, erange, erange,
			"attribute text: Attribute failed policy validation: the text is longer than 4 bytes"},
		{"text no payload", func(e *nlattr.Encoder) { e.Text(12, "") }, erange, erange,
			"attribute text: Attribute failed policy validation: 0 bytes, at least 1 needed"},
		{"fixed", func(e *nlattr.Encoder) { e.Text(13, "four") }, 0, 0, ""},
		{"fixed nul", func(e *nlattr.Encoder) { e.String(13, "four") }, erange, erange,
			"attribute fixed: binary attribute size out of range: 5 bytes instead of 4"},
		{"binary", func(e *nlattr.Encoder) { e.Bytes(14, []byte{1, 2}) }, 0, 0, ""},
		{"binary short", func(e *nlattr.Encoder) { e.Bytes(14, []byte{1}) }, erange, erange,
			"attribute binary: binary attribute size out of range: 1 byte, at least 2 needed"},
		{"binary long", func(e *nlattr.Encoder) { e.Bytes(14, make([]byte, 7)) }, erange, erange,
			"attribute binary: binary attribute size out of range: 7 bytes, at most 6 allowed"},
		{"masked", func(e *nlattr.Encoder) { e.Uint32(15, 0xff) }, 0, 0, ""},
		{"masked out", func(e *nlattr.Encoder) { e.Uint32(15, 0x1ff) }, einval, einval,
			"attribute masked: reserved bit set: 0x1ff has the bits 0x100, which are not allowed"},
		{"bits", func(e *nlattr.Encoder) { e.Bitfield32(16, nlattr.Bitfield32{Value: 8, Selector: 9}) }, 0, 0, ""},
		{"bits unselected", func(e *nlattr.Encoder) { e.Bitfield32(16, nlattr.Bitfield32{Value: 9, Selector: 8}) }, einval, einval,
			"attribute bits: Attribute failed policy validation: 0x9 has the bits 0x1, which are not selected"},
		{"bits short", func(e *nlattr.Encoder) { e.Uint32(16, 1) }, erange, erange,
			"attribute bits: Attribute failed policy validation: 4 bytes instead of 8"},
		{"bits masked", func(e *nlattr.Encoder) { e.Bitfield32(17, nlattr.Bitfield32{Selector: 8}) }, einval, einval,
			"attribute mask-bits: Attribute failed policy validation: 0x8 has the bits 0x8, which are not allowed"},
		{"nest empty", in(18, func(e *nlattr.Encoder) {}), 0, 0, ""},
		{"nest without flag", func(e *nlattr.Encoder) { e.Bytes(18, nil) }, einval, 0,
			"attribute linkinfo: NLA_F_NESTED is missing"},
		{"nest tiny", func(e *nlattr.Encoder) { e.Bytes(18|nlattr.Nested, []byte{1, 2}) }, erange, erange,
			"attribute linkinfo: Attribute failed policy validation: 2 bytes, at least 4 needed"},
		{"nest trailing", func(e *nlattr.Encoder) { e.Bytes(18|nlattr.Nested, make([]byte, 6)) }, einval, 0,
			"attribute linkinfo: bytes leftover after parsing attributes: 6 bytes"},
		{"nest open", in(29, func(e *nlattr.Encoder) { e.Uint8(200, 1) }), 0, 0, ""},
		{"data", link("vxlan", in(2, func(e *nlattr.Encoder) { e.Uint32(1, 65535) })), 0, 0, ""},
		{"data high", link("vxlan", in(2, func(e *nlattr.Encoder) { e.Uint32(1, 70000) })), erange, erange,
			"attribute linkinfo.data.id: integer out of range: 70000 is above 65535"},
		{"data of another kind", link("bond", in(2, func(e *nlattr.Encoder) { e.Uint32(2, 70000) })), 0, 0, ""},
		{"data of unknown kind", link("dummy", func(e *nlattr.Encoder) { e.Uint8(2, 1) }), 0, 0, ""},
		{"data without flag", link("bond", func(e *nlattr.Encoder) { e.Bytes(2, nil) }), einval, 0,
			"attribute linkinfo.data: NLA_F_NESTED is missing"},
		{"data before kind", in(18, func(e *nlattr.Encoder) {
			nest(e, 2, func() { e.Uint32(1, 70000) })
			e.String(1, "vxlan")
		}), erange, erange, "attribute linkinfo.data.id: integer out of range: 70000 is above 65535"},
		{"header", link("prio", func(e *nlattr.Encoder) { e.Bytes(2, make([]byte, 6)) }), 0, 0, ""},
		{"header nested", link("prio", func(e *nlattr.Encoder) { e.Bytes(2|nlattr.Nested, make([]byte, 6)) }), einval, 0,
			"attribute linkinfo.data: NLA_F_NESTED not expected"},
		{"header short", link("prio", func(e *nlattr.Encoder) { e.Bytes(2, make([]byte, 5)) }), einval, einval,
			"attribute linkinfo.data: Attribute failed policy validation: 5 bytes, at least 6 needed"},
		{"header and attributes", link("netem", in(2, func(e *nlattr.Encoder) { e.Extend(8); e.Uint8(2, 1) })), einval, erange,
			"attribute linkinfo.data.id: invalid attribute length: 1 byte instead of 4"},
		{"outer selector", link("vxlan", in(3, in(1, func(e *nlattr.Encoder) { e.Uint32(1, 70000) }))), erange, erange,
			"attribute linkinfo.inner.app.id: integer out of range: 70000 is above 65535"},
		{"enum selector", func(e *nlattr.Encoder) {
			e.Uint32(27, 1)
			nest(e, 28, func() { e.Uint32(1, 70000) })
		}, erange, erange, "attribute by-mode.id: integer out of range: 70000 is above 65535"},
		{"digit selector", func(e *nlattr.Encoder) {
			e.Uint32(27, 3)
			nest(e, 28, func() { e.Uint32(1, 70000) })
		}, einval, 0, "attribute by-mode.mode: invalid attribute length: 4 bytes instead of 1"},
		{"unknown enum value", func(e *nlattr.Encoder) { e.Uint32(27, 1234) }, 0, 0, ""},
		{"array", in(19, func(e *nlattr.Encoder) {
			e.Begin(9)
			e.End(0)
		}), 0, 0, ""},
		{"array entry without flag", in(19, func(e *nlattr.Encoder) { e.Bytes(1, []byte{8, 0, 1, 0, 1, 1, 1, 1}) }), 0, 0, ""},
		{"array entry tiny", in(19, func(e *nlattr.Encoder) { e.Uint8(1, 1) }), erange, erange,
			"attribute ops[1]: Array element too short: 1 byte, at least 4 needed"},
		{"array bad entry", in(19, in(3, func(e *nlattr.Encoder) { e.Uint16(1, 1) })), einval, erange,
			"attribute ops[3].id: invalid attribute length: 2 bytes instead of 4"},
		{"words", in(20, func(e *nlattr.Encoder) { e.Uint32(0, 1) }), 0, 0, ""},
		{"words short", in(20, func(e *nlattr.Encoder) { e.Uint8(7, 1) }), einval, erange,
			"attribute words[7]: invalid attribute length: 1 byte instead of 4"},
		{"blobs", in(21, func(e *nlattr.Encoder) { e.Bytes(0, make([]byte, 16)) }), 0, 0, ""},
		{"blobs short", in(21, func(e *nlattr.Encoder) { e.Bytes(0, make([]byte, 15)) }), erange, erange,
			"attribute blobs[0]: binary attribute size out of range: 15 bytes instead of 16"},
		{"levels", in(22, in(3, in(4, func(e *nlattr.Encoder) { e.Uint8(1, 1) }))), einval, erange,
			"attribute policy[3][4].id: invalid attribute length: 1 byte instead of 4"},
		{"repeated", func(e *nlattr.Encoder) { e.Uint8(1, 1); e.Uint8(1, 2) }, 0, 0, ""},
		{"many", func(e *nlattr.Encoder) { e.Uint16(23, 1); e.Uint8(23, 2) }, einval, erange,
			"attribute many[1]: invalid attribute length: 1 byte instead of 2"},
		{"records", func(e *nlattr.Encoder) { e.Bytes(25, []byte{8, 0, 0, 0, 1, 0, 0, 0}) }, 0, 0, ""},
		{"records lying", func(e *nlattr.Encoder) { e.Bytes(25, []byte{9, 0, 0, 0, 1, 0, 0, 0}) }, einval, 0,
			"attribute multipath: bytes leftover after parsing records: 8 bytes"},
		{"records inside", func(e *nlattr.Encoder) { e.Bytes(25, []byte{14, 0, 0, 0, 1, 0, 0, 0, 6, 0, 1, 0, 1, 1}) }, einval, erange,
			"attribute multipath[0].id: invalid attribute length: 2 bytes instead of 4"},
		{"headed", func(e *nlattr.Encoder) { e.Bytes(32, make([]byte, 8)) }, 0, 0, ""},
		{"headed short", func(e *nlattr.Encoder) { e.Bytes(32, make([]byte, 7)) }, einval, einval,
			"attribute headed: Attribute failed policy validation: 7 bytes, at least 8 needed"},
		{"headed nest", func(e *nlattr.Encoder) { n := e.Begin(32); e.Extend(8); e.End(n) }, einval, 0,
			"attribute headed: NLA_F_NESTED not expected"},
		{"headed inside", func(e *nlattr.Encoder) { e.Bytes(32, []byte{0, 0, 0, 0, 1, 0, 0, 0, 6, 0, 1, 0, 1, 1}) }, einval, erange,
			"attribute headed.id: invalid attribute length: 2 bytes instead of 4"},
		{"unknown", func(e *nlattr.Encoder) { e.Uint8(60, 1) }, einval, 0, "attribute 60: Unknown attribute type"},
		{"number 0", func(e *nlattr.Encoder) { e.Uint8(0, 1) }, einval, 0, "attribute unspec: Unknown attribute type"},
		{"reserved last", func(e *nlattr.Encoder) { e.Uint8(50, 1) }, einval, 0, "attribute reserved: Unknown attribute type"},
		{"gap", func(e *nlattr.Encoder) { e.Uint8(39, 1) }, einval, 0, "attribute 39: Unsupported attribute"},
		{"pad", func(e *nlattr.Encoder) { e.Bytes(26, nil) }, einval, 0, "attribute pad: Unsupported attribute"},
		{"trailing", func(e *nlattr.Encoder) { e.Append([]byte{1, 2, 3}) }, einval, 0,
			"bytes leftover after parsing attributes: 3 bytes"},
		{"lying length", func(e *nlattr.Encoder) { e.Append([]byte{200, 0, 1, 0}) }, einval, 0,
			"bytes leftover after parsing attributes: 4 bytes"},
		{"deep", deep(8), 0, 0, ""},
		{"too deep", deep(9), einval, einval,
			"attribute loop" + strings.Repeat(".again", 9) + ": allowed policy recursion depth exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := build(t, c.f)
			want := c.text
			for mode, errno := range []syscall.Errno{Strict: c.strict, Liberal: c.liberal} {
				err := Validate(plain, body, Mode(mode))
				if errno == 0 {
					if err != nil {
						t.Errorf("mode %d: %v", mode, err)
					}
					continue
				}
				var ve *ValidationError
				if !errors.As(err, &ve) || !errors.Is(err, errno) {
					t.Fatalf("mode %d: error %v, want %v", mode, err, errno)
				}
				if want != "" && ve.Error() != want {
					t.Errorf("mode %d: %q, want %q", mode, ve, want)
				}
				want = ""
				if ve.Offset >= 0 {
					if p, _ := plain.PathAt(body, ve.Offset); p != ve.Path {
						t.Errorf("offset %d is %q, want %q", ve.Offset, p, ve.Path)
					}
				}
			}
		})
	}
}

func TestValidateMessage(t *testing.T) {
	m := &Message{Header: headerStruct, Attrs: topSet, Accept: []uint16{1, 3, 18}}
	body := func(f func(e *nlattr.Encoder)) []byte {
		return build(t, func(e *nlattr.Encoder) { e.Extend(16); f(e) })
	}
	for _, c := range []struct {
		name string
		m    *Message
		body []byte
		mode Mode
		want string
	}{
		{"header short", m, make([]byte, 15), Liberal, "Invalid header length: 15 bytes, at least 16 needed"},
		{"header only", m, make([]byte, 16), Strict, ""},
		{"unaligned header only", &Message{Header: tcqopt, Attrs: topSet}, make([]byte, 6), Strict, ""},
		{"unaligned header", &Message{Header: tcqopt, Attrs: topSet}, make([]byte, 9), Strict, "bytes leftover after parsing attributes: 1 byte"},
		{"accepted", m, body(func(e *nlattr.Encoder) { e.Uint8(1, 1) }), Strict, ""},
		{"not accepted", m, body(func(e *nlattr.Encoder) { e.Uint16(2, 1) }), Strict, "attribute u16: Unsupported attribute"},
		{"not accepted last", m, body(func(e *nlattr.Encoder) { e.Uint16(23, 1) }), Strict, "attribute many: Unknown attribute type"},
		{"not accepted but liberal", m, body(func(e *nlattr.Encoder) { e.Uint8(2, 1) }), Liberal, ""},
		{"accept holds at the top only", m, body(func(e *nlattr.Encoder) {
			nest(e, 18, func() { nest(e, 3, func() { e.Bytes(2, nil) }) })
		}), Strict, ""},
		{"nothing accepted", &Message{Attrs: topSet, Accept: []uint16{}}, body(func(e *nlattr.Encoder) { e.Uint8(1, 1) })[16:], Strict,
			"attribute u8: Unknown attribute type"},
		{"no attributes", &Message{}, body(func(e *nlattr.Encoder) { e.Uint8(1, 1) })[16:], Strict, "attribute 1: Unknown attribute type"},
		{"nothing at all", &Message{}, nil, Strict, ""},
	} {
		got := ""
		if err := Validate(c.m, c.body, c.mode); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestValidationErrorFields(t *testing.T) {
	body := build(t, func(e *nlattr.Encoder) { e.Uint8(1, 1); e.Int8(5, -4) })
	var e *ValidationError
	if err := Validate(plain, body, Strict); !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.Value != int64(-4) || e.Offset != 8 || e.Attr == nil || e.Attr.Name != "s8" || e.Errno != syscall.ERANGE {
		t.Errorf("%+v", e)
	}
	if err := Validate(plain, []byte{1}, Strict); !errors.As(err, &e) || e.Offset != -1 || e.Value != 1 {
		t.Errorf("%+v", e)
	}
}

// TestSubMessagesInOneAnother goes deeper than the kernel does in one policy:
// every sub-message is a policy of its own, but there is an end.
func TestSubMessagesInOneAnother(t *testing.T) {
	deep := func(n int) []byte {
		kind := build(t, func(e *nlattr.Encoder) { e.String(4, "loop") })
		var body []byte
		for i := range n {
			typ := uint16(3)
			if i == n-1 {
				typ = 40
			}
			body = build(t, func(e *nlattr.Encoder) { e.Bytes(typ|nlattr.Nested, append(kind[:len(kind):len(kind)], body...)) })
		}
		return body
	}
	if err := Validate(plain, deep(20), Strict); err != nil {
		t.Error(err)
	}
	if err := Validate(plain, deep(40), Strict); !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
}

func TestValidateAllocatesNothing(t *testing.T) {
	body, _ := everything(t)
	for _, mode := range []Mode{Liberal} {
		if err := Validate(sample, body, mode); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = Validate(sample, body, mode) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestKinds(t *testing.T) {
	for k := Unused; k <= SubMessage; k++ {
		if k.String() == "kind(?)" || k.Integer() != (k >= U8 && k <= Sint) || k.Signed() && !k.Integer() {
			t.Errorf("kind %d", k)
		}
	}
	if (SubMessage + 1).String() != "kind(?)" {
		t.Error("a name for no kind")
	}
}

func TestLoadInteger(t *testing.T) {
	b := []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
	for _, c := range []struct {
		k    Kind
		f    Flags
		n    int
		want int64
	}{
		{U8, 0, 1, 0xfe}, {S8, 0, 1, -2}, {U16, LittleEndian, 2, 0xfffe}, {S16, LittleEndian, 2, -2},
		{U16, BigEndian, 2, 0xfeff}, {S16, BigEndian, 2, -257}, {U32, BigEndian, 4, 0xfeffffff},
		{S32, LittleEndian, 4, -2}, {U64, LittleEndian, 8, 0x7ffffffffffffffe}, {S64, BigEndian, 8, -0x0100000000000081 + 0},
		{Uint, LittleEndian, 4, 0xfffffffe}, {Sint, LittleEndian, 4, -2}, {Sint, LittleEndian, 8, 0x7ffffffffffffffe},
	} {
		got, ok := LoadInteger(c.k, c.f, b[:c.n])
		if !ok || int64(got) != c.want {
			t.Errorf("%v %d: %#x, want %#x", c.k, c.f, got, c.want)
		}
		if _, ok := LoadInteger(c.k, c.f, b[:c.n-1]); ok && c.n != 8 {
			t.Errorf("%v: too short and no error", c.k)
		}
	}
	if _, ok := LoadInteger(String, 0, b); ok {
		t.Error("a string is no integer")
	}
}

func BenchmarkValidate(b *testing.B) {
	body := build(b, func(e *nlattr.Encoder) {
		e.Extend(16)
		e.Uint8(1, 1)
		e.Uint16(2, 2)
		e.Uint32(3, 0)
		e.Uint64(4, 1<<64-1)
		e.String(11, "eth0")
		nest(e, 18, func() { e.String(1, "vxlan"); nest(e, 2, func() { e.Uint32(1, 1) }) })
	})
	if err := Validate(sample, body, Strict); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = Validate(sample, body, Strict)
	}
}
