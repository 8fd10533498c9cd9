package taskstats

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestVersions reads structs of every length: what an older kernel does not send is zero, what a newer one sends besides is ignored.
func TestVersions(t *testing.T) {
	bytesOf := func(x *Stats) []byte {
		e := nlattr.NewEncoder(nil)
		x.encode(&e, e.Extend(688))
		b, err := e.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	whole := bytesOf(sampleStats())
	longer := append(bytes.Clone(whole), bytes.Repeat([]byte{0xff}, 64)...)
	for size := range len(longer) + 1 {
		want := make([]byte, len(whole))
		copy(want, longer[:size])
		x := &Stats{Version: 99, IrqDelayMaxTs: Timespec{Sec: 1}}
		x.decode(longer[:size])
		if got := bytesOf(x); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes are read as\n%x, not\n%x", size, got, want)
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
