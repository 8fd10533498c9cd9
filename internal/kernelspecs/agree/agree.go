// Package agree compares a generated package with gen/dynamic, message by message: both must make the same bytes of the same JSON, and the
// same JSON of the same bytes. The tests that kernelspecs adds to the packages of its scratch module call it.
//
// It knows generated types by what all of them can do, and nothing of what they are about.
package agree

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Message is what every generated message type can do.
type Message interface {
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
	json.Marshaler
	json.Unmarshaler
}

// Types are the message types of a package by name, as functions that return an empty message.
type Types map[string]func() Message

// Rounds is the variable of the environment that says how many random messages of each type are compared.
const Rounds = "KERNELSPECS_ROUNDS"

// Run compares all messages of the package that a source describes.
func Run(t *testing.T, source Source, types Types) {
	rounds, err := strconv.Atoi(os.Getenv(Rounds))
	if err != nil {
		rounds = 100
	}
	var report diag.Report
	pkg := source.Build(&report)
	if pkg == nil {
		t.Fatalf("%s is no package any more: %v", source.Spec, report.Diagnostics())
	}
	codec := dynamic.New(pkg.Family)
	for _, m := range pkg.Family.Messages {
		t.Run(m.Go, func(t *testing.T) {
			c := newComparison(codec, m, types[m.Go])
			if c.empty == nil {
				t.Fatalf("the package has no type %s", m.Go)
			}
			hash := fnv.New64a()
			hash.Write([]byte(m.Go))
			c.rng = rand.New(rand.NewPCG(1, hash.Sum64()))
			for i := range rounds {
				if err := c.round(i); err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
			}
		})
	}
	if source.Corpus != "" {
		t.Run("corpus", func(t *testing.T) { corpus(t, codec, source, types) })
	}
}

// comparison compares messages of one type.
type comparison struct {
	codec   *dynamic.Codec
	message *ir.Message
	empty   func() Message
	rng     *rand.Rand
}

// newComparison returns the comparison of one message. Replies may have another header and set than requests.
func newComparison(codec *dynamic.Codec, m *ir.Message, empty func() Message) comparison {
	if !m.Request {
		codec = codec.ForReplies()
	}
	return comparison{codec: codec, message: m, empty: empty}
}

// round compares one random message: every second has what the spec does not know, every third attributes that the spec does not list for
// it. Then it goes through the same attributes in another order, and through damaged bytes.
func (c *comparison) round(i int) error {
	options := dynamic.RandomOptions{Unknown: i%2 == 1, Unlisted: i%3 == 2}
	o := c.codec.Random(c.rng, c.message, options)
	text := dynamic.AppendJSON(nil, o)
	b, err := c.codec.Append(nil, c.message.Op, o)
	if err != nil {
		return fmt.Errorf("gen/dynamic cannot encode what it made: %w\n%s", err, text)
	}
	if err := c.equal(text, b, text, b); err != nil {
		return err
	}
	if options.Unlisted {
		b = nil // What the message does not list keeps its order.
	}
	other := c.shuffle(o)
	shuffledText := dynamic.AppendJSON(nil, other)
	shuffled, err := c.codec.Append(nil, c.message.Op, other.(*dynamic.Object))
	if err != nil {
		return fmt.Errorf("gen/dynamic cannot encode what it made: %w\n%s", err, shuffledText)
	}
	if err := c.equal(shuffledText, shuffled, text, b); err != nil {
		return fmt.Errorf("in another order: %w", err)
	}
	for range 2 {
		if err := c.damaged(c.damage(shuffled)); err != nil {
			return fmt.Errorf("damaged: %w\nundamaged %x", err, shuffled)
		}
	}
	return nil
}

// equal hands JSON and bytes to the generated type, and compares what comes back. No bytes are wanted if want is nil.
func (c *comparison) equal(text, b, wantText, want []byte) error {
	x := c.empty()
	if err := x.UnmarshalBinary(b); err != nil {
		return fmt.Errorf("from bytes: %w\n%x\n%s", err, b, text)
	}
	if got, err := x.AppendBinary(nil); err != nil || want != nil && !bytes.Equal(got, want) {
		return fmt.Errorf("from bytes to bytes: %w\n got %x\nwant %x\n%s", err, got, want, wantText)
	}
	got, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("from bytes to JSON: %w\n%x\nwant %s", err, b, wantText)
	}
	if !same(got, wantText) {
		return fmt.Errorf("from bytes to JSON\n got %s\nwant %s\nfrom %x", got, wantText, b)
	}
	x = c.empty()
	if err := json.Unmarshal(text, x); err != nil {
		return fmt.Errorf("from JSON: %w\n%s", err, text)
	}
	if got, err := x.AppendBinary(nil); err != nil || want != nil && !bytes.Equal(got, want) {
		return fmt.Errorf("from JSON to bytes: %w\n got %x\nwant %x\n%s", err, got, want, text)
	}
	return nil
}

// damaged compares what both make of bytes that may not fit the spec. Both keep a nest that is not what the spec says as it is. A scalar
// among the message's own attributes that has the wrong length is an error for generated code, and for gen/dynamic when it is strict.
//
// Bytes in which an attribute repeats that should not are only decoded: which occurrence counts if some of them are odd is up to each.
func (c *comparison) damaged(b []byte) error {
	want, misfits, wantErr := c.codec.DecodeLenient(c.message.Op, b)
	if wantErr == nil {
		again, err := c.codec.Append(nil, c.message.Op, want)
		if err != nil || nlattr.Align(len(again)) != nlattr.Align(len(b)) || c.repeats(b) {
			_ = c.empty().UnmarshalBinary(b)
			return nil
		}
	}
	refused := wantErr != nil
	for _, m := range misfits {
		if e, ok := m.(*dynamic.Error); ok && !strings.Contains(e.Path, ".") {
			refused = true
		}
	}
	x := c.empty()
	err := x.UnmarshalBinary(b)
	if err == nil && wantErr != nil || err != nil && !refused {
		return fmt.Errorf("generated code says %v, gen/dynamic %v, %v\n%x\n%s", err, wantErr, misfits, b, dynamic.AppendJSON(nil, want))
	}
	if err != nil {
		return nil
	}
	got, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("to JSON: %w\n%x", err, b)
	}
	wantText := dynamic.AppendJSON(nil, want)
	// An odd occurrence of a multi-attr stands behind the others in generated types, so with misfits the order is not compared.
	if !equalText(got, wantText, len(misfits) > 0) {
		return fmt.Errorf("to JSON\n got %s\nwant %s\nfrom %x", got, wantText, b)
	}
	return nil
}

// repeats reports whether an attribute of the message comes twice that should not.
func (c *comparison) repeats(b []byte) bool {
	if h := c.message.Header; h != nil {
		b = b[min(nlattr.Align(h.Size), len(b)):]
	}
	many := map[uint16]bool{}
	if c.message.Set != nil {
		for _, a := range c.message.Set.Attrs {
			many[a.Number] = a.Multi
		}
	}
	seen := map[uint16]bool{}
	for d := nlattr.NewDecoder(b); d.Next(); {
		if seen[d.Type()] && !many[d.Type()] {
			return true
		}
		seen[d.Type()] = true
	}
	return false
}

// damage returns bytes with one or two of them changed, cut short, or with bytes left out or put in.
func (c *comparison) damage(b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + c.rng.IntN(2) {
		if len(b) == 0 {
			return b
		}
		at := c.rng.IntN(len(b))
		switch c.rng.IntN(6) {
		case 0:
			b = b[:at]
		case 1:
			b = slices.Delete(b, at, min(at+4, len(b)))
		case 2:
			b = slices.Insert(b, at, b[:min(4, len(b))]...)
		case 3:
			b[at] ^= 1 << c.rng.IntN(8)
		case 4:
			b[at] = byte(c.rng.Uint32())
		default:
			b[at] += byte(4 * (c.rng.IntN(5) - 2)) // often the length of an attribute
		}
	}
	return b
}

// shuffle returns a value whose objects have their members in another order.
func (c *comparison) shuffle(v any) any {
	switch v := v.(type) {
	case *dynamic.Object:
		o := new(dynamic.Object)
		for _, i := range c.rng.Perm(len(v.Keys)) {
			o.Add(v.Keys[i], c.shuffle(v.Values[i]))
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = c.shuffle(v[i])
		}
		return list
	}
	return v
}

// same reports whether two JSON texts are equal, the order of members and blanks apart.
func same(a, b []byte) bool { return equalText(a, b, false) }

// equalText is same, with the order of the elements of arrays apart, too, if they are bags.
func equalText(a, b []byte, bags bool) bool {
	x, err1 := dynamic.Parse(a)
	y, err2 := dynamic.Parse(b)
	return err1 == nil && err2 == nil && bytes.Equal(dynamic.AppendJSON(nil, sorted(x, bags)), dynamic.AppendJSON(nil, sorted(y, bags)))
}

// sorted returns a value whose objects have their members in the order of the keys, and whose arrays are sorted if they are bags.
func sorted(v any, bags bool) any {
	switch v := v.(type) {
	case *dynamic.Object:
		order := make([]int, len(v.Keys))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return strings.Compare(v.Keys[i], v.Keys[j]) })
		o := new(dynamic.Object)
		for _, i := range order {
			o.Add(v.Keys[i], sorted(v.Values[i], bags))
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = sorted(v[i], bags)
		}
		if bags {
			slices.SortStableFunc(list, func(a, b any) int { return bytes.Compare(dynamic.AppendJSON(nil, a), dynamic.AppendJSON(nil, b)) })
		}
		return list
	}
	return v
}
