package tc_test

import (
	"math"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		bytes, rate uint64
		want        uint32
	}{
		{16_000, 1_250_000, 200_000}, // 12.8 ms
		{0, 1, 0},
		{1, 0, math.MaxUint32},
		{1 << 40, 1, math.MaxUint32},
		{math.MaxUint64, math.MaxUint64, 15_625_000}, // a second
	} {
		if got := tc.Ticks(c.bytes, c.rate); got != c.want {
			t.Errorf("%d bytes at %d: %d ticks, want %d", c.bytes, c.rate, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		mtu     uint32
		cellLog uint8
	}{{0, 3}, {1500, 3}, {2047, 3}, {2048, 4}, {math.MaxUint32, 24}} {
		rate := tc.Ratespec{Rate: 125_000}
		table := rate.Table(c.mtu)
		if rate.CellLog != c.cellLog || len(table) != 256 {
			t.Errorf("mtu %d: cells of 1<<%d, %d of them", c.mtu, rate.CellLog, len(table))
		}
		// A cell holds sizes up to its end.
		if want := tc.Ticks(256<<c.cellLog, 125_000); table[255] != want || table[0] != tc.Ticks(1<<c.cellLog, 125_000) {
			t.Errorf("mtu %d: from %d to %d, want %d", c.mtu, table[0], table[255], want)
		}
	}
}

func TestHandle(t *testing.T) {
	if got := tc.Handle(1, 0x10); got != 0x1_0010 {
		t.Errorf("1:10 is %#x", got)
	}
}
