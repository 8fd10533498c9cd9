package dynamic

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// fuzzed are the specs that the fuzz targets run with: theirs is the one with
// every construct, and large real ones.
func fuzzed(f *testing.F) []*Codec {
	return []*Codec{all(f), read(f, "../../specs/rt-link.yaml"), read(f, "../../specs/rt-route.yaml"), read(f, "../../specs/nlctrl.yaml")}
}

// FuzzDecode decodes any bytes. What can be decoded can be encoded, and is the
// same when it is decoded again; errors point into the bytes.
func FuzzDecode(f *testing.F) {
	codecs := fuzzed(f)
	rng := rand.New(rand.NewPCG(3, 3))
	for i, c := range codecs {
		for _, m := range c.Family.Messages {
			if b, err := c.Append(nil, m.Op, c.Random(rng, m, RandomOptions{Unknown: true})); err == nil {
				f.Add(uint8(i), b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		c := codecs[int(which)%len(codecs)]
		op := c.Family.Ops[int(which)/len(codecs)%len(c.Family.Ops)]
		if _, err := c.Decode(op, b); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) {
				t.Fatalf("%d bytes: %v", len(b), err)
			}
		}
		o, misfits, err := c.DecodeLenient(op, b)
		for _, m := range misfits {
			if e := m.(*Error); e.Offset < 0 || e.Offset > len(b) || e.Path == "" {
				t.Fatalf("%d bytes: %v", len(b), m)
			}
		}
		if err != nil {
			return
		}
		text := AppendJSON(nil, o)
		if len(text) > 1000+120*len(b)+4096*len(c.Family.Structs) {
			t.Fatalf("%d bytes become %d bytes of JSON", len(b), len(text))
		}
		again, err := c.Append(nil, op, o)
		if err != nil {
			// What repeats, or lost a length, need not fit an attribute any more.
			return
		}
		back, _, err := c.DecodeLenient(op, again)
		if err != nil {
			t.Fatalf("%s\nbecomes %x: %v", text, again, err)
		}
		if got := AppendJSON(nil, back); len(misfits) == 0 && !bytes.Equal(got, text) {
			t.Fatalf("%x becomes\n%s\n%x becomes\n%s", b, text, again, got)
		}
	})
}

// FuzzEncode encodes any JSON. What can be encoded can be decoded.
func FuzzEncode(f *testing.F) {
	codecs := fuzzed(f)
	rng := rand.New(rand.NewPCG(4, 4))
	for i, c := range codecs {
		for _, m := range c.Family.Messages {
			f.Add(uint8(i), AppendJSON(nil, c.Random(rng, m, RandomOptions{Unknown: true})))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		c := codecs[int(which)%len(codecs)]
		op := c.Family.Ops[int(which)/len(codecs)%len(c.Family.Ops)]
		o := new(Object)
		if err := o.UnmarshalJSON(text); err != nil {
			return
		}
		AppendText(nil, o)
		b, err := c.Append(nil, op, o)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset != -1 {
				t.Fatal(err)
			}
			return
		}
		if _, _, err := c.DecodeLenient(op, b); err != nil {
			t.Fatalf("%s becomes %x: %v", text, b, err)
		}
	})
}
