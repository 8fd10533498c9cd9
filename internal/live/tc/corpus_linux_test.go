package tc

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
)

// requests and replies are the messages by their numbers. A list is asked for with the same number as one object, but with other
// attributes: both are tried.
var (
	requests = map[uint16]func(dump bool) witness.Message{
		tc.CmdNewqdisc:   func(bool) witness.Message { return new(tc.NewqdiscRequest) },
		tc.CmdDelqdisc:   func(bool) witness.Message { return new(tc.DelqdiscRequest) },
		tc.CmdGetqdisc:   either(new(tc.GetqdiscRequest), new(tc.GetqdiscDumpRequest)),
		tc.CmdNewtclass:  func(bool) witness.Message { return new(tc.NewtclassRequest) },
		tc.CmdDeltclass:  func(bool) witness.Message { return new(tc.DeltclassRequest) },
		tc.CmdGettclass:  either(new(tc.GettclassRequest), new(tc.GettclassDumpRequest)),
		tc.CmdNewtfilter: func(bool) witness.Message { return new(tc.NewtfilterRequest) },
		tc.CmdDeltfilter: func(bool) witness.Message { return new(tc.DeltfilterRequest) },
		tc.CmdGettfilter: either(new(tc.GettfilterRequest), new(tc.GettfilterDumpRequest)),
		tc.CmdNewchain:   func(bool) witness.Message { return new(tc.NewchainRequest) },
		tc.CmdDelchain:   func(bool) witness.Message { return new(tc.DelchainRequest) },
		tc.CmdGetchain:   either(new(tc.GetchainRequest), new(tc.GetchainDumpRequest)),
		tc.CmdNewaction:  func(bool) witness.Message { return new(tc.NewactionRequest) },
		tc.CmdDelaction:  func(bool) witness.Message { return new(tc.DelactionRequest) },
		tc.CmdGetaction:  either(new(tc.GetactionRequest), new(tc.GetactionDumpRequest)),
	}
	replies = map[uint16]func() witness.Message{
		36: func() witness.Message { return new(tc.GetqdiscReply) }, 37: func() witness.Message { return new(tc.GetqdiscReply) },
		40: func() witness.Message { return new(tc.GettclassReply) }, 41: func() witness.Message { return new(tc.GettclassReply) },
		44: func() witness.Message { return new(tc.GettfilterReply) }, 45: func() witness.Message { return new(tc.GettfilterReply) },
		48: func() witness.Message { return new(tc.GetactionReply) }, 49: func() witness.Message { return new(tc.GetactionReply) },
		50: func() witness.Message { return new(tc.GetactionReply) }, 100: func() witness.Message { return new(tc.GetchainReply) },
		101: func() witness.Message { return new(tc.GetchainReply) }, 102: func() witness.Message { return new(tc.GetchainReply) },
	}
)

func either(one, list witness.Message) func(bool) witness.Message {
	return func(dump bool) witness.Message {
		if dump {
			return list
		}
		return one
	}
}

// TestCorpus decodes what two kernels and two other programs sent and were sent, and encodes it again: no attribute may be unknown,
// and every one must come out as it went in, whatever the order. A request that the kernel refused is only decoded: the program that wrote
// it had wrong structs.
func TestCorpus(t *testing.T) {
	messages := 0
	for r := range witness.Recording(t, unix.NETLINK_ROUTE) {
		if m := message(r.Type, r.Flags, r.Sent); m != nil {
			messages++
			check(t, fmt.Sprintf("%s type %d", r.ID, r.Type), m, r.Body, r.Refused)
		}
	}
	t.Logf("%d messages", messages)
	if messages < 400 {
		t.Errorf("%d messages are too few for the corpus", messages)
	}
}

// message returns what decodes a message, or nil.
func message(typ, flags uint16, request bool) witness.Message {
	if request {
		if make := requests[typ]; make != nil {
			return make(flags&0x300 == 0x300)
		}
		return nil
	}
	if make := replies[typ]; make != nil {
		return make()
	}
	return nil
}

// check decodes a message and encodes it again.
func check(t *testing.T, at string, m witness.Message, b []byte, refused bool) {
	t.Helper()
	if err := m.UnmarshalBinary(b); err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	if refused {
		return
	}
	again, err := m.AppendBinary(nil)
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	for _, text := range witness.Leftovers(m) {
		t.Errorf("%s: %s", at, text)
	}
	header := min(20, len(b))
	if isAction(m) {
		header = min(4, len(b))
	}
	if !bytes.Equal(b[:header], again[:header]) {
		t.Errorf("%s: header %x became %x", at, b[:header], again[:header])
	}
	if diff := differ(b[header:], again[header:]); diff != "" {
		t.Errorf("%s: %s\n%x\n%x", at, diff, b, again)
	}
}
