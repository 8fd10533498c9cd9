package nlattr

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

type thing struct {
	a, b uint32
	list []uint16
}

// decodeThing is what generated code does: a nest with two scalars, a list and a
// name.
func decodeThing(d *Decoder) (*thing, string) {
	x, name := New[thing](d), ""
	for d.Next() {
		switch d.Type() {
		case 1:
			x.a = d.Uint32()
		case 2:
			x.b = d.Uint32()
		case 3:
			if x.list == nil {
				x.list = MakeSlice[uint16](d, d.Count())
			}
			x.list = append(x.list, d.Uint16())
		case 4:
			name = d.String()
		}
	}
	return x, name
}

func thingBytes(i int) []byte {
	var e Encoder
	e.Uint32(1, uint32(i))
	e.Uint32(2, uint32(2*i))
	for j := range i%5 + 1 {
		e.Uint16(3, uint16(i+j))
	}
	e.String(4, fmt.Sprint("eth", i%7))
	b, _ := e.Finish()
	return b
}

func checkThing(t *testing.T, x *thing, name string, i int) {
	t.Helper()
	ok := x.a == uint32(i) && x.b == uint32(2*i) && len(x.list) == i%5+1 && name == fmt.Sprint("eth", i%7)
	for j, v := range x.list {
		ok = ok && v == uint16(i+j)
	}
	if !ok {
		t.Fatalf("thing %d is %v %q", i, *x, name)
	}
}

// TestSlabsKeep decodes many messages into one arena and looks at the values
// when all are there.
func TestSlabsKeep(t *testing.T) {
	for _, a := range []*Arena{nil, NewSlabs()} {
		var things []*thing
		var names []string
		for i := range 1000 {
			var d Decoder
			b := thingBytes(i)
			d.Reset(b, a)
			x, name := decodeThing(&d)
			things, names = append(things, x), append(names, name)
			clear(b)
			if a != nil {
				a.Rewind() // does nothing
			}
		}
		for i := range things {
			checkThing(t, things[i], names[i], i)
		}
	}
}

// TestNoBytes decodes an attribute without bytes as the first of all: it is there.
func TestNoBytes(t *testing.T) {
	for _, a := range []*Arena{nil, NewSlabs(), NewScratch()} {
		var d Decoder
		d.Reset([]byte(h(1, 0)), a)
		if !d.Next() || d.Bytes() == nil {
			t.Errorf("%+v: no bytes are nil", a)
		}
	}
}

// TestSlabsAppend appends to a slice of an arena: its neighbour must stay.
func TestSlabsAppend(t *testing.T) {
	for _, a := range []*Arena{NewSlabs(), NewScratch()} {
		var d Decoder
		d.Reset(nil, a)
		x := append(MakeSlice[uint32](&d, 2), 1, 2)
		y := append(MakeSlice[uint32](&d, 2), 3, 4)
		x = append(x, 5)
		if y[0] != 3 || len(x) != 3 || cap(MakeSlice[uint32](&d, 0)) != 0 {
			t.Errorf("%v %v", x, y)
		}
	}
}

func TestSlabsAreFew(t *testing.T) {
	b := thingBytes(4)
	n := testing.AllocsPerRun(10, func() {
		a := NewSlabs()
		for range 640 {
			var d Decoder
			d.Reset(b, a)
			New[thing](&d)
		}
	})
	if n > 20 {
		t.Errorf("%v allocations for 640 values", n)
	}
}

// TestScratch decodes into an arena that is rewound: values are zero, not those
// of the last round.
func TestScratch(t *testing.T) {
	a := NewScratch()
	for round := range 5 {
		for i := range 300 {
			var d Decoder
			d.Reset(thingBytes(i), a)
			x, name := decodeThing(&d)
			checkThing(t, x, name, i)
			if i%3 == round%3 {
				a.Rewind()
			}
		}
	}
}

// TestScratchKeepsWithinOneRound has more values in a round than fit a slab.
func TestScratchKeepsWithinOneRound(t *testing.T) {
	a := NewScratch()
	for range 3 {
		var things []*thing
		var names []string
		for i := range 500 {
			var d Decoder
			d.Reset(thingBytes(i), a)
			x, name := decodeThing(&d)
			things, names = append(things, x), append(names, name)
		}
		for i := range things {
			checkThing(t, things[i], names[i], i)
		}
		a.Rewind()
	}
}

func TestScratchBorrows(t *testing.T) {
	in := []byte(h(1, 2) + "ab\x00\x00" + h(2, 2) + "cd")
	var d Decoder
	d.Reset(in, NewScratch())
	d.Next()
	b := d.Bytes()
	if &b[0] != &in[4] || cap(b) != 2 {
		t.Error("the bytes are a copy, or reach too far")
	}
	list := d.Unknown(nil)
	if &list[0].Data[0] != &in[4] {
		t.Error("the bytes are a copy")
	}
	d.Reset(in, NewSlabs())
	d.Next()
	if b := d.Bytes(); &b[0] == &in[4] {
		t.Error("the bytes are borrowed")
	}
}

func TestInterning(t *testing.T) {
	a := NewScratch()
	get := func(s string) string {
		var d Decoder
		b := []byte(h(1, len(s)) + s)
		d.Reset(b, a)
		d.Next()
		got := d.String()
		clear(b)
		if got != s {
			t.Fatalf("%q, want %q", got, s)
		}
		return got
	}
	x := get("eth0")
	a.Rewind()
	if y := get("eth0"); unsafe.StringData(x) != unsafe.StringData(y) {
		t.Error("the same string was made twice")
	}
	// Far more strings than there are places, among them long ones: all of them
	// stay what they are.
	var all []string
	for i := range 20000 {
		all = append(all, get(strings.Repeat("x", i%90)+fmt.Sprint(i)))
	}
	for i, s := range all {
		if s != strings.Repeat("x", i%90)+fmt.Sprint(i) {
			t.Fatalf("string %d became %q", i, s)
		}
	}
	if get("") != "" {
		t.Error("empty")
	}
}

// TestNoAllocations encodes and decodes with everything warm.
func TestNoAllocations(t *testing.T) {
	buf := make([]byte, 0, 1024)
	mac := []byte{1, 2, 3, 4, 5, 6}
	list := []uint16{1, 2, 3}
	var out []byte
	encode := func() {
		var e Encoder
		e.Reset(buf)
		e.Extend(12)
		e.Uint32(1, 1)
		e.Uint(2, 1)
		e.String(3, "eth0")
		n := e.Begin(4)
		e.Bytes(5, mac)
		e.End(n)
		PutArray[uint16](&e, 6, list)
		out, _ = e.Finish()
	}
	if n := testing.AllocsPerRun(100, encode); n != 0 {
		t.Errorf("%v allocations encoding", n)
	}
	a := NewScratch()
	decode := func() {
		a.Rewind()
		var d Decoder
		d.Reset(out, a)
		d.Header(12)
		for d.Next() {
			switch d.Type() {
			case 1:
				d.Uint32()
			case 2:
				d.Uint()
			case 3:
				_ = d.String()
			case 4:
				f := d.Enter()
				x := New[thing](&d)
				for d.Next() {
					x.a += uint32(len(d.Bytes()))
				}
				d.Leave(f)
			case 6:
				Array[uint16, uint16](&d)
			}
		}
		d.Reset(thingBytes4, a)
		decodeThing(&d)
		d.Reset(thingBytes4, a)
		var unknown []Attr
		for d.Next() {
			unknown = d.Unknown(unknown)
		}
	}
	decode()
	decode()
	if n := testing.AllocsPerRun(100, decode); n != 0 {
		t.Errorf("%v allocations decoding", n)
	}
}

var thingBytes4 = thingBytes(4)
