package witness

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestSame holds the rule by which every live test compares: what is the same as what a tool prints, and what is not.
func TestSame(t *testing.T) {
	type number uint8
	absent := nlattr.Opt[uint32]{}
	for _, c := range []struct {
		name         string
		ours, theirs any
		same         bool
	}{
		{"a number", uint8(5), 5.0, true},
		{"another number", uint8(5), 6.0, false},
		{"a number with a sign", int32(-5), -5.0, true},
		{"a number as text", uint8(5), "5", false},
		{"a named number", number(5), 5.0, true},
		{"an optional number", nlattr.Some(uint32(7)), 7.0, true},
		{"an absent number", absent, 0.0, false},
		{"an absent number and none", absent, nil, false},
		{"nothing", nil, nil, true},
		{"nothing and a number", nil, 0.0, false},
		{"on", uint8(1), true, true},
		{"off", uint8(0), true, false},
		{"a switch", true, false, false},
		{"a text", "eth0", "eth0", true},
		{"another text", "eth0", "eth1", false},
		{"an address", netip.MustParseAddr("2001:db8::1"), "2001:DB8::1", true},
		{"another address", netip.MustParseAddr("2001:db8::1"), "2001:db8::2", false},
		{"a hardware address", net.HardwareAddr{2, 0, 0, 0, 0, 1}, "02:00:00:00:00:01", true},
		{"bytes", []byte{0xab, 1}, "ab01", true},
		{"other bytes", []byte{0xab, 1}, "ab02", false},
		{"a set in another order", Set{"b", "a"}, []any{"a", "b"}, true},
		{"a set with one less", Set{"a"}, []any{"a", "b"}, false},
		{"a set with one more", Set{"a", "b"}, []any{"a"}, false},
		{"a set twice the same", Set{"a", "a"}, []any{"a", "b"}, false},
		{"one of several", OneOf{"none", 5}, 5.0, true},
		{"none of several", OneOf{"none", 5}, 6.0, false},
		{"near", Near(10), 13.0, true},
		{"not near", Near(10), 13.5, false},
		{"near, as text", Near(10), "10", false},
		{"a list", []string{"a", "b"}, []any{"a", "b"}, true},
		{"a list in another order", []string{"b", "a"}, []any{"a", "b"}, false},
		{"a list that is longer", []string{"a", "b"}, []any{"a"}, false},
		{"an object", Object{"x": 1, "y": "z"}, Object{"x": 1.0, "y": "z"}, true},
		{"an object with one key less", Object{"x": 1}, Object{"x": 1.0, "y": "z"}, false},
		{"an object with one key more", Object{"x": 1, "y": "z"}, Object{"x": 1.0}, false},
		{"an object with another key", Object{"x": nil}, Object{"y": nil}, false},
	} {
		if got := Same(c.ours, c.theirs); got != c.same {
			t.Errorf("%s: %v and %v are the same: %v", c.name, c.ours, c.theirs, got)
		}
	}
}

// A sample has what the structs of generated packages have.
type sample struct {
	HelloTime nlattr.Opt[uint32]
	Mtu       uint32
	Nested    *sample
	Data      any
	Unknown   []nlattr.Attr
}

// sampleRaw is content of a kind that the spec does not know.
type sampleRaw []byte

// TestCompare has a tool show what is the same, what differs, what is not compared and what nothing of ours is known to be.
func TestCompare(t *testing.T) {
	c := NewTally(t)
	view := View[*sample]{
		"size":   func(x *sample) any { return x.Mtu },
		"weight": func(*sample) any { return Unseen("nobody knows it") },
	}
	x := &sample{HelloTime: nlattr.Some(uint32(2)), Mtu: 1500}
	Compare(c, "ok", x, view, Object{"hello_time": 2.0, "hello-time": 2.0, "size": 1500.0, "weight": 1.0})
	if len(c.Errs) > 0 || c.Fields != 3 || c.Unseen["ok.weight"] == "" {
		t.Errorf("%d fields, %q, not compared: %v", c.Fields, c.Errs, c.Unseen)
	}
	Compare(c, "wrong", x, view, Object{"size": 1400.0, "color": "red"})
	if len(c.Errs) != 2 {
		t.Errorf("a number that differs and an unknown key: %q", c.Errs)
	}
}

// TestWithin compares a request with what was made of it.
func TestWithin(t *testing.T) {
	asked := &sample{HelloTime: nlattr.Some(uint32(2)), Nested: &sample{Mtu: 9}}
	for _, r := range []struct {
		name string
		got  *sample
		errs int
		skip []string
	}{
		{"all, and more", &sample{HelloTime: nlattr.Some(uint32(2)), Mtu: 7, Nested: &sample{Mtu: 9, HelloTime: nlattr.Some(uint32(1))}}, 0, nil},
		{"another number", &sample{HelloTime: nlattr.Some(uint32(3)), Nested: &sample{Mtu: 9}}, 1, nil},
		{"none", &sample{Nested: &sample{Mtu: 9}}, 1, nil},
		{"no nest", &sample{HelloTime: nlattr.Some(uint32(2))}, 1, nil},
		{"another number in the nest", &sample{HelloTime: nlattr.Some(uint32(2)), Nested: &sample{Mtu: 8}}, 1, nil},
		{"which is left out", &sample{HelloTime: nlattr.Some(uint32(2)), Nested: &sample{Mtu: 8}}, 0, []string{"Mtu"}},
		{"nothing", nil, 1, nil},
	} {
		c := NewTally(t)
		if c.Within(r.name, asked, r.got, r.skip...); len(c.Errs) != r.errs {
			t.Errorf("%s: %q", r.name, c.Errs)
		}
	}
}

// TestSteady looks again until nothing differs any more, and tells what the last look has shown.
func TestSteady(t *testing.T) {
	c, looks := NewTally(t), 0
	c.Steady(func(c *Tally) {
		looks++
		c.Field("a counter", looks, 3.0)
	})
	if looks != 3 || len(c.Errs) > 0 || c.Fields != 1 {
		t.Errorf("%d looks, %d fields, %q", looks, c.Fields, c.Errs)
	}
	if c.Steady(func(c *Tally) { c.Field("a number", 1, 2.0) }); len(c.Errs) != 1 {
		t.Errorf("what always differs: %q", c.Errs)
	}
}

// TestLeftovers finds what decoding left over, however deep it stands.
func TestLeftovers(t *testing.T) {
	odd := []nlattr.Attr{{Type: 7 | nlattr.Nested, Data: []byte{1, 2}}}
	x := []*sample{{Nested: &sample{Unknown: odd}}, {Data: sampleRaw{3}}, {Data: sampleRaw{}}}
	want := []string{"[0].Nested.Unknown: unknown attribute 7: 0102", "[1].Data: unknown content 03"}
	if got := Leftovers(x); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
