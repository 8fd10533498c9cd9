package nlattr

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestDecoder(t *testing.T) {
	read := func(f func(d *Decoder) any) func(d *Decoder) any { return f }
	for _, c := range []struct {
		name    string
		payload string
		f       func(d *Decoder) any
		want    any // nil: ErrLength
	}{
		{"Uint8", "\xab", read(func(d *Decoder) any { return d.Uint8() }), uint8(0xab)},
		{"Uint8 short", "", read(func(d *Decoder) any { return d.Uint8() }), nil},
		{"Uint8 long", "ab", read(func(d *Decoder) any { return d.Uint8() }), nil},
		{"Uint16", n16(0x1234), read(func(d *Decoder) any { return d.Uint16() }), uint16(0x1234)},
		{"Uint16 short", "a", read(func(d *Decoder) any { return d.Uint16() }), nil},
		{"Uint16BE", "\x12\x34", read(func(d *Decoder) any { return d.Uint16BE() }), uint16(0x1234)},
		{"Uint16BE long", "abc", read(func(d *Decoder) any { return d.Uint16BE() }), nil},
		{"Uint16LE", "\x34\x12", read(func(d *Decoder) any { return d.Uint16LE() }), uint16(0x1234)},
		{"Uint16LE long", "abcd", read(func(d *Decoder) any { return d.Uint16LE() }), nil},
		{"Uint32", n32(0x12345678), read(func(d *Decoder) any { return d.Uint32() }), uint32(0x12345678)},
		{"Uint32 short", "abc", read(func(d *Decoder) any { return d.Uint32() }), nil},
		{"Uint32BE", "\x12\x34\x56\x78", read(func(d *Decoder) any { return d.Uint32BE() }), uint32(0x12345678)},
		{"Uint32BE short", "abc", read(func(d *Decoder) any { return d.Uint32BE() }), nil},
		{"Uint32LE", "\x78\x56\x34\x12", read(func(d *Decoder) any { return d.Uint32LE() }), uint32(0x12345678)},
		{"Uint32LE short", "abc", read(func(d *Decoder) any { return d.Uint32LE() }), nil},
		{"Uint64", n64(0x123456789abcdef0), read(func(d *Decoder) any { return d.Uint64() }), uint64(0x123456789abcdef0)},
		{"Uint64 short", "abcd", read(func(d *Decoder) any { return d.Uint64() }), nil},
		{"Uint64BE", "\x12\x34\x56\x78\x9a\xbc\xde\xf0", read(func(d *Decoder) any { return d.Uint64BE() }), uint64(0x123456789abcdef0)},
		{"Uint64BE short", "abcd", read(func(d *Decoder) any { return d.Uint64BE() }), nil},
		{"Uint64LE", "\xf0\xde\xbc\x9a\x78\x56\x34\x12", read(func(d *Decoder) any { return d.Uint64LE() }), uint64(0x123456789abcdef0)},
		{"Uint64LE short", "abcd", read(func(d *Decoder) any { return d.Uint64LE() }), nil},
		{"Int8", "\xfe", read(func(d *Decoder) any { return d.Int8() }), int8(-2)},
		{"Int16", n16(0xfffe), read(func(d *Decoder) any { return d.Int16() }), int16(-2)},
		{"Int16BE", "\xff\xfe", read(func(d *Decoder) any { return d.Int16BE() }), int16(-2)},
		{"Int16LE", "\xfe\xff", read(func(d *Decoder) any { return d.Int16LE() }), int16(-2)},
		{"Int32", n32(0xfffffffe), read(func(d *Decoder) any { return d.Int32() }), int32(-2)},
		{"Int32BE", "\xff\xff\xff\xfe", read(func(d *Decoder) any { return d.Int32BE() }), int32(-2)},
		{"Int32LE", "\xfe\xff\xff\xff", read(func(d *Decoder) any { return d.Int32LE() }), int32(-2)},
		{"Int64", "\xff\xff\xff\xff\xff\xff\xff\xff", read(func(d *Decoder) any { return d.Int64() }), int64(-1)},
		{"Int64BE", "\xff\xff\xff\xff\xff\xff\xff\xfe", read(func(d *Decoder) any { return d.Int64BE() }), int64(-2)},
		{"Int64LE", "\xfe\xff\xff\xff\xff\xff\xff\xff", read(func(d *Decoder) any { return d.Int64LE() }), int64(-2)},
		{"Uint 4", n32(7), read(func(d *Decoder) any { return d.Uint() }), uint64(7)},
		{"Uint 8", n64(7), read(func(d *Decoder) any { return d.Uint() }), uint64(7)},
		{"Uint 2", "ab", read(func(d *Decoder) any { return d.Uint() }), nil},
		{"UintBE 4", "\x00\x00\x00\x07", read(func(d *Decoder) any { return d.UintBE() }), uint64(7)},
		{"UintBE 8", "\x00\x00\x00\x00\x00\x00\x00\x07", read(func(d *Decoder) any { return d.UintBE() }), uint64(7)},
		{"UintLE 4", "\x07\x00\x00\x00", read(func(d *Decoder) any { return d.UintLE() }), uint64(7)},
		{"UintLE 8", "\x07\x00\x00\x00\x00\x00\x00\x00", read(func(d *Decoder) any { return d.UintLE() }), uint64(7)},
		{"Int 4", n32(0xfffffffe), read(func(d *Decoder) any { return d.Int() }), int64(-2)},
		{"Int 8", n64(7), read(func(d *Decoder) any { return d.Int() }), int64(7)},
		{"Int 0", "", read(func(d *Decoder) any { return d.Int() }), nil},
		{"IntBE 4", "\xff\xff\xff\xfe", read(func(d *Decoder) any { return d.IntBE() }), int64(-2)},
		{"IntBE 8", "\xff\xff\xff\xff\xff\xff\xff\xfe", read(func(d *Decoder) any { return d.IntBE() }), int64(-2)},
		{"IntLE 4", "\xfe\xff\xff\xff", read(func(d *Decoder) any { return d.IntLE() }), int64(-2)},
		{"IntLE 8", "\xfe\xff\xff\xff\xff\xff\xff\xff", read(func(d *Decoder) any { return d.IntLE() }), int64(-2)},
		{"Bitfield32", n32(1) + n32(3), read(func(d *Decoder) any { return d.Bitfield32() }), Bitfield32{1, 3}},
		{"Bitfield32 short", n32(1), read(func(d *Decoder) any { return d.Bitfield32() }), nil},
		{"Bytes", "ab", read(func(d *Decoder) any { return d.Bytes() }), []byte("ab")},
		{"Bytes empty", "", read(func(d *Decoder) any { return d.Bytes() }), []byte{}},
		{"String", "ab\x00", read(func(d *Decoder) any { return d.String() }), "ab"},
		{"String no NUL", "ab", read(func(d *Decoder) any { return d.String() }), "ab"},
		{"String early NUL", "a\x00b\x00", read(func(d *Decoder) any { return d.String() }), "a"},
		{"String empty", "", read(func(d *Decoder) any { return d.String() }), ""},
		{"Addr 4", "\xc0\x00\x02\x01", read(func(d *Decoder) any { a, ok := d.Addr(); return fmt.Sprint(a, ok) }), "192.0.2.1 true"},
		{"Addr 16", strings.Repeat("\x00", 15) + "\x01", read(func(d *Decoder) any { a, ok := d.Addr(); return fmt.Sprint(a, ok) }), "::1 true"},
		{"Addr 5", "12345", read(func(d *Decoder) any { a, ok := d.Addr(); return fmt.Sprint(a, ok) }), "invalid IP false"},
		{"Addr4", "\xc0\x00\x02\x01", read(func(d *Decoder) any { return d.Addr4() }), netip.MustParseAddr("192.0.2.1")},
		{"Addr4 16", strings.Repeat("\x00", 16), read(func(d *Decoder) any { return d.Addr4() }), nil},
		{"array 1", "\x01\xff", read(func(d *Decoder) any { return Array[int8, int32](d) }), []int32{1, -1}},
		{"array 2", n16(1) + n16(2), read(func(d *Decoder) any { return Array[uint16, uint16](d) }), []uint16{1, 2}},
		{"array 4", n32(1), read(func(d *Decoder) any { return Array[uint32, uint64](d) }), []uint64{1}},
		{"array 8", n64(1), read(func(d *Decoder) any { return Array[uint64, uint64](d) }), []uint64{1}},
		{"array BE", "\x00\x01\x00\x02", read(func(d *Decoder) any { return ArrayBE[uint16, uint16](d) }), []uint16{1, 2}},
		{"array LE", "\x01\x00\x00\x00", read(func(d *Decoder) any { return ArrayLE[uint32, uint32](d) }), []uint32{1}},
		{"array remainder", "abc", read(func(d *Decoder) any { return Array[uint16, uint16](d) }), nil},
		{"array empty", "", read(func(d *Decoder) any { return Array[uint16, uint16](d) }), []uint16{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := h(5, 0) + h(0xc007, len(c.payload)) + c.payload // the padding is missing
			d := NewDecoder([]byte(b))
			if d.Next(); !d.Next() || d.Type() != 7 || d.RawType() != 0xc007 || string(d.Payload()) != c.payload || d.Offset() != 4 {
				t.Fatalf("type %#x, payload %x, offset %d", d.RawType(), d.Payload(), d.Offset())
			}
			got := c.f(&d)
			if c.want == nil {
				if d.Next() || !errors.Is(d.Err(), ErrLength) || d.Err().Error() != "attribute 7 (offset 4): payload has the wrong length" {
					t.Errorf("error %v", d.Err())
				}
				return
			}
			if !reflect.DeepEqual(got, c.want) || d.Err() != nil || d.Next() {
				t.Errorf("got %#v, want %#v, error %v", got, c.want, d.Err())
			}
		})
	}
}

func TestDecoderBroken(t *testing.T) {
	nested := func(inner string) string { return h(3, len(inner)) + inner }
	for _, c := range []struct {
		name string
		in   string
		want string
	}{
		{"nothing", "", ""},
		{"one", h(1, 0), ""},
		{"trailing", h(1, 0) + "\x00\x00\x00", "offset 4: trailing bytes after the last attribute"},
		{"length 0", n16(0) + n16(1), "offset 0: attribute is truncated"},
		{"length 3", n16(3) + n16(1), "offset 0: attribute is truncated"},
		{"lying length", h(1, 4) + "abc", "offset 0: attribute is truncated"},
		{"padding missing", h(1, 1) + "a", ""},
		{"padding short", h(1, 1) + "a\x00\x00", ""},
		{"nest", nested(h(1, 0)), ""},
		{"nest truncated", nested(h(1, 0) + h(2, 1)), "attribute 3 (offset 8): attribute is truncated"},
		{"nest trailing", nested(nested("ab")), "attribute 3.3 (offset 8): trailing bytes after the last attribute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder([]byte(c.in))
			walk(&d)
			got := ""
			if d.Err() != nil {
				got = d.Err().Error()
			}
			if got != c.want || d.Next() {
				t.Errorf("error %q, want %q", got, c.want)
			}
		})
	}
}

// walk goes into every attribute with the number 3.
func walk(d *Decoder) {
	for d.Next() {
		if d.Type() == 3 {
			f := d.Enter()
			walk(d)
			d.Leave(f)
		}
	}
}

func TestDecoderErrorsStay(t *testing.T) {
	inner := h(1, 1) + "a\x00\x00\x00" + h(2, 0)
	d := NewDecoder([]byte(h(3, len(inner)+4) + h(4, len(inner)) + inner + h(5, 0)))
	d.Next()
	f := d.Enter()
	d.Next()
	g := d.Enter()
	d.Next()
	if d.Uint32(); d.Next() {
		t.Error("goes on after an error")
	}
	d.Fail(io.EOF)
	if d.Uint8(); d.Next() {
		t.Error("goes on after an error")
	}
	d.Leave(g)
	if d.Next() {
		t.Error("goes on after an error")
	}
	d.Leave(f)
	if d.Next() || d.Err() == nil || d.Err().Error() != "attribute 3.4.1 (offset 8): payload has the wrong length" {
		t.Error(d.Err())
	}
	if f = d.Enter(); d.Next() {
		t.Error("goes on after an error")
	}
	d.Leave(f)
	if d.Err().Error() != "attribute 3.4.1 (offset 8): payload has the wrong length" {
		t.Error("an error is blamed on what was entered later: ", d.Err())
	}
	d.Reset([]byte(h(1, 0)), nil)
	if !d.Next() || d.Err() != nil {
		t.Error("an error stays after Reset")
	}
}

func TestDecoderDepth(t *testing.T) {
	b := ""
	for range MaxDepth + 2 {
		b = h(3, len(b)) + b
	}
	d := NewDecoder([]byte(b))
	walk(&d)
	var e *Error
	if !errors.As(d.Err(), &e) || !errors.Is(e, ErrTooDeep) || len(e.Path) != MaxDepth+1 || e.Offset != 4*MaxDepth {
		t.Errorf("%v", d.Err())
	}
	d = NewDecoder([]byte(b[8:]))
	if walk(&d); d.Err() != nil {
		t.Error(d.Err())
	}
}

func TestDecoderHeader(t *testing.T) {
	d := NewDecoder([]byte("abcdef\x00\x00" + h(1, 0)))
	if got := string(d.Header(6)); got != "abcdef" || !d.Next() || d.Type() != 1 || d.Offset() != 8 || d.Next() || d.Err() != nil {
		t.Errorf("%q %v", got, d.Err())
	}
	d = NewDecoder([]byte("abcde"))
	if got := string(d.Header(5)); got != "abcde" || d.Next() || d.Err() != nil {
		t.Errorf("%q %v", got, d.Err())
	}
	d = NewDecoder([]byte("abc"))
	if got := string(d.Header(5)); got != "\x00\x00\x00\x00\x00" || d.Next() || d.Err() == nil || d.Err().Error() != "offset 0: attribute is truncated" {
		t.Errorf("%q %v", got, d.Err())
	}
	// A sub-message with a header in a nest.
	d = NewDecoder([]byte(h(1, 0) + h(2, 2) + "ab"))
	d.Next()
	d.Next()
	f := d.Enter()
	if d.Header(4); d.Next() {
		t.Error("goes on after an error")
	}
	d.Leave(f)
	if d.Err().Error() != "attribute 2 (offset 8): attribute is truncated" {
		t.Error(d.Err())
	}
}

func TestDecoderCounts(t *testing.T) {
	b := h(1, 0) + h(2, 9) + h(7, 0) + h(1, 0) + "x\x00\x00\x00" + h(0x8001, 0) + h(3, 0) + h(1, 0) + "\x00"
	d := NewDecoder([]byte(b))
	d.Next()
	if n := d.Count(); n != 3 {
		t.Errorf("%d times 1", n)
	}
	d.Next()
	if n := d.Members(); n != 2 {
		t.Errorf("%d members", n)
	}
	if n := d.Count(); n != 1 {
		t.Errorf("%d times 2", n)
	}
	d.Next()
	if n := d.Count(); n != 2 || d.Members() != 0 {
		t.Errorf("%d times 1", n)
	}
}

func TestDecoderUnknown(t *testing.T) {
	var e Encoder
	e.Raw([]Attr{{Type: 1, Data: []byte("a")}, {Type: 0x8002, Data: []byte{}}, {Type: 0x4003, Data: []byte("abc")}})
	in, _ := e.Finish()
	d := NewDecoder(in)
	var list []Attr
	for d.Next() {
		list = d.Unknown(list)
	}
	if len(list) != 3 || list[2].Number() != 3 || list[1].Type != 0x8002 {
		t.Errorf("%v", list)
	}
	e.Reset(nil)
	e.Raw(list)
	if out, _ := e.Finish(); string(out) != string(in) {
		t.Errorf("%x, want %x", out, in)
	}
	clear(in)
	if string(list[2].Data) != "abc" {
		t.Error("the data is not a copy")
	}
}

// The padding of the last attribute may be missing, at the end of the input as at that of a nest. Nothing is read beyond, and nothing
// complained of.
func TestDecoderPadding(t *testing.T) {
	last := n16(5) + n16(2) + "x"
	nest := n16(uint16(4+len(last))) + n16(1) + last
	d := NewDecoder([]byte(nest + "\x00\x00\x00" + last))
	ended := func(where string) {
		t.Helper()
		var rec Frame
		if n := d.Count(); n != 1 || len(d.Rest()) != 0 || d.Next() || d.NextRecord(&rec, 4, 0) || d.Err() != nil {
			t.Errorf("%s: %d attributes, %d bytes, %v", where, n, len(d.Rest()), d.Err())
		}
	}
	for range 2 {
		if !d.Next() {
			t.Fatal(d.Err())
		}
		if d.Type() == 2 {
			continue
		}
		f := d.Enter()
		if !d.Next() || d.Uint8() != 'x' {
			t.Fatal(d.Err())
		}
		ended("nest")
		if !d.Close(f, nil) {
			t.Error("the nest is odd")
		}
	}
	ended("input")
	// A header that is missing behind it is told with an offset that exists.
	var e *Error
	if b := d.Header(4); len(b) != 4 || !errors.As(d.Err(), &e) || e.Offset != len(nest)+3+len(last) {
		t.Errorf("%v", d.Err())
	}
}

// Where reading ended says nothing of a nest that is read later.
func TestDecoderResumeAfterEnd(t *testing.T) {
	inner := n16(8) + n16(7) + "abcd"
	d := NewDecoder([]byte(n16(uint16(4+2*len(inner))) + n16(1) + inner + inner))
	if !d.Next() {
		t.Fatal(d.Err())
	}
	skipped := d.Skip()
	if d.Next() {
		t.Fatal("there is one more")
	}
	now := d.Resume(skipped)
	f := d.Enter()
	for n := 2; d.Next(); n-- {
		if err := d.Err(); err != nil || n == 0 {
			t.Fatal(n, err)
		}
	}
	d.Leave(f)
	d.Return(now)
	if err := d.Err(); err != nil {
		t.Error(err)
	}
}

// TestDecoderSkip reads a sub-message before its selector.
func TestDecoderSkip(t *testing.T) {
	data := h(9, 1) + "d\x00\x00\x00"
	d := NewDecoder([]byte(h(2, len(data)) + data + h(1, 1) + "k\x00\x00\x00" + h(4, 0)))
	var skipped Frame
	var got []string
	for d.Next() {
		switch d.Type() {
		case 2:
			skipped = d.Skip()
		case 1:
			got = append(got, d.String())
			now := d.Resume(skipped)
			f := d.Enter()
			for d.Next() {
				got = append(got, d.String(), fmt.Sprint(d.Offset()))
			}
			d.Leave(f)
			d.Return(now)
		default:
			got = append(got, fmt.Sprint(d.Type()))
		}
	}
	if d.Err() != nil || strings.Join(got, " ") != "k d 4 4" {
		t.Error(got, d.Err())
	}
	// An error inside ends everything.
	d = NewDecoder([]byte(h(2, 2) + "xx\x00\x00" + h(1, 0) + h(4, 0)))
	d.Next()
	skipped = d.Skip()
	d.Next()
	now := d.Resume(skipped)
	f := d.Enter()
	d.Next()
	d.Leave(f)
	d.Return(now)
	if d.Next() || d.Err() == nil || d.Err().Error() != "attribute 2 (offset 4): trailing bytes after the last attribute" {
		t.Error(d.Err())
	}
}

func TestDecoderRecords(t *testing.T) {
	record := func(n int, rest string) string { return n16(uint16(n)) + "ab" + rest }
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 0, ""},
		{record(4, ""), 1, "ab"},
		{record(9, h(1, 1)+"x") + "\x00\x00\x00" + record(4, ""), 2, "ab x ab"},
		{record(3, ""), 0, "attribute 6 (offset 4): attribute is truncated"},
		{record(5, ""), 0, "attribute 6 (offset 4): attribute is truncated"},
		{record(4, "") + "x", 1, "attribute 6 (offset 8): trailing bytes after the last attribute"},
		{record(6, "xx"), 1, "attribute 6 (offset 8): trailing bytes after the last attribute"},
	} {
		d := NewDecoder([]byte(h(6, len(c.in)) + c.in))
		d.Next()
		if n := d.Records(4, 0); n != c.n {
			t.Errorf("%x: %d records", c.in, n)
		}
		var got []string
		f := d.Enter()
		var r Frame
		for d.NextRecord(&r, 4, 0) {
			got = append(got, string(d.Header(4)[2:]))
			for d.Next() {
				got = append(got, d.String())
			}
			d.LeaveRecord(&r)
		}
		d.Leave(f)
		text := strings.Join(got, " ")
		if d.Err() != nil {
			text = d.Err().Error()
		}
		if text != c.want || d.Next() {
			t.Errorf("%x: %s, want %s", c.in, text, c.want)
		}
	}
}
