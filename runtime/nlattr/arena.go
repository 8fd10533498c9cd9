package nlattr

import (
	"reflect"
	"strings"
)

// An Arena is where a decoder takes nests, slices and strings from, many at a
// time. There are two kinds:
//
//   - [NewSlabs]: what was handed out stays the caller's. Values come from slabs
//     of growing size, so that collecting a dump costs few allocations. A slab
//     lives as long as any value in it.
//   - [NewScratch]: [Arena.Rewind] takes everything back to hand it out again,
//     and byte slices are borrowed from the input. It serves loops that decode
//     one message after another into the same struct. Strings are never taken
//     back: equal ones are handed out again, and nothing else is.
//
// An Arena is not safe for concurrent use.
type Arena struct {
	borrow  bool
	pools   []rewinder
	strings *internTable

	// Of slabs: pieces that byte slices and strings are cut from.
	bytes []byte
	text  strings.Builder

	// Messages of a kind take values of the same types in the same order, so the
	// pools are remembered in the order of the last message, and the next is
	// nearly always the one that is wanted.
	order [orderLen]rewinder
	at    uint8
}

const orderLen = 32 // a power of two

// NewSlabs returns an arena whose values are the caller's for ever.
func NewSlabs() *Arena { return &Arena{} }

// NewScratch returns an arena whose values are valid until [Arena.Rewind].
func NewScratch() *Arena { return &Arena{borrow: true, strings: new(internTable)} }

// Rewind takes back all that a scratch arena handed out but strings. For slabs
// it does nothing.
func (a *Arena) Rewind() {
	a.at = 0
	if a.borrow {
		for _, p := range a.pools {
			p.rewind()
		}
	}
}

type rewinder interface{ rewind() }

// pool hands out values of one type from slabs.
type pool[T any] struct {
	slab []T   // the slab in use
	used int   // how many values of it are handed out
	most int   // values of the largest slab
	full [][]T // scratch only: earlier slabs since the last rewind
}

// Slabs start small, since most replies hold few nests, and grow to some 64
// values, where the cost of one allocation is spread thin enough; those of
// numbers, of which an attribute may hold that many, to some 4 KiB.
const (
	slabFirst = 4
	slabMost  = 64
	slabBytes = 4 << 10
)

// take returns n zero values that lie side by side, with length and capacity n.
func (p *pool[T]) take(n int, keep bool) []T {
	if n > len(p.slab)-p.used {
		p.grow(n, keep)
	}
	s := p.slab[p.used : p.used+n : p.used+n]
	p.used += n
	if keep {
		clear(s)
	}
	return s
}

// grow begins a slab with room for n values.
func (p *pool[T]) grow(n int, keep bool) {
	size := min(max(2*len(p.slab), slabFirst), p.most)
	if keep && p.slab != nil {
		// All of it is wanted at one time: the next round gets one slab
		// that holds everything.
		p.full = append(p.full, p.slab)
		size = max(size, 2*len(p.slab))
	}
	p.slab, p.used = make([]T, max(size, n)), 0
}

func (p *pool[T]) rewind() {
	if p.full != nil {
		clear(p.full)
		p.full = p.full[:0]
	}
	p.used = 0
}

// poolOf returns the arena's pool of T.
func poolOf[T any](a *Arena) *pool[T] {
	at := a.at % orderLen
	a.at = at + 1
	if p, ok := a.order[at].(*pool[T]); ok {
		return p
	}
	p := findPool[T](a)
	a.order[at] = p
	return p
}

// findPool is poolOf for a type that comes out of order.
func findPool[T any](a *Arena) *pool[T] {
	for _, p := range a.pools {
		if p, ok := p.(*pool[T]); ok {
			return p
		}
	}
	p := &pool[T]{most: max(slabMost, slabBytes/max(1, int(reflect.TypeFor[T]().Size())))}
	a.pools = append(a.pools, p)
	return p
}

// Take returns a new zero value from the arena, which may be nil.
func Take[T any](a *Arena) *T {
	if a == nil {
		return new(T)
	}
	p := poolOf[T](a)
	if p.used == len(p.slab) {
		p.grow(1, a.borrow)
	}
	v := &p.slab[p.used]
	p.used++
	if a.borrow {
		var zero T
		*v = zero
	}
	return v
}

// New returns a new zero value from the decoder's arena.
func New[T any](d *Decoder) *T { return Take[T](d.arena) }

// MakeSlice returns an empty slice with room for n values from the decoder's
// arena. It is never nil.
func MakeSlice[T any](d *Decoder, n int) []T {
	if d.arena == nil || n == 0 {
		return make([]T, 0, n)
	}
	return poolOf[T](d.arena).take(n, d.arena.borrow)[:0]
}

// Room returns list, or if that is nil, an empty slice with room for as many values
// as there are attributes with the number of the decoder's current one.
func Room[T any](d *Decoder, list []T) []T {
	if list == nil {
		return MakeSlice[T](d, d.Count())
	}
	return list
}

// pieceLen is the size in bytes of the pieces that slabs cut byte slices and
// strings from. What is held by one value keeps no more than that alive; what
// takes more than an eighth of it gets memory of its own.
const pieceLen = 1 << 10

// copy returns a copy of b that nothing else shares. It is not nil, be it of no
// bytes: nil stands for an attribute that is absent.
func (a *Arena) copy(b []byte) []byte {
	if a == nil || len(b) == 0 || len(b) > pieceLen/8 {
		return append(make([]byte, 0, len(b)), b...)
	}
	if len(b) > cap(a.bytes)-len(a.bytes) {
		a.bytes = make([]byte, 0, pieceLen)
	}
	start := len(a.bytes)
	a.bytes = append(a.bytes, b...)
	return a.bytes[start:len(a.bytes):len(a.bytes)]
}

// string returns b as a string.
func (a *Arena) string(b []byte) string {
	switch {
	case a == nil || len(b) > pieceLen/8:
		return string(b)
	case a.strings != nil:
		return a.strings.get(b)
	}
	return cut(&a.text, b, pieceLen)
}

// cut copies b into a piece of memory and returns it as a string. A piece that is
// full makes room for a new one of so many bytes; the strings cut from it keep it
// alive.
func cut(piece *strings.Builder, b []byte, size int) string {
	if piece.Cap()-piece.Len() < len(b) {
		piece.Reset()
		piece.Grow(size)
	}
	start := piece.Len()
	piece.Write(b)
	return piece.String()[start:]
}

// An internTable remembers strings, so that the names that come again with
// every dump are allocated once. A new string takes the place of an old one
// with the same hash, so it never grows.
type internTable struct {
	slots [internSlots]string
	chunk strings.Builder
}

const (
	internSlots = 4096 // a power of two
	internLen   = 64   // longest string that is remembered, in bytes
	internChunk = 4096 // strings are cut from pieces of this many bytes
)

func (t *internTable) get(b []byte) string {
	if len(b) > internLen {
		return string(b)
	}
	h := uint32(2166136261) // FNV-1a
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	slot := &t.slots[(h^h>>12)&(internSlots-1)]
	if *slot != string(b) {
		*slot = cut(&t.chunk, b, internChunk)
	}
	return *slot
}
