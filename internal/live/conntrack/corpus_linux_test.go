package conntrack

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestCorpus reads what conntrack and the kernels said to each other, and writes it again, byte for byte.
func TestCorpus(t *testing.T) {
	count := map[uint16]int{}
	for m := range witness.Recording(t, unix.NETLINK_NETFILTER) {
		if m.Spec != "" && m.Spec != "conntrack" {
			continue
		}
		var x witness.Message
		switch {
		case m.Sent && (m.Type == conntrack.CmdNewNtf || m.Type == conntrack.CmdDeleteNtf):
			x = new(conntrack.NewRequest)
		case m.Type == conntrack.CmdNewNtf || m.Type == conntrack.CmdDeleteNtf:
			x = new(conntrack.GetReply)
		case m.Sent && (m.Type == conntrack.CmdGet || m.Type == conntrack.CmdGetCtrzero):
			x = new(conntrack.GetDumpRequest)
		case m.Sent && (m.Type == conntrack.CmdGetStats || m.Type == conntrack.CmdGetStatsGlobal):
			x = new(conntrack.GetStatsDumpRequest)
		case m.Type == conntrack.CmdGetStats:
			x = new(conntrack.GetStatsReply)
		case m.Type == conntrack.CmdGetStatsGlobal:
			x = new(conntrack.GetStatsGlobalReply)
		default:
			continue
		}
		count[m.Type]++
		witness.Again(t, m, x, 4)
	}
	t.Logf("written again: %v", count)
	if count[conntrack.CmdNewNtf] == 0 {
		t.Error("no messages of the family")
	}
}
