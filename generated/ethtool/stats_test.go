package ethtool

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestCounters reads counters as drivers send them: each in a nest of its own, and their group before them. A group that the spec does
// not know stays as it came.
func TestCounters(t *testing.T) {
	var e nlattr.Encoder
	group := func(id StatsGroup, counters map[uint16]uint64, order ...uint16) {
		nest := e.Begin(AttrStatsGrp)
		e.Uint32(AttrStatsGrpID, uint32(id))
		for _, number := range order {
			stat := e.Begin(AttrStatsGrpStat)
			e.Uint64(number, counters[number])
			e.End(stat)
		}
		e.End(nest)
	}
	group(StatsGroupEthMac, map[uint16]uint64{0: 5, 12: 1 << 40}, 0, 12)
	group(StatsGroupRmon, map[uint16]uint64{3: 7}, 3)
	group(StatsGroup(99), map[uint16]uint64{2: 8}, 2)
	b, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var reply StatsGetReply
	if err := reply.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if len(reply.Grp) != 3 {
		t.Fatalf("%d groups", len(reply.Grp))
	}
	want := [][]StatsGrpStatMsg{
		{&StatsEthMacAttrs{FramesTransmittedOk: nlattr.Some(uint64(5))}, &StatsEthMacAttrs{OctetsReceivedOk: nlattr.Some(uint64(1 << 40))}},
		{&StatsRmonAttrs{EtherStatsJabbers: nlattr.Some(uint64(7))}},
	}
	for i, list := range want {
		if got := reply.Grp[i].Stat; !reflect.DeepEqual(got, list) {
			t.Errorf("group %v: %+v", reply.Grp[i].ID, got)
		}
	}
	if _, raw := reply.Grp[2].Stat[0].(StatsGrpStatRaw); !raw {
		t.Errorf("a group that is not known: %T", reply.Grp[2].Stat[0])
	}
	reply.Grp = reply.Grp[:2] // What is raw is written without the flag of nests.
	if again, err := reply.AppendBinary(nil); err != nil || !bytes.HasPrefix(b, again) || len(again) != 44+28 {
		t.Errorf("%v\n%x\nis written as\n%x", err, b, again)
	}
}
