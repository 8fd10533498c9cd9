package nlattr

// The Go type of an attribute that an enum names is the enum's, so its helpers are
// functions with a type parameter and not methods of the encoder. Each appends the
// value, if it is there, as an integer that is as wide as its name says; the sign
// makes no difference on the wire.

// OptEnum8 is [Encoder.Uint8] for the value of an enum that may be absent.
func OptEnum8[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint8(typ, uint8(v.V))
	}
}

// OptEnum16 is [Encoder.Uint16] for the value of an enum that may be absent.
func OptEnum16[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint16(typ, uint16(v.V))
	}
}

// OptEnum16BE is [Encoder.Uint16BE] for the value of an enum that may be absent.
func OptEnum16BE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint16BE(typ, uint16(v.V))
	}
}

// OptEnum16LE is [Encoder.Uint16LE] for the value of an enum that may be absent.
func OptEnum16LE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint16LE(typ, uint16(v.V))
	}
}

// OptEnum32 is [Encoder.Uint32] for the value of an enum that may be absent.
func OptEnum32[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint32(typ, uint32(v.V))
	}
}

// OptEnum32BE is [Encoder.Uint32BE] for the value of an enum that may be absent.
func OptEnum32BE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint32BE(typ, uint32(v.V))
	}
}

// OptEnum32LE is [Encoder.Uint32LE] for the value of an enum that may be absent.
func OptEnum32LE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint32LE(typ, uint32(v.V))
	}
}

// OptEnum64 is [Encoder.Uint64] for the value of an enum that may be absent.
func OptEnum64[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint64(typ, uint64(v.V))
	}
}

// OptEnum64BE is [Encoder.Uint64BE] for the value of an enum that may be absent.
func OptEnum64BE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint64BE(typ, uint64(v.V))
	}
}

// OptEnum64LE is [Encoder.Uint64LE] for the value of an enum that may be absent.
func OptEnum64LE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint64LE(typ, uint64(v.V))
	}
}

// OptEnumUint is [Encoder.Uint] for the value of an enum that may be absent.
func OptEnumUint[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Uint(typ, uint64(v.V))
	}
}

// OptEnumUintBE is [Encoder.UintBE] for the value of an enum that may be absent.
func OptEnumUintBE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.UintBE(typ, uint64(v.V))
	}
}

// OptEnumUintLE is [Encoder.UintLE] for the value of an enum that may be absent.
func OptEnumUintLE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.UintLE(typ, uint64(v.V))
	}
}

// OptEnumInt is [Encoder.Int] for the value of an enum that may be absent.
func OptEnumInt[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.Int(typ, int64(v.V))
	}
}

// OptEnumIntBE is [Encoder.IntBE] for the value of an enum that may be absent.
func OptEnumIntBE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.IntBE(typ, int64(v.V))
	}
}

// OptEnumIntLE is [Encoder.IntLE] for the value of an enum that may be absent.
func OptEnumIntLE[T Integer](e *Encoder, typ uint16, v Opt[T]) {
	if v.OK {
		e.IntLE(typ, int64(v.V))
	}
}
