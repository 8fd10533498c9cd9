package sockdiag

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/generated/netlinkdiag"
	"github.com/nlgen/nlgen/generated/packetdiag"
	"github.com/nlgen/nlgen/generated/unixdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// A codec is how messages of a family of sockets are read, and the lengths of their headers.
type codec struct {
	request, reply             func() witness.Message
	requestHeader, replyHeader int
}

var codecs = map[uint8]codec{
	unix.AF_INET:    inet,
	unix.AF_INET6:   inet,
	unix.AF_UNIX:    {func() witness.Message { return new(unixdiag.GetDumpRequest) }, func() witness.Message { return new(unixdiag.GetReply) }, 24, 16},
	unix.AF_PACKET:  {func() witness.Message { return new(packetdiag.GetDumpRequest) }, func() witness.Message { return new(packetdiag.GetReply) }, 20, 16},
	unix.AF_NETLINK: {func() witness.Message { return new(netlinkdiag.GetDumpRequest) }, func() witness.Message { return new(netlinkdiag.GetReply) }, 20, 28},
}

var inet = codec{func() witness.Message { return new(inetdiag.GetDumpRequest) }, func() witness.Message { return new(inetdiag.GetReply) }, 56, 72}

// TestCorpus reads what ss and the kernels said to each other, and writes it again, byte for byte.
func TestCorpus(t *testing.T) {
	count := map[uint8]int{}
	for m := range witness.Recording(t, unix.NETLINK_SOCK_DIAG) {
		if m.Type != inetdiag.CmdGet || len(m.Body) == 0 {
			continue
		}
		family := m.Body[0]
		c, ok := codecs[family]
		if !ok {
			t.Logf("%s: sockets of the family %d", m.ID, family)
			continue
		}
		count[family]++
		if m.Sent {
			witness.Again(t, m, c.request(), c.requestHeader)
		} else {
			witness.Again(t, m, c.reply(), c.replyHeader)
		}
	}
	t.Logf("written again: %v", count)
	if len(count) == 0 {
		t.Error("no messages of these families")
	}
}
