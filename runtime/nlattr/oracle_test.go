package nlattr

import (
	"bytes"
	"math"
	"testing"

	"github.com/mdlayher/netlink"
)

// TestNetlinkReads has the decoder of another library read what Encoder writes,
// and Decoder what its encoder writes.
func TestNetlinkReads(t *testing.T) {
	var e Encoder
	e.Uint8(1, 0xab)
	e.Uint16(2, 0xabcd)
	e.Uint32(3, 0xabcdef01)
	e.Uint64(4, math.MaxUint64-1)
	e.Int32(5, -5)
	e.String(6, "eth0")
	e.Flag(7)
	e.Bytes(8, []byte{1, 2, 3, 4, 5})
	n := e.Begin(9)
	e.Uint16(1, 7)
	e.String(2, "inner")
	e.End(n)
	ours, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}

	o := netlink.NewAttributeEncoder()
	o.Uint8(1, 0xab)
	o.Uint16(2, 0xabcd)
	o.Uint32(3, 0xabcdef01)
	o.Uint64(4, math.MaxUint64-1)
	o.Int32(5, -5)
	o.String(6, "eth0")
	o.Flag(7, true)
	o.Bytes(8, []byte{1, 2, 3, 4, 5})
	o.Nested(9, func(o *netlink.AttributeEncoder) error {
		o.Uint16(1, 7)
		o.String(2, "inner")
		return nil
	})
	theirs, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours, theirs) {
		t.Errorf("ours   %x\ntheirs %x", ours, theirs)
	}

	d, err := netlink.NewAttributeDecoder(ours)
	if err != nil {
		t.Fatal(err)
	}
	read := NewDecoder(theirs)
	for read.Next() {
		if !d.Next() || d.Type() != read.Type() || !bytes.Equal(d.Bytes(), read.Payload()) {
			t.Fatalf("attribute %d: %x", read.Type(), read.Payload())
		}
		switch d.Type() {
		case 1:
			same(t, d.Uint8(), read.Uint8())
		case 2:
			same(t, d.Uint16(), read.Uint16())
		case 3:
			same(t, d.Uint32(), read.Uint32())
		case 4:
			same(t, d.Uint64(), read.Uint64())
		case 5:
			same(t, d.Int32(), read.Int32())
		case 6:
			same(t, d.String(), read.String())
		case 9:
			d.Nested(func(d *netlink.AttributeDecoder) error {
				f := read.Enter()
				for read.Next() {
					if !d.Next() || d.Type() != read.Type() || !bytes.Equal(d.Bytes(), read.Payload()) {
						t.Fatalf("attribute 9.%d: %x", read.Type(), read.Payload())
					}
				}
				read.Leave(f)
				return nil
			})
		}
	}
	if d.Next() || d.Err() != nil || read.Err() != nil {
		t.Errorf("%v %v", d.Err(), read.Err())
	}
}

func same[T comparable](t *testing.T, a, b T) {
	t.Helper()
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
}

// FuzzOracle compares what is read from bytes, and which bytes are refused, with
// the other library.
func FuzzOracle(f *testing.F) {
	f.Add([]byte(h(1, 4) + "abcd" + h(0x8002, 1) + "a\x00\x00\x00"))
	f.Add([]byte(h(1, 1) + "a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ours := NewDecoder(b)
		var got []Attr
		for ours.Next() {
			got = ours.Unknown(got)
		}
		d, err := netlink.NewAttributeDecoder(b)
		if err != nil || ours.Err() != nil {
			return // It takes attributes of length 0.
		}
		i := 0
		for d.Next() {
			if i >= len(got) || got[i].Number() != d.Type() || !bytes.Equal(got[i].Data, d.Bytes()) {
				t.Fatalf("attribute %d of %x: %v, want %d %x", i, b, got, d.Type(), d.Bytes())
			}
			i++
		}
		if d.Err() == nil && i != len(got) {
			t.Fatalf("%d attributes of %x, want %d", len(got), b, i)
		}
	})
}
