package tc

import (
	"math"
	"math/bits"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Handle returns the handle major:minor.
func Handle(major, minor uint16) uint32 { return uint32(major)<<16 | uint32(minor) }

// FilterInfo returns the member Info of a filter: its priority, of which the lowest comes first, and the ethertype of its packets, such as
// unix.ETH_P_IP.
func FilterInfo(priority, ethertype uint16) uint32 {
	var b [2]byte
	nlattr.PutUint16BE(b[:], ethertype)
	return Handle(priority, nlattr.GetUint16(b[:]))
}

// Ticks returns how long bytes take at a rate of bytes per second, in ticks of 64 ns (PSCHED_SHIFT), or the most that 32 bits hold. Bursts
// are given so.
func Ticks(bytes, rate uint64) uint32 {
	hi, lo := bits.Mul64(bytes, 1e9/64)
	if hi >= rate {
		return math.MaxUint32
	}
	ticks, _ := bits.Div64(hi, lo, rate)
	return uint32(min(ticks, math.MaxUint32))
}

// Table returns the rate table that the action police wants beside the rate, for packets of up to mtu bytes. It sets CellLog for it.
func (x *Ratespec) Table(mtu uint32) []uint32 {
	x.CellLog, x.CellAlign = 3, -1
	for mtu>>x.CellLog > 255 {
		x.CellLog++
	}
	table := make([]uint32, 256)
	for i := range table {
		table[i] = Ticks(uint64(i+1)<<x.CellLog, uint64(x.Rate))
	}
	return table
}
