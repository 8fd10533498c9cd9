package nlattr

import "net/netip"

// The methods and functions in this file append an attribute if it is there, so
// that generated code takes one line for each. They do no more than look, which
// the compiler puts where they are called.

// OptFlag appends an attribute without payload if set is true.
func (e *Encoder) OptFlag(typ uint16, set bool) {
	if set {
		e.Flag(typ)
	}
}

// OptBytes appends a binary payload unless v is nil.
func (e *Encoder) OptBytes(typ uint16, v []byte) {
	if v != nil {
		e.Bytes(typ, v)
	}
}

// OptString is [Encoder.String] for a value that may be absent.
func (e *Encoder) OptString(typ uint16, v Opt[string]) {
	if v.OK {
		e.String(typ, v.V)
	}
}

// OptPaddedText is [Encoder.PaddedText] for a value that may be absent.
func (e *Encoder) OptPaddedText(typ uint16, v Opt[string], n int) {
	if v.OK {
		e.PaddedText(typ, v.V, n)
	}
}

// OptAddr is [Encoder.Addr] for a value that may be absent.
func (e *Encoder) OptAddr(typ uint16, v Opt[netip.Addr]) {
	if v.OK {
		e.Addr(typ, v.V)
	}
}

// OptAddr4 is [Encoder.Addr4] for a value that may be absent.
func (e *Encoder) OptAddr4(typ uint16, v Opt[netip.Addr]) {
	if v.OK {
		e.Addr4(typ, v.V)
	}
}

// OptBitfield32 is [Encoder.Bitfield32] for a value that may be absent.
func (e *Encoder) OptBitfield32(typ uint16, v Opt[Bitfield32]) {
	if v.OK {
		e.Bitfield32(typ, v.V)
	}
}

// OptUint8 is [Encoder.Uint8] for a value that may be absent.
func (e *Encoder) OptUint8(typ uint16, v Opt[uint8]) {
	if v.OK {
		e.Uint8(typ, v.V)
	}
}

// OptUint16 is [Encoder.Uint16] for a value that may be absent.
func (e *Encoder) OptUint16(typ uint16, v Opt[uint16]) {
	if v.OK {
		e.Uint16(typ, v.V)
	}
}

// OptUint16BE is [Encoder.Uint16BE] for a value that may be absent.
func (e *Encoder) OptUint16BE(typ uint16, v Opt[uint16]) {
	if v.OK {
		e.Uint16BE(typ, v.V)
	}
}

// OptUint16LE is [Encoder.Uint16LE] for a value that may be absent.
func (e *Encoder) OptUint16LE(typ uint16, v Opt[uint16]) {
	if v.OK {
		e.Uint16LE(typ, v.V)
	}
}

// OptUint32 is [Encoder.Uint32] for a value that may be absent.
func (e *Encoder) OptUint32(typ uint16, v Opt[uint32]) {
	if v.OK {
		e.Uint32(typ, v.V)
	}
}

// OptUint32BE is [Encoder.Uint32BE] for a value that may be absent.
func (e *Encoder) OptUint32BE(typ uint16, v Opt[uint32]) {
	if v.OK {
		e.Uint32BE(typ, v.V)
	}
}

// OptUint32LE is [Encoder.Uint32LE] for a value that may be absent.
func (e *Encoder) OptUint32LE(typ uint16, v Opt[uint32]) {
	if v.OK {
		e.Uint32LE(typ, v.V)
	}
}

// OptUint64 is [Encoder.Uint64] for a value that may be absent.
func (e *Encoder) OptUint64(typ uint16, v Opt[uint64]) {
	if v.OK {
		e.Uint64(typ, v.V)
	}
}

// OptUint64BE is [Encoder.Uint64BE] for a value that may be absent.
func (e *Encoder) OptUint64BE(typ uint16, v Opt[uint64]) {
	if v.OK {
		e.Uint64BE(typ, v.V)
	}
}

// OptUint64LE is [Encoder.Uint64LE] for a value that may be absent.
func (e *Encoder) OptUint64LE(typ uint16, v Opt[uint64]) {
	if v.OK {
		e.Uint64LE(typ, v.V)
	}
}

// OptUint is [Encoder.Uint] for a value that may be absent.
func (e *Encoder) OptUint(typ uint16, v Opt[uint64]) {
	if v.OK {
		e.Uint(typ, v.V)
	}
}

// OptUintBE is [Encoder.UintBE] for a value that may be absent.
func (e *Encoder) OptUintBE(typ uint16, v Opt[uint64]) {
	if v.OK {
		e.UintBE(typ, v.V)
	}
}

// OptUintLE is [Encoder.UintLE] for a value that may be absent.
func (e *Encoder) OptUintLE(typ uint16, v Opt[uint64]) {
	if v.OK {
		e.UintLE(typ, v.V)
	}
}

// OptInt8 is [Encoder.Int8] for a value that may be absent.
func (e *Encoder) OptInt8(typ uint16, v Opt[int8]) {
	if v.OK {
		e.Int8(typ, v.V)
	}
}

// OptInt16 is [Encoder.Int16] for a value that may be absent.
func (e *Encoder) OptInt16(typ uint16, v Opt[int16]) {
	if v.OK {
		e.Int16(typ, v.V)
	}
}

// OptInt16BE is [Encoder.Int16BE] for a value that may be absent.
func (e *Encoder) OptInt16BE(typ uint16, v Opt[int16]) {
	if v.OK {
		e.Int16BE(typ, v.V)
	}
}

// OptInt16LE is [Encoder.Int16LE] for a value that may be absent.
func (e *Encoder) OptInt16LE(typ uint16, v Opt[int16]) {
	if v.OK {
		e.Int16LE(typ, v.V)
	}
}

// OptInt32 is [Encoder.Int32] for a value that may be absent.
func (e *Encoder) OptInt32(typ uint16, v Opt[int32]) {
	if v.OK {
		e.Int32(typ, v.V)
	}
}

// OptInt32BE is [Encoder.Int32BE] for a value that may be absent.
func (e *Encoder) OptInt32BE(typ uint16, v Opt[int32]) {
	if v.OK {
		e.Int32BE(typ, v.V)
	}
}

// OptInt32LE is [Encoder.Int32LE] for a value that may be absent.
func (e *Encoder) OptInt32LE(typ uint16, v Opt[int32]) {
	if v.OK {
		e.Int32LE(typ, v.V)
	}
}

// OptInt64 is [Encoder.Int64] for a value that may be absent.
func (e *Encoder) OptInt64(typ uint16, v Opt[int64]) {
	if v.OK {
		e.Int64(typ, v.V)
	}
}

// OptInt64BE is [Encoder.Int64BE] for a value that may be absent.
func (e *Encoder) OptInt64BE(typ uint16, v Opt[int64]) {
	if v.OK {
		e.Int64BE(typ, v.V)
	}
}

// OptInt64LE is [Encoder.Int64LE] for a value that may be absent.
func (e *Encoder) OptInt64LE(typ uint16, v Opt[int64]) {
	if v.OK {
		e.Int64LE(typ, v.V)
	}
}

// OptInt is [Encoder.Int] for a value that may be absent.
func (e *Encoder) OptInt(typ uint16, v Opt[int64]) {
	if v.OK {
		e.Int(typ, v.V)
	}
}

// OptIntBE is [Encoder.IntBE] for a value that may be absent.
func (e *Encoder) OptIntBE(typ uint16, v Opt[int64]) {
	if v.OK {
		e.IntBE(typ, v.V)
	}
}

// OptIntLE is [Encoder.IntLE] for a value that may be absent.
func (e *Encoder) OptIntLE(typ uint16, v Opt[int64]) {
	if v.OK {
		e.IntLE(typ, v.V)
	}
}

// OptArray is [PutArray] unless v is nil.
func OptArray[N, T Integer](e *Encoder, typ uint16, v []T) {
	if v != nil {
		PutArray[N](e, typ, v)
	}
}

// OptArrayBE is [PutArrayBE] unless v is nil.
func OptArrayBE[N, T Integer](e *Encoder, typ uint16, v []T) {
	if v != nil {
		PutArrayBE[N](e, typ, v)
	}
}

// OptArrayLE is [PutArrayLE] unless v is nil.
func OptArrayLE[N, T Integer](e *Encoder, typ uint16, v []T) {
	if v != nil {
		PutArrayLE[N](e, typ, v)
	}
}
