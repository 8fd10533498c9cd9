//go:build linux

package ethtool

import (
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestCorpus reads the recorded messages of the family, those of ethtool among them, and writes them again.
func TestCorpus(t *testing.T) {
	type maker = func() witness.Message
	sent := map[uint16]maker{
		ethtool.CmdLinkinfoSet:  func() witness.Message { return new(ethtool.LinkinfoSetRequest) },
		ethtool.CmdLinkmodesSet: func() witness.Message { return new(ethtool.LinkmodesSetRequest) },
		ethtool.CmdDebugSet:     func() witness.Message { return new(ethtool.DebugSetRequest) },
		ethtool.CmdFeaturesSet:  func() witness.Message { return new(ethtool.FeaturesSetRequest) },
		ethtool.CmdRingsSet:     func() witness.Message { return new(ethtool.RingsSetRequest) },
		ethtool.CmdChannelsSet:  func() witness.Message { return new(ethtool.ChannelsSetRequest) },
		ethtool.CmdCoalesceSet:  func() witness.Message { return new(ethtool.CoalesceSetRequest) },
		ethtool.CmdPauseSet:     func() witness.Message { return new(ethtool.PauseSetRequest) },
		ethtool.CmdEeeSet:       func() witness.Message { return new(ethtool.EeeSetRequest) },
		ethtool.CmdFecSet:       func() witness.Message { return new(ethtool.FecSetRequest) },
		ethtool.CmdModuleSet:    func() witness.Message { return new(ethtool.ModuleSetRequest) },
	}
	received := map[uint16]maker{
		ethtool.CmdLinkmodesNtf:     func() witness.Message { return new(ethtool.LinkmodesGetReply) },
		ethtool.OpFeaturesSet.Reply: func() witness.Message { return new(ethtool.FeaturesSetReply) },
		ethtool.CmdFeaturesNtf:      func() witness.Message { return new(ethtool.FeaturesGetReply) },
		ethtool.CmdChannelsNtf:      func() witness.Message { return new(ethtool.ChannelsGetReply) },
		ethtool.CmdCoalesceNtf:      func() witness.Message { return new(ethtool.CoalesceGetReply) },
	}
	for _, r := range readers() {
		sent[r.op.Request], received[r.op.Reply] = r.request, r.reply
	}
	messages, commands := 0, map[uint8]bool{}
	for m := range witness.Corpus(t, "ethtool") {
		make := received[uint16(m.Command)]
		if m.Sent {
			make = sent[uint16(m.Command)]
		}
		if make == nil {
			t.Errorf("%s: nothing is known of command %d (sent: %v)", m.ID, m.Command, m.Sent)
			continue
		}
		messages++
		commands[m.Command] = true
		witness.Again(t, m, make(), 0)
	}
	t.Logf("%d messages, %d commands", messages, len(commands))
	if messages == 0 {
		t.Error("the recording has nothing of ethtool")
	}
}
