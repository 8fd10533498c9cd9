package nlattr

import (
	"errors"
	"slices"
	"testing"
)

type wide uint32

type signed int16

// array encodes with put and decodes with take.
func array[T Integer](t *testing.T, put func(*Encoder, uint16, []T), take func(*Decoder) []T, v []T) (wire []byte, back []T) {
	t.Helper()
	var e Encoder
	put(&e, 5, v)
	b, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	d := NewDecoder(b)
	if !d.Next() || d.Type() != 5 {
		t.Fatalf("no attribute in %x", b)
	}
	wire, back = d.Payload(), take(&d)
	if d.Next() || d.Err() != nil {
		t.Fatalf("after the array: %v", d.Err())
	}
	return wire, back
}

func TestArrays(t *testing.T) {
	check := func(name string, ok bool) {
		t.Helper()
		if !ok {
			t.Error(name)
		}
	}
	v16 := []uint16{1, 0x203, 0xffff}
	wire, back := array(t, PutArrayBE[uint16, uint16], ArrayBE[uint16, uint16], v16)
	check("u16 big-endian", slices.Equal(wire, []byte{0, 1, 2, 3, 0xff, 0xff}) && slices.Equal(back, v16))
	wire, back = array(t, PutArrayLE[uint16, uint16], ArrayLE[uint16, uint16], v16)
	check("u16 little-endian", slices.Equal(wire, []byte{1, 0, 3, 2, 0xff, 0xff}) && slices.Equal(back, v16))
	_, back = array(t, PutArray[uint16, uint16], Array[uint16, uint16], v16)
	check("u16", slices.Equal(back, v16))

	v8 := []wide{0, 7, 255}
	wire, backWide := array(t, PutArray[uint8, wide], Array[uint8, wide], v8)
	check("u8 of an enum", slices.Equal(wire, []byte{0, 7, 255}) && slices.Equal(backWide, v8))
	wire, backWide = array(t, PutArrayBE[uint8, wide], ArrayBE[uint8, wide], v8)
	check("u8 big-endian", slices.Equal(wire, []byte{0, 7, 255}) && slices.Equal(backWide, v8))

	s8 := []signed{-1, -128, 127}
	wire, backSigned := array(t, PutArray[int8, signed], Array[int8, signed], s8)
	check("s8 of a wider type", slices.Equal(wire, []byte{0xff, 0x80, 0x7f}) && slices.Equal(backSigned, s8))

	v32 := []int32{-1, 1 << 30}
	wire, back32 := array(t, PutArrayBE[int32, int32], ArrayBE[int32, int32], v32)
	check("s32 big-endian", slices.Equal(wire, []byte{0xff, 0xff, 0xff, 0xff, 0x40, 0, 0, 0}) && slices.Equal(back32, v32))
	_, back32 = array(t, PutArray[int32, int32], Array[int32, int32], v32)
	check("s32", slices.Equal(back32, v32))

	v64 := []uint64{1, 1<<63 + 2}
	_, back64 := array(t, PutArray[uint64, uint64], Array[uint64, uint64], v64)
	check("u64", slices.Equal(back64, v64))
	wire, back64 = array(t, PutArrayLE[uint64, uint64], ArrayLE[uint64, uint64], v64)
	check("u64 little-endian", wire[0] == 1 && wire[15] == 0x80 && slices.Equal(back64, v64))
	_, back64 = array(t, PutArray[uint64, uint64], Array[uint64, uint64], []uint64{})
	check("empty", len(back64) == 0)
}

func TestArrayErrors(t *testing.T) {
	var e Encoder
	PutArray[uint8](&e, 5, []wide{1, 256})
	if err := e.Err(); !errors.Is(err, ErrRange) {
		t.Errorf("256 as u8: %v", err)
	}
	e = Encoder{}
	PutArray[int8](&e, 5, []signed{128})
	if err := e.Err(); !errors.Is(err, ErrRange) {
		t.Errorf("128 as s8: %v", err)
	}
	e = Encoder{}
	PutArray[uint64](&e, 5, make([]uint64, 9000))
	if err := e.Err(); !errors.Is(err, ErrTooLong) {
		t.Errorf("9000 u64: %v", err)
	}
	e = Encoder{}
	e.Bytes(5, []byte{1, 2, 3})
	d := NewDecoder(e.b)
	d.Next()
	if v := Array[uint16, uint16](&d); len(v) != 0 || !errors.Is(d.Err(), ErrLength) {
		t.Errorf("3 bytes as u16: %v, %v", v, d.Err())
	}
}

func TestFit(t *testing.T) {
	var e Encoder
	if n := Fit[uint8](&e, 5, wide(255)); n != 255 || e.Err() != nil {
		t.Errorf("%d, %v", n, e.Err())
	}
	Fit[uint8](&e, 5, wide(256))
	if err := e.Err(); err == nil || err.Error() != "attribute 5 (offset 0): value does not fit: 256" {
		t.Errorf("error is %v", err)
	}
	e = Encoder{}
	nest := e.Begin(9)
	FitMember[uint8](&e, "flags", wide(256))
	e.End(nest)
	if err := e.Err(); err == nil || err.Error() != "attribute 9 (offset 4): flags: value does not fit: 256" {
		t.Errorf("error is %v", err)
	}
}
