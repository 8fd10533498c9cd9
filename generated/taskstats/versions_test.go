package taskstats

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestVersions reads structs of every length: what an older kernel does not send is zero, what a newer one sends besides is ignored.
func TestVersions(t *testing.T) {
	whole, err := sampleStats().AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	longer := append(bytes.Clone(whole), bytes.Repeat([]byte{0xff}, 64)...)
	for size := range len(longer) + 1 {
		want := make([]byte, len(whole))
		copy(want, longer[:size])
		x := &Stats{Version: 99, IrqDelayMaxTs: Timespec{Sec: 1}}
		if err := x.UnmarshalBinary(longer[:size]); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got, err := x.AppendBinary(nil); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes are read as\n%x, not\n%x: %v", size, got, want, err)
		}
	}
	// Version 14 ends before what version 16 has added, and that before version 17.
	for size, right := range map[int]func(x *Stats) bool{
		432: func(x *Stats) bool { return x.IrqDelayTotal != 0 && x.CpuDelayMax == 0 },
		560: func(x *Stats) bool { return x.IrqDelayMin != 0 && x.CpuDelayMaxTs == Timespec{} },
		688: func(x *Stats) bool { return x.IrqDelayMaxTs.Nsec != 0 },
	} {
		var reply GetReply
		b, err := (&GetReply{AggrPid: &TypeAttrs{Stats: sampleStats()}}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		// The struct stands at the end of both attributes.
		cut := len(whole) - size
		b = b[:len(b)-cut]
		binary.NativeEndian.PutUint16(b, uint16(len(b)))
		binary.NativeEndian.PutUint16(b[4:], uint16(len(b)-4))
		if err := reply.UnmarshalBinary(b); err != nil || reply.AggrPid == nil || reply.AggrPid.Stats == nil || !right(reply.AggrPid.Stats) {
			t.Errorf("%d bytes are read as %+v, %v", size, reply.AggrPid, err)
		}
	}
}
