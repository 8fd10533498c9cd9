package nlpolicy

import "encoding/binary"

// Width returns the bytes of an integer kind, and 0 for every other kind and for
// Uint and Sint, which take four or eight.
func (k Kind) Width() int {
	switch k {
	case U8, S8:
		return 1
	case U16, S16:
		return 2
	case U32, S32:
		return 4
	case U64, S64:
		return 8
	}
	return 0
}

// Integer reports whether the kind is an integer.
func (k Kind) Integer() bool { return k >= U8 && k <= Sint }

// Signed reports whether the kind is an integer with a sign.
func (k Kind) Signed() bool { return k >= S8 && k <= S64 || k == Sint }

// Order returns the byte order of integers with these flags.
func (f Flags) Order() binary.ByteOrder {
	switch {
	case f&BigEndian != 0:
		return binary.BigEndian
	case f&LittleEndian != 0:
		return binary.LittleEndian
	}
	return binary.NativeEndian
}

// LoadInteger reads an integer of the given kind, in the byte order that the
// flags name. Negative numbers come as the uint64 with the same bits. Payloads
// that are longer than the integer are read at their start; it returns false for
// those that are shorter and for kinds that are no integers.
func LoadInteger(k Kind, f Flags, b []byte) (uint64, bool) {
	n := k.Width()
	if k == Uint || k == Sint {
		if n = 4; len(b) >= 8 {
			n = 8
		}
	}
	if n == 0 || len(b) < n {
		return 0, false
	}
	var v uint64
	switch n {
	case 1:
		v = uint64(b[0])
	case 2:
		switch {
		case f&BigEndian != 0:
			v = uint64(binary.BigEndian.Uint16(b))
		case f&LittleEndian != 0:
			v = uint64(binary.LittleEndian.Uint16(b))
		default:
			v = uint64(binary.NativeEndian.Uint16(b))
		}
	case 4:
		switch {
		case f&BigEndian != 0:
			v = uint64(binary.BigEndian.Uint32(b))
		case f&LittleEndian != 0:
			v = uint64(binary.LittleEndian.Uint32(b))
		default:
			v = uint64(binary.NativeEndian.Uint32(b))
		}
	case 8:
		switch {
		case f&BigEndian != 0:
			v = binary.BigEndian.Uint64(b)
		case f&LittleEndian != 0:
			v = binary.LittleEndian.Uint64(b)
		default:
			v = binary.NativeEndian.Uint64(b)
		}
	}
	if k.Signed() {
		shift := uint(64 - 8*n)
		v = uint64(int64(v<<shift) >> shift)
	}
	return v, true
}

// Integer reads the payload of an integer attribute. See [LoadInteger].
func (a *Attr) Integer(payload []byte) (uint64, bool) {
	return LoadInteger(a.Kind, a.Flags, payload)
}

// NameOf returns the name of a value, and false if e is nil or has none for it.
func (e *Enum) NameOf(v uint64) (string, bool) {
	if e == nil {
		return "", false
	}
	// Most enums start at 0 or 1 and have no gaps: look there first.
	for d := uint64(0); d < 2; d++ {
		if i := v - d; i < uint64(len(e.Names)) && e.Names[i].Value == v {
			return e.Names[i].Name, true
		}
	}
	for i := range e.Names {
		if e.Names[i].Value == v {
			return e.Names[i].Name, true
		}
	}
	return "", false
}

// ValueOf returns the value with the given name, and false if e is nil or has
// none of that name.
func (e *Enum) ValueOf(name string) (uint64, bool) {
	if e != nil {
		for i := range e.Names {
			if e.Names[i].Name == name {
				return e.Names[i].Value, true
			}
		}
	}
	return 0, false
}
