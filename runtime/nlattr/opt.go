package nlattr

// Opt is a value that may be absent. The zero Opt is absent, which differs from
// present and zero: an MTU that was not given is not an MTU of 0.
//
// Opt is comparable if T is, and needs no pointer.
type Opt[T any] struct {
	V  T    // the value; the zero value of T if absent
	OK bool // whether the attribute is present
}

// Some returns a present value.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, OK: true} }

// Get returns the value and whether it is present.
func (o Opt[T]) Get() (T, bool) { return o.V, o.OK }

// Or returns the value, or fallback if it is absent.
func (o Opt[T]) Or(fallback T) T {
	if o.OK {
		return o.V
	}
	return fallback
}

// IsZero reports that the value is absent. encoding/json calls it for omitzero.
func (o Opt[T]) IsZero() bool { return !o.OK }

// Bitfield32 is a set of up to 32 flags together with the flags that are meant
// (struct nla_bitfield32): a bit of Value counts only where Selector has it too.
// On the wire it is two u32 in host byte order, value first.
type Bitfield32 struct {
	Value    uint32
	Selector uint32
}
