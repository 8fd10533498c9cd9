package nlattr_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A nest that holds something else spoils neither the message nor what stands
// around it, and is kept as it came.
func TestCloseKeepsOddNest(t *testing.T) {
	e := nlattr.NewEncoder(nil)
	outer := e.Begin(1)
	e.Bytes(2, []byte{0xff, 0xff, 0, 0}) // a length beyond the payload
	e.Uint32(3, 7)
	e.End(outer)
	e.Uint8(4, 9)
	msg, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}

	var inner uint32
	var last uint8
	var unknown []nlattr.Attr
	d := nlattr.NewDecoder(msg)
	for d.Next() {
		switch d.Type() {
		case 1:
			nest := d.Enter()
			for d.Next() {
				switch d.Type() {
				case 2:
					odd := d.Enter()
					for d.Next() {
						t.Error("an attribute in the odd nest")
					}
					if d.Close(odd, &unknown) {
						t.Error("Close of the odd nest reports that it could be read")
					}
				case 3:
					inner = d.Uint32()
				}
			}
			if !d.Close(nest, &unknown) {
				t.Error("the outer nest is odd, too")
			}
		case 4:
			last = d.Uint8()
		}
	}
	if err := d.Err(); err != nil {
		t.Errorf("the message has the error %v", err)
	}
	if inner != 7 || last != 9 {
		t.Errorf("behind the odd nest: %d, %d, want 7, 9", inner, last)
	}
	if len(unknown) != 1 || unknown[0].Number() != 2 || !bytes.Equal(unknown[0].Data, []byte{0xff, 0xff, 0, 0}) {
		t.Errorf("kept: %v", unknown)
	}
}

// Close forgets only what went wrong inside the nest.
func TestCloseKeepsEarlierError(t *testing.T) {
	e := nlattr.NewEncoder(nil)
	nest := e.Begin(1)
	e.Uint8(2, 1)
	e.End(nest)
	msg, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	d := nlattr.NewDecoder(msg)
	d.Next()
	cause := errors.New("an earlier error")
	d.Fail(cause)
	f := d.Enter()
	if d.Close(f, nil) {
		t.Error("Close reports success after an earlier error")
	}
	if !errors.Is(d.Err(), cause) {
		t.Errorf("Err() = %v, want %v", d.Err(), cause)
	}
	if d.Next() {
		t.Error("Next goes on after an error")
	}
}
