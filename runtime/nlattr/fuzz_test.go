package nlattr

import (
	"bytes"
	"testing"
)

// attempt calls every accessor of the current attribute, each on a decoder of
// its own, since the first that does not fit ends it.
func attempt(t *testing.T, d *Decoder) {
	for _, f := range []func(d *Decoder){
		func(d *Decoder) { d.Uint8() }, func(d *Decoder) { d.Uint16() }, func(d *Decoder) { d.Uint16BE() },
		func(d *Decoder) { d.Uint16LE() }, func(d *Decoder) { d.Uint32() }, func(d *Decoder) { d.Uint32BE() },
		func(d *Decoder) { d.Uint32LE() }, func(d *Decoder) { d.Uint64() }, func(d *Decoder) { d.Uint64BE() },
		func(d *Decoder) { d.Uint64LE() }, func(d *Decoder) { d.Uint() }, func(d *Decoder) { d.Int() },
		func(d *Decoder) { d.UintBE() }, func(d *Decoder) { d.IntLE() }, func(d *Decoder) { d.Bitfield32() },
		func(d *Decoder) { d.Addr() }, func(d *Decoder) { d.Addr4() },
		func(d *Decoder) { Array[uint32, uint64](d) }, func(d *Decoder) { ArrayBE[uint16, uint16](d) },
		func(d *Decoder) { d.Header(8); d.Next() },
		func(d *Decoder) {
			f := d.Enter()
			var r Frame
			for d.NextRecord(&r, 8, 0) {
				d.Header(8)
				for d.Next() {
					_ = d.Bytes()
				}
				d.LeaveRecord(&r)
			}
			d.Leave(f)
		},
	} {
		c := *d
		f(&c)
		if err := c.Err(); err != nil {
			if e := err.(*Error); e.Offset < 0 || e.Offset > len(d.b) || e.Error() == "" {
				t.Fatalf("%v: offset %d of %d", err, e.Offset, len(d.b))
			}
		}
	}
	if b := d.Bytes(); len(d.String()) > len(b) || !bytes.Equal(b, d.Payload()) {
		t.Fatal("Bytes and String disagree")
	}
	if d.Count() < 1 || d.Members() > len(d.Payload())/HeaderLen || d.Records(8, 2) > len(d.Payload())/8 {
		t.Fatal("counts")
	}
}

// copyAttrs writes what d reads, going into what is flagged as a nest if into
// says so, and counts the attributes. The path leads to where it is.
func copyAttrs(t *testing.T, d *Decoder, e *Encoder, into bool) (n int) {
	for d.Next() {
		n++
		attempt(t, d)
		if !into || d.RawType()&Nested == 0 {
			e.Bytes(d.RawType(), d.Payload())
			continue
		}
		nest := e.BeginRaw(d.RawType())
		f := d.Enter()
		n += copyAttrs(t, d, e, into)
		d.Leave(f)
		e.End(nest)
	}
	return n
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte(h(1, 4)+"abcd"+h(0x8002, 8)+h(3, 3)+"ab\x00\x00"), true)
	f.Add([]byte(h(1, 1)+"a"), false)
	f.Add([]byte(h(0x8001, 9)+h(0x8001, 1)+"a\x00\x00\x00"), true)
	f.Add([]byte(h(1, 16)+n16(12)+"ababab"+h(1, 0)+n16(8)+"abcdef"), true)
	f.Fuzz(func(t *testing.T, b []byte, scratch bool) {
		in := bytes.Clone(b)
		a := NewSlabs()
		if scratch {
			a = NewScratch()
		}
		for _, into := range []bool{false, true} {
			var d Decoder
			d.Reset(in, a)
			var e Encoder
			n := copyAttrs(t, &d, &e, into)
			if !bytes.Equal(in, b) {
				t.Fatal("the input was changed")
			}
			if n > len(b)/HeaderLen {
				t.Fatalf("%d attributes in %d bytes", n, len(b))
			}
			out, err := e.Finish()
			if d.Err() != nil {
				continue
			}
			if err != nil {
				// A nest without its last padding can grow beyond the longest.
				if len(b) < MaxLen-2*MaxDepth {
					t.Fatal(err)
				}
				continue
			}
			// What was written is read as the same.
			var again Encoder
			second := NewDecoder(out)
			if m := copyAttrs(t, &second, &again, into); m != n || second.Err() != nil {
				t.Fatalf("%d attributes, then %d: %v", n, m, second.Err())
			}
			if twice, err := again.Finish(); err != nil || !bytes.Equal(out, twice) {
				t.Fatalf("%x, then %x: %v", out, twice, err)
			}
		}
	})
}
