package bridge

import (
	"testing"

	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestOffloadedGroups has one port more, which looks like a device that forwards by itself: it says which entries it has taken.
func TestOffloadedGroups(t *testing.T) {
	witness.Load(t, "nlgen_offload")
	l := newLab(t, snooping())
	hardware, far := l.Veth("nlgen0", "nlgen1")
	index := uint32(hardware.Header.IfiIndex)
	l.enslave(index, l.bridge)
	l.Up(hardware, far)
	l.know()
	l.forwarding()
	client := rtbridgemdb.New(l.Conn)
	c := witness.NewTally(t)
	for _, port := range []uint32{index, l.ports[0]} {
		req := &rtbridgemdb.NewmdbRequest{Header: mdbHeader(l.bridge), Entry: group(port, "239.1.1.1", rtbridgemdb.MdbStatePermanent)}
		if err := client.Newmdb(l.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatal(err)
		}
		// The device is asked a little later.
		c.Steady(func(c *witness.Tally) {
			if m := l.found(req); m == nil || (m.Header.Flags&rtbridgemdb.MdbFlagsOffload != 0) != (port == index) {
				c.Errorf("%s: %+v", l.names[port], m)
			}
		})
	}
	l.compareMdb(c)
	c.Report("offloaded groups")
}
