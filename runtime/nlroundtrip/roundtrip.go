// Package nlroundtrip tests message types: what is encoded, validated and decoded
// must come out as it went in, and no input may do harm. Generated packages hand
// it a table of their messages.
//
// It is for tests only. It knows nothing of sockets and of what messages mean.
package nlroundtrip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Message is what all generated message types can do.
type Message interface {
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

// Case is a message type with samples of it.
type Case struct {
	// Name tells the case from others.
	Name     string
	picks    int
	shadowed bool
	// sample returns the sample with the given number, zero an empty value, and
	// null a nil pointer.
	sample func(pick int) Message
	zero   func() Message
	null   func() Message
}

// One returns the case of a type with a single sample.
func One[T any, P interface {
	*T
	Message
}](name string, sample func() P) Case {
	return Each(name, 1, func(int) P { return sample() })
}

// Each returns the case of a type with several samples, numbered from 0.
func Each[T any, P interface {
	*T
	Message
}](name string, picks int, sample func(pick int) P) Case {
	return Case{
		Name:   name,
		picks:  picks,
		sample: func(pick int) Message { return sample(pick) },
		zero:   func() Message { return P(new(T)) },
		null:   func() Message { return P(nil) },
	}
}

// Shadowed returns the case of a type that JSON does not hold all of: some fixed
// header has a member with the name of an attribute behind it, and in the JSON of
// the kernel's ynl tool both share one object.
func (c Case) Shadowed() Case {
	c.shadowed = true
	return c
}

// Run takes every sample of every case to bytes and back.
func Run(t *testing.T, cases []Case) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.empty(); err != nil {
				t.Error(err)
			}
			for pick := range c.picks {
				if err := c.roundTrip(pick); err != nil {
					t.Fatalf("sample %d: %v", pick, err)
				}
			}
		})
	}
}

// empty checks that a nil message encodes as an empty one.
func (c Case) empty() error {
	zero, err := c.zero().AppendBinary(nil)
	if err != nil {
		return fmt.Errorf("encoding an empty message: %w", err)
	}
	null, err := c.null().AppendBinary(nil)
	if err != nil {
		return fmt.Errorf("encoding a nil message: %w", err)
	}
	if !bytes.Equal(zero, null) {
		return fmt.Errorf("a nil message encodes as %x, an empty one as %x", null, zero)
	}
	return nil
}

// prefix stands before what is encoded, to see that encoding appends.
var prefix = []byte("prefix")

// roundTrip takes one sample to bytes and back.
func (c Case) roundTrip(pick int) error {
	sample := c.sample(pick)
	out, err := sample.AppendBinary(prefix[:len(prefix):len(prefix)])
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if !bytes.HasPrefix(out, prefix) {
		return fmt.Errorf("encoding overwrote what stood in the buffer: %x", out)
	}
	b := out[len(prefix):]
	if v, ok := sample.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("validate: %w", err)
		}
	}
	got := c.zero()
	if err := got.UnmarshalBinary(b); err != nil {
		return fmt.Errorf("decode: %w\n%x", err, b)
	}
	if !reflect.DeepEqual(got, sample) {
		return fmt.Errorf("decoded %+v\nwant %+v\nfrom %x", got, sample, b)
	}
	if err := c.keeps(b); err != nil {
		return err
	}
	if err := c.throughJSON(sample, b); err != nil {
		return err
	}
	for n := range b {
		// Nothing but the absence of a panic is asked for.
		_ = c.zero().UnmarshalBinary(b[:n])
	}
	return nil
}

// unknown is an attribute that no set has: number 16382, with four bytes.
func unknown() []byte {
	var e nlattr.Encoder
	e.Bytes(16382, []byte{1, 2, 3, 4})
	return e.Written()
}

// keeps checks that a message with an attribute that nobody knows keeps it.
func (c Case) keeps(b []byte) error {
	b = slices.Concat(b, make([]byte, -len(b)&3), unknown())
	v := c.zero()
	if err := v.UnmarshalBinary(b); err != nil {
		return fmt.Errorf("decode with an unknown attribute: %w\n%x", err, b)
	}
	again, err := v.AppendBinary(nil)
	if err != nil {
		return fmt.Errorf("encode with an unknown attribute: %w", err)
	}
	if !bytes.Equal(again, b) {
		return fmt.Errorf("decoded and encoded again:\n%x\nwant\n%x", again, b)
	}
	return nil
}

// throughJSON takes a sample to JSON and back. What is read has the order of the
// JSON, and that is the order of the message, so the bytes are the same.
func (c Case) throughJSON(sample Message, b []byte) error {
	text, err := json.Marshal(sample)
	if err != nil {
		return fmt.Errorf("to JSON: %w", err)
	}
	v := c.zero()
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("from JSON: %w\n%s", err, text)
	}
	again, err := v.AppendBinary(nil)
	if err != nil {
		return fmt.Errorf("encode what came from JSON: %w\n%s", err, text)
	}
	if !c.shadowed && !bytes.Equal(again, b) {
		return fmt.Errorf("through JSON:\n%x\nwant\n%x\n%s", again, b, text)
	}
	if second, err := json.Marshal(v); err != nil || !bytes.Equal(second, text) {
		return fmt.Errorf("through JSON and back to it: %w\n%s\nwant\n%s", err, second, text)
	}
	return nil
}

// Fuzz decodes random bytes as every type. What decodes without an error must
// encode, and come out the same when it is decoded and encoded once more.
func Fuzz(f *testing.F, cases []Case) {
	for i, c := range cases {
		b, err := c.sample(0).AppendBinary(nil)
		if err != nil {
			f.Fatalf("%s: encode: %v", c.Name, err)
		}
		f.Add(uint16(i), b)
	}
	f.Fuzz(func(t *testing.T, i uint16, b []byte) {
		c := cases[int(i)%len(cases)]
		v := c.zero()
		if v.UnmarshalBinary(b) != nil {
			return
		}
		first, err := v.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%s: encoding what was decoded: %v\n%x", c.Name, err, b)
		}
		v = c.zero()
		if err := v.UnmarshalBinary(first); err != nil {
			t.Fatalf("%s: decoding what was encoded: %v\n%x", c.Name, err, first)
		}
		second, err := v.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%s: encoding again: %v\n%x", c.Name, err, first)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("%s: encoded again:\n%x\nat first\n%x", c.Name, second, first)
		}
	})
}
