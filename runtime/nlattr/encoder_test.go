package nlattr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net/netip"
	"strings"
	"testing"
)

// h returns the header of an attribute with n bytes of payload.
func h(typ uint16, n int) string {
	b := binary.NativeEndian.AppendUint16(nil, uint16(n+HeaderLen))
	return string(binary.NativeEndian.AppendUint16(b, typ))
}

func n16(v uint16) string { return string(binary.NativeEndian.AppendUint16(nil, v)) }
func n32(v uint32) string { return string(binary.NativeEndian.AppendUint32(nil, v)) }
func n64(v uint64) string { return string(binary.NativeEndian.AppendUint64(nil, v)) }

func TestEncoder(t *testing.T) {
	addr4, addr6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1%eth0")
	for _, c := range []struct {
		name string
		f    func(e *Encoder)
		want string
	}{
		{"Flag", func(e *Encoder) { e.Flag(1) }, h(1, 0)},
		{"Uint8", func(e *Encoder) { e.Uint8(1, 0xab) }, h(1, 1) + "\xab\x00\x00\x00"},
		{"Uint16", func(e *Encoder) { e.Uint16(1, 0x1234) }, h(1, 2) + n16(0x1234) + "\x00\x00"},
		{"Uint16BE", func(e *Encoder) { e.Uint16BE(1, 0x1234) }, h(1, 2) + "\x12\x34\x00\x00"},
		{"Uint16LE", func(e *Encoder) { e.Uint16LE(1, 0x1234) }, h(1, 2) + "\x34\x12\x00\x00"},
		{"Uint32", func(e *Encoder) { e.Uint32(1, 0x12345678) }, h(1, 4) + n32(0x12345678)},
		{"Uint32BE", func(e *Encoder) { e.Uint32BE(1, 0x12345678) }, h(1, 4) + "\x12\x34\x56\x78"},
		{"Uint32LE", func(e *Encoder) { e.Uint32LE(1, 0x12345678) }, h(1, 4) + "\x78\x56\x34\x12"},
		{"Uint64", func(e *Encoder) { e.Uint64(1, 0x123456789abcdef0) }, h(1, 8) + n64(0x123456789abcdef0)},
		{"Uint64BE", func(e *Encoder) { e.Uint64BE(1, 0x123456789abcdef0) }, h(1, 8) + "\x12\x34\x56\x78\x9a\xbc\xde\xf0"},
		{"Uint64LE", func(e *Encoder) { e.Uint64LE(1, 0x123456789abcdef0) }, h(1, 8) + "\xf0\xde\xbc\x9a\x78\x56\x34\x12"},
		{"Int8", func(e *Encoder) { e.Int8(1, -2) }, h(1, 1) + "\xfe\x00\x00\x00"},
		{"Int16", func(e *Encoder) { e.Int16(1, -2) }, h(1, 2) + n16(0xfffe) + "\x00\x00"},
		{"Int16BE", func(e *Encoder) { e.Int16BE(1, -2) }, h(1, 2) + "\xff\xfe\x00\x00"},
		{"Int16LE", func(e *Encoder) { e.Int16LE(1, -2) }, h(1, 2) + "\xfe\xff\x00\x00"},
		{"Int32", func(e *Encoder) { e.Int32(1, -2) }, h(1, 4) + n32(0xfffffffe)},
		{"Int32BE", func(e *Encoder) { e.Int32BE(1, -2) }, h(1, 4) + "\xff\xff\xff\xfe"},
		{"Int32LE", func(e *Encoder) { e.Int32LE(1, -2) }, h(1, 4) + "\xfe\xff\xff\xff"},
		{"Int64", func(e *Encoder) { e.Int64(1, -2) }, h(1, 8) + n64(math.MaxUint64-1)},
		{"Int64BE", func(e *Encoder) { e.Int64BE(1, -2) }, h(1, 8) + "\xff\xff\xff\xff\xff\xff\xff\xfe"},
		{"Int64LE", func(e *Encoder) { e.Int64LE(1, -2) }, h(1, 8) + "\xfe\xff\xff\xff\xff\xff\xff\xff"},
		{"Uint 4", func(e *Encoder) { e.Uint(1, math.MaxUint32) }, h(1, 4) + n32(math.MaxUint32)},
		{"Uint 8", func(e *Encoder) { e.Uint(1, math.MaxUint32+1) }, h(1, 8) + n64(math.MaxUint32+1)},
		{"UintBE 4", func(e *Encoder) { e.UintBE(1, 1) }, h(1, 4) + "\x00\x00\x00\x01"},
		{"UintBE 8", func(e *Encoder) { e.UintBE(1, 1<<32) }, h(1, 8) + "\x00\x00\x00\x01\x00\x00\x00\x00"},
		{"UintLE 4", func(e *Encoder) { e.UintLE(1, 1) }, h(1, 4) + "\x01\x00\x00\x00"},
		{"UintLE 8", func(e *Encoder) { e.UintLE(1, 1<<32) }, h(1, 8) + "\x00\x00\x00\x00\x01\x00\x00\x00"},
		{"Int 4", func(e *Encoder) { e.Int(1, math.MinInt32) }, h(1, 4) + n32(1<<31)},
		{"Int 8", func(e *Encoder) { e.Int(1, math.MaxInt32+1) }, h(1, 8) + n64(1<<31)},
		{"IntBE 4", func(e *Encoder) { e.IntBE(1, -1) }, h(1, 4) + "\xff\xff\xff\xff"},
		{"IntBE 8", func(e *Encoder) { e.IntBE(1, 1<<31) }, h(1, 8) + "\x00\x00\x00\x00\x80\x00\x00\x00"},
		{"IntLE 4", func(e *Encoder) { e.IntLE(1, -2) }, h(1, 4) + "\xfe\xff\xff\xff"},
		{"IntLE 8", func(e *Encoder) { e.IntLE(1, 1<<31) }, h(1, 8) + "\x00\x00\x00\x80\x00\x00\x00\x00"},
		{"Bitfield32", func(e *Encoder) { e.Bitfield32(1, Bitfield32{Value: 1, Selector: 3}) }, h(1, 8) + n32(1) + n32(3)},
		{"Bytes 0", func(e *Encoder) { e.Bytes(1, nil) }, h(1, 0)},
		{"Bytes 1", func(e *Encoder) { e.Bytes(1, []byte{9}) }, h(1, 1) + "\x09\x00\x00\x00"},
		{"Bytes 4", func(e *Encoder) { e.Bytes(1, []byte{9, 8, 7, 6}) }, h(1, 4) + "\x09\x08\x07\x06"},
		{"Bytes 5", func(e *Encoder) { e.Bytes(1, []byte{9, 8, 7, 6, 5}) }, h(1, 5) + "\x09\x08\x07\x06\x05\x00\x00\x00"},
		{"String 0", func(e *Encoder) { e.String(1, "") }, h(1, 1) + "\x00\x00\x00\x00"},
		{"String 2", func(e *Encoder) { e.String(1, "ab") }, h(1, 3) + "ab\x00\x00"},
		{"String 3", func(e *Encoder) { e.String(1, "abc") }, h(1, 4) + "abc\x00"},
		{"String 4", func(e *Encoder) { e.String(1, "abcd") }, h(1, 5) + "abcd\x00\x00\x00\x00"},
		{"Text", func(e *Encoder) { e.Text(1, "abcde") }, h(1, 5) + "abcde\x00\x00\x00"},
		{"PaddedText", func(e *Encoder) { e.PaddedText(1, "abc", 5) }, h(1, 5) + "abc\x00\x00\x00\x00\x00"},
		{"Addr 4", func(e *Encoder) { e.Addr(1, addr4) }, h(1, 4) + "\xc0\x00\x02\x01"},
		{"Addr 6", func(e *Encoder) { e.Addr(1, addr6) }, h(1, 16) + "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01"},
		{"Addr mapped", func(e *Encoder) { e.Addr(1, netip.MustParseAddr("::ffff:192.0.2.1")) },
			h(1, 16) + strings.Repeat("\x00", 10) + "\xff\xff\xc0\x00\x02\x01"},
		{"Addr4", func(e *Encoder) { e.Addr4(1, addr4) }, h(1, 4) + "\xc0\x00\x02\x01"},
		{"Raw", func(e *Encoder) { e.Raw([]Attr{{Type: 0xc001, Data: []byte{1}}, {Type: 2}}) }, h(0xc001, 1) + "\x01\x00\x00\x00" + h(2, 0)},
		{"nest", func(e *Encoder) { n := e.Begin(1); e.Uint8(2, 3); e.End(n) }, h(0x8001, 8) + h(2, 1) + "\x03\x00\x00\x00"},
		{"empty nest", func(e *Encoder) { e.End(e.Begin(1)) }, h(0x8001, 0)},
		{"entry", func(e *Encoder) { e.End(e.BeginEntry(5)) }, h(0x8005, 0)},
		{"struct", func(e *Encoder) { n := e.BeginRaw(1); e.Extend(5)[4] = 7; e.End(n) }, h(1, 5) + "\x00\x00\x00\x00\x07\x00\x00\x00"},
		{"fixed", func(e *Encoder) { n := e.BeginRaw(1); e.Extend(5)[4] = 7; e.Pad(); e.EndFixed(n, 5) },
			h(1, 5) + "\x00\x00\x00\x00\x07\x00\x00\x00"},
		{"fixed and more", func(e *Encoder) { n := e.BeginRaw(1); e.Extend(5)[4] = 7; e.Pad(); e.Flag(2); e.EndFixed(n, 5) },
			h(1, 12) + "\x00\x00\x00\x00\x07\x00\x00\x00" + h(2, 0)},
		{"large struct", func(e *Encoder) { e.Extend(700)[699] = 1 }, strings.Repeat("\x00", 699) + "\x01"},
		{"header", func(e *Encoder) { e.Append([]byte{1, 2, 3, 4, 5}); e.Pad(); e.Pad(); e.Flag(1) }, "\x01\x02\x03\x04\x05\x00\x00\x00" + h(1, 0)},
		{"cancel", func(e *Encoder) { e.Flag(1); n := e.Begin(1); e.Uint8(2, 3); e.Cancel(n) }, h(1, 0)},
		{"record", func(e *Encoder) {
			start := e.Len()
			e.Extend(4)
			e.Uint8(1, 1)
			e.EndRecord(start, 2)
		}, "\x00\x00" + n16(12) + h(1, 1) + "\x01\x00\x00\x00"},
		{"array", func(e *Encoder) { PutArray[uint16](e, 1, []uint8{1, 2, 3}) }, h(1, 6) + n16(1) + n16(2) + n16(3) + "\x00\x00"},
		{"array 1", func(e *Encoder) { PutArray[uint8](e, 1, []uint8{1, 2}) }, h(1, 2) + "\x01\x02\x00\x00"},
		{"array 4", func(e *Encoder) { PutArray[uint32](e, 1, []int32{-1}) }, h(1, 4) + "\xff\xff\xff\xff"},
		{"array 8", func(e *Encoder) { PutArray[uint64](e, 1, []uint64{5}) }, h(1, 8) + n64(5)},
		{"array BE", func(e *Encoder) { PutArrayBE[uint32](e, 1, []uint32{1}) }, h(1, 4) + "\x00\x00\x00\x01"},
		{"array LE", func(e *Encoder) { PutArrayLE[uint64](e, 1, []uint32{1}) }, h(1, 8) + "\x01\x00\x00\x00\x00\x00\x00\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := NewEncoder([]byte("given"))
			c.f(&e)
			if got := string(e.Written()); got != c.want {
				t.Errorf("written\n%x, want\n%x", got, c.want)
			}
			got, err := e.Finish()
			if err != nil || string(got) != "given"+c.want {
				t.Errorf("got\n%x %v, want\n%x", got, err, c.want)
			}
			if e.Len() != len(c.want) || e.Err() != nil || e.Depth() != 0 {
				t.Errorf("Len %d, Err %v, Depth %d", e.Len(), e.Err(), e.Depth())
			}
		})
	}
}

func TestEncoderErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     func(e *Encoder)
		cause error
		want  string
	}{
		{"NUL", func(e *Encoder) { e.String(1, "a\x00") }, ErrNul, "attribute 1 (offset 0): string contains a NUL byte"},
		{"address", func(e *Encoder) { e.Addr(1, netip.Addr{}) }, ErrAddress, "attribute 1 (offset 0): address is of the wrong family"},
		{"IPv6", func(e *Encoder) { e.Addr4(1, netip.IPv6Unspecified()) }, ErrAddress, "attribute 1 (offset 0): address is of the wrong family"},
		{"long bytes", func(e *Encoder) { e.Flag(3); e.Bytes(1|Nested, make([]byte, 65532)) }, ErrTooLong,
			"attribute 1 (offset 4): attribute exceeds 65535 bytes"},
		{"long string", func(e *Encoder) { e.String(1, strings.Repeat("x", 65531)) }, ErrTooLong,
			"attribute 1 (offset 0): attribute exceeds 65535 bytes"},
		{"long text", func(e *Encoder) { e.Text(1, strings.Repeat("x", 65532)) }, ErrTooLong,
			"attribute 1 (offset 0): attribute exceeds 65535 bytes"},
		{"padded text NUL", func(e *Encoder) { e.PaddedText(1, "a\x00", 2) }, ErrNul, "attribute 1 (offset 0): string contains a NUL byte"},
		{"inner", func(e *Encoder) { e.Begin(5); e.Begin(6); e.Flag(1); e.Fail(7, io.EOF) }, io.EOF, "attribute 5.6.7 (offset 12): EOF"},
		{"first only", func(e *Encoder) { e.Fail(1, io.EOF); e.Fail(2, ErrNul); e.String(3, "\x00") }, io.EOF, "attribute 1 (offset 0): EOF"},
		{"long nest", func(e *Encoder) {
			e.Flag(1)
			a := e.Begin(5)
			b := e.Begin(6)
			e.Bytes(1, make([]byte, 65524))
			e.Bytes(1, nil)
			e.End(b)
			e.End(a)
		}, ErrTooLong, "attribute 5.6 (offset 8): attribute exceeds 65535 bytes"},
		{"long outer nest", func(e *Encoder) {
			a := e.Begin(5)
			b := e.Begin(6)
			e.Bytes(1, make([]byte, 65524))
			e.End(b)
			e.End(a)
		}, ErrTooLong, "attribute 5 (offset 0): attribute exceeds 65535 bytes"},
		{"index", func(e *Encoder) { e.Begin(5); e.BeginEntry(0x4000) }, ErrNumber, "attribute 5 (offset 4): entry 16384: attribute number exceeds 14 bits"},
		{"record", func(e *Encoder) {
			e.BeginRaw(5)
			s := e.Len()
			e.Extend(65536)
			e.EndRecord(s, 0)
		}, ErrTooLong, "attribute 5 (offset 65540): attribute exceeds 65535 bytes"},
		{"array", func(e *Encoder) { PutArray[uint8](e, 1, []uint16{255, 256}) }, ErrRange, "attribute 1 (offset 0): value does not fit: 256"},
		{"fit", func(e *Encoder) { Fit[uint8](e, 1, uint16(256)) }, ErrRange, "attribute 1 (offset 0): value does not fit: 256"},
		{"fit member", func(e *Encoder) { FitMember[uint8](e, "x", uint16(256)) }, ErrRange, "offset 0: x: value does not fit: 256"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := NewEncoder([]byte("given"))
			c.f(&e)
			size := e.Len()
			e.Uint8(1, 1)
			e.Uint16(1, 1)
			e.Uint32(1, 1)
			e.Uint64(1, 1)
			e.Uint32BE(1, 1)
			e.Bytes(1, []byte{1})
			e.String(1, "x")
			e.Bitfield32(1, Bitfield32{})
			e.Addr(1, netip.IPv4Unspecified())
			if e.Len() != size {
				t.Errorf("%d bytes were written after the error", e.Len()-size)
			}
			b, err := e.Finish()
			if string(b) != "given" || !errors.Is(err, c.cause) || err.Error() != c.want || e.Err() != err {
				t.Errorf("%q %v, want %s", b, err, c.want)
			}
		})
	}
}

// TestEncoderDepth opens one nest too many, and ends them all.
func TestEncoderDepth(t *testing.T) {
	for _, depth := range []int{MaxDepth, MaxDepth + 1, MaxDepth + 5} {
		var e Encoder
		var nests []Nest
		for i := range depth {
			nests = append(nests, e.Begin(uint16(i+1)))
		}
		e.Uint8(99, 1)
		for i := len(nests) - 1; i >= 0; i-- {
			e.End(nests[i])
		}
		b, err := e.Finish()
		if e.Depth() != 0 || (err != nil) != (depth > MaxDepth) {
			t.Errorf("%d: depth %d, error %v", depth, e.Depth(), err)
		}
		var ne *Error
		if errors.As(err, &ne) && (!errors.Is(err, ErrTooDeep) || len(ne.Path) != MaxDepth+1 || ne.Path[MaxDepth] != MaxDepth+1) {
			t.Errorf("%d: %v", depth, err)
		}
		if err == nil && len(b) != 4*MaxDepth+8 {
			t.Errorf("%d bytes", len(b))
		}
	}
}

// TestEncoderLongest writes the longest attributes that there can be.
func TestEncoderLongest(t *testing.T) {
	var e Encoder
	n := e.Begin(1)
	e.Bytes(2, make([]byte, 65527-4))
	e.End(n)
	e.Bytes(3, make([]byte, 65531))
	b, err := e.Finish()
	if err != nil || len(b) != 65532+65536 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	d := NewDecoder(b)
	if !d.Next() || len(d.Payload()) != 65528 || !d.Next() || len(d.Payload()) != 65531 || d.Next() || d.Err() != nil {
		t.Error(d.Err())
	}
}

func TestEncoderReset(t *testing.T) {
	var e Encoder
	e.Begin(1)
	e.Fail(2, io.EOF)
	e.Reset([]byte{1})
	e.Flag(3)
	if b, err := e.Finish(); err != nil || !bytes.Equal(b, []byte("\x01"+h(3, 0))) || e.Depth() != 0 {
		t.Errorf("%x %v", b, err)
	}
}

func TestHostOrder(t *testing.T) {
	b := make([]byte, 8)
	check := func(name string, got, want uint64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %#x, want %#x", name, got, want)
		}
	}
	PutUint16(b, 0x1234)
	check("16", uint64(GetUint16(b)), 0x1234)
	PutUint32(b, 0x12345678)
	check("32", uint64(GetUint32(b)), 0x12345678)
	PutUint64(b, 0x123456789abcdef0)
	check("64", GetUint64(b), 0x123456789abcdef0)
	PutUint16BE(b, 0x1234)
	check("16BE", uint64(GetUint16BE(b)), 0x1234)
	check("16LE", uint64(GetUint16LE(b)), 0x3412)
	PutUint32BE(b, 0x12345678)
	check("32BE", uint64(GetUint32BE(b)), 0x12345678)
	check("32LE", uint64(GetUint32LE(b)), 0x78563412)
	PutUint64BE(b, 0x123456789abcdef0)
	check("64BE", GetUint64BE(b), 0x123456789abcdef0)
	check("64LE", GetUint64LE(b), 0xf0debc9a78563412)
	PutUint16LE(b, 0x1234)
	check("16LE", uint64(GetUint16LE(b)), 0x1234)
	PutUint32LE(b, 0x12345678)
	check("32LE", uint64(GetUint32LE(b)), 0x12345678)
	PutUint64LE(b, 0x123456789abcdef0)
	check("64LE", GetUint64LE(b), 0x123456789abcdef0)
}

func TestOpt(t *testing.T) {
	var none Opt[int]
	some := Some(0)
	if _, ok := none.Get(); ok || !none.IsZero() || none.Or(7) != 7 || none == some {
		t.Error("absent is not absent")
	}
	if v, ok := some.Get(); v != 0 || !ok || some.IsZero() || some.Or(7) != 0 {
		t.Error("zero is not present")
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Path: []uint16{1, 2}, Offset: 3, Err: io.EOF}
	if e.Error() != "attribute 1.2 (offset 3): EOF" {
		t.Error(e)
	}
	e.Name = "a.b"
	if e.Error() != "attribute a.b (offset 3): EOF" || !errors.Is(e, io.EOF) {
		t.Error(e)
	}
	if (&Error{Offset: 3, Err: io.EOF}).Error() != "offset 3: EOF" {
		t.Error("no path")
	}
}

func TestSelectors(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{NumberSelector(Opt[uint8]{}), ""}, {NumberSelector(Some(int8(-5))), "-5"}, {NumberSelector(Some(uint64(math.MaxUint64))), "18446744073709551615"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if v := ParseNumberSelector[uint64](Some("18446744073709551615")); v != Some(uint64(math.MaxUint64)) {
		t.Error(v)
	}
	if v := ParseNumberSelector[int8](Some("-5")); v != Some(int8(-5)) {
		t.Error(v)
	}
	if v := ParseNumberSelector[int8](Some("200")); v.OK {
		t.Error(v)
	}
	if v := ParseNumberSelector[int8](Some("x")); v.OK {
		t.Error(v)
	}
}
