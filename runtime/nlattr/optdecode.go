package nlattr

import "net/netip"

// The methods in this file return the current attribute as a value that may be
// absent, which it is not. Those of unsigned integers are just short enough to
// be inlined.

// OptString is [Decoder.String] as a value that may be absent.
func (d *Decoder) OptString() Opt[string] { return Some(d.String()) }

// OptAddr4 is [Decoder.Addr4] as a value that may be absent.
func (d *Decoder) OptAddr4() Opt[netip.Addr] { return Some(d.Addr4()) }

// OptAddr stores what [Decoder.Addr] returns. What is no address is kept at the end
// of unknown, and *v stays what it was.
func (d *Decoder) OptAddr(v *Opt[netip.Addr], unknown *[]Attr) {
	switch len(d.val) {
	case 4:
		v.V, v.OK = netip.AddrFrom4([4]byte(d.val)), true
	case 16:
		v.V, v.OK = netip.AddrFrom16([16]byte(d.val)), true
	default:
		d.Keep(unknown)
	}
}

// OptBitfield32 is [Decoder.Bitfield32] as a value that may be absent.
func (d *Decoder) OptBitfield32() Opt[Bitfield32] { return Some(d.Bitfield32()) }

// OptUint8 is [Decoder.Uint8] as a value that may be absent.
func (d *Decoder) OptUint8() Opt[uint8] { return Opt[uint8]{V: d.Uint8(), OK: true} }

// OptUint16 is [Decoder.Uint16] as a value that may be absent.
func (d *Decoder) OptUint16() Opt[uint16] { return Opt[uint16]{V: d.Uint16(), OK: true} }

// OptUint16BE is [Decoder.Uint16BE] as a value that may be absent.
func (d *Decoder) OptUint16BE() Opt[uint16] { return Opt[uint16]{V: d.Uint16BE(), OK: true} }

// OptUint16LE is [Decoder.Uint16LE] as a value that may be absent.
func (d *Decoder) OptUint16LE() Opt[uint16] { return Opt[uint16]{V: d.Uint16LE(), OK: true} }

// OptUint32 is [Decoder.Uint32] as a value that may be absent.
func (d *Decoder) OptUint32() Opt[uint32] { return Opt[uint32]{V: d.Uint32(), OK: true} }

// OptUint32BE is [Decoder.Uint32BE] as a value that may be absent.
func (d *Decoder) OptUint32BE() Opt[uint32] { return Opt[uint32]{V: d.Uint32BE(), OK: true} }

// OptUint32LE is [Decoder.Uint32LE] as a value that may be absent.
func (d *Decoder) OptUint32LE() Opt[uint32] { return Opt[uint32]{V: d.Uint32LE(), OK: true} }

// OptUint64 is [Decoder.Uint64] as a value that may be absent.
func (d *Decoder) OptUint64() Opt[uint64] { return Opt[uint64]{V: d.Uint64(), OK: true} }

// OptUint64BE is [Decoder.Uint64BE] as a value that may be absent.
func (d *Decoder) OptUint64BE() Opt[uint64] { return Opt[uint64]{V: d.Uint64BE(), OK: true} }

// OptUint64LE is [Decoder.Uint64LE] as a value that may be absent.
func (d *Decoder) OptUint64LE() Opt[uint64] { return Opt[uint64]{V: d.Uint64LE(), OK: true} }

// OptUint is [Decoder.Uint] as a value that may be absent.
func (d *Decoder) OptUint() Opt[uint64] { return Some(d.Uint()) }

// OptUintBE is [Decoder.UintBE] as a value that may be absent.
func (d *Decoder) OptUintBE() Opt[uint64] { return Some(d.UintBE()) }

// OptUintLE is [Decoder.UintLE] as a value that may be absent.
func (d *Decoder) OptUintLE() Opt[uint64] { return Some(d.UintLE()) }

// OptInt8 is [Decoder.Int8] as a value that may be absent.
func (d *Decoder) OptInt8() Opt[int8] { return Opt[int8]{V: int8(d.Uint8()), OK: true} }

// OptInt16 is [Decoder.Int16] as a value that may be absent.
func (d *Decoder) OptInt16() Opt[int16] { return Opt[int16]{V: int16(d.Uint16()), OK: true} }

// OptInt16BE is [Decoder.Int16BE] as a value that may be absent.
func (d *Decoder) OptInt16BE() Opt[int16] { return Opt[int16]{V: int16(d.Uint16BE()), OK: true} }

// OptInt16LE is [Decoder.Int16LE] as a value that may be absent.
func (d *Decoder) OptInt16LE() Opt[int16] { return Opt[int16]{V: int16(d.Uint16LE()), OK: true} }

// OptInt32 is [Decoder.Int32] as a value that may be absent.
func (d *Decoder) OptInt32() Opt[int32] { return Opt[int32]{V: int32(d.Uint32()), OK: true} }

// OptInt32BE is [Decoder.Int32BE] as a value that may be absent.
func (d *Decoder) OptInt32BE() Opt[int32] { return Opt[int32]{V: int32(d.Uint32BE()), OK: true} }

// OptInt32LE is [Decoder.Int32LE] as a value that may be absent.
func (d *Decoder) OptInt32LE() Opt[int32] { return Opt[int32]{V: int32(d.Uint32LE()), OK: true} }

// OptInt64 is [Decoder.Int64] as a value that may be absent.
func (d *Decoder) OptInt64() Opt[int64] { return Opt[int64]{V: int64(d.Uint64()), OK: true} }

// OptInt64BE is [Decoder.Int64BE] as a value that may be absent.
func (d *Decoder) OptInt64BE() Opt[int64] { return Opt[int64]{V: int64(d.Uint64BE()), OK: true} }

// OptInt64LE is [Decoder.Int64LE] as a value that may be absent.
func (d *Decoder) OptInt64LE() Opt[int64] { return Opt[int64]{V: int64(d.Uint64LE()), OK: true} }

// OptInt is [Decoder.Int] as a value that may be absent.
func (d *Decoder) OptInt() Opt[int64] { return Some(d.Int()) }

// OptIntBE is [Decoder.IntBE] as a value that may be absent.
func (d *Decoder) OptIntBE() Opt[int64] { return Some(d.IntBE()) }

// OptIntLE is [Decoder.IntLE] as a value that may be absent.
func (d *Decoder) OptIntLE() Opt[int64] { return Some(d.IntLE()) }
