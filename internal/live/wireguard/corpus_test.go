package wireguard

import (
	"testing"

	"github.com/nlgen/nlgen/generated/wireguard"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestCorpus reads the recorded messages of the family, those of wg among them, and writes them again.
func TestCorpus(t *testing.T) {
	count := map[uint8]int{}
	for m := range witness.Corpus(t, "wireguard") {
		count[m.Command]++
		switch {
		case m.Command == uint8(wireguard.CmdSetDevice):
			witness.Again(t, m, new(wireguard.SetDeviceRequest), 0)
		case m.Sent:
			witness.Again(t, m, new(wireguard.GetDeviceDumpRequest), 0)
		default:
			witness.Again(t, m, new(wireguard.GetDeviceReply), 0)
		}
	}
	t.Logf("messages by command: %v", count)
	if len(count) != 2 {
		t.Error("the recording lacks an operation")
	}
}
