package tc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
)

// corpus is where recorded messages are, if at all.
const corpus = "../../../../shared/corpus"

// A codec is a message of the family.
type codec interface {
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

// requests and replies are the messages by their numbers. A list is asked for with the same number as one object, but with other
// attributes: both are tried.
var (
	requests = map[uint16]func(dump bool) codec{
		tc.CmdNewqdisc:   func(bool) codec { return new(tc.NewqdiscRequest) },
		tc.CmdDelqdisc:   func(bool) codec { return new(tc.DelqdiscRequest) },
		tc.CmdGetqdisc:   either(new(tc.GetqdiscRequest), new(tc.GetqdiscDumpRequest)),
		tc.CmdNewtclass:  func(bool) codec { return new(tc.NewtclassRequest) },
		tc.CmdDeltclass:  func(bool) codec { return new(tc.DeltclassRequest) },
		tc.CmdGettclass:  either(new(tc.GettclassRequest), new(tc.GettclassDumpRequest)),
		tc.CmdNewtfilter: func(bool) codec { return new(tc.NewtfilterRequest) },
		tc.CmdDeltfilter: func(bool) codec { return new(tc.DeltfilterRequest) },
		tc.CmdGettfilter: either(new(tc.GettfilterRequest), new(tc.GettfilterDumpRequest)),
		tc.CmdNewchain:   func(bool) codec { return new(tc.NewchainRequest) },
		tc.CmdDelchain:   func(bool) codec { return new(tc.DelchainRequest) },
		tc.CmdGetchain:   either(new(tc.GetchainRequest), new(tc.GetchainDumpRequest)),
		tc.CmdNewaction:  func(bool) codec { return new(tc.NewactionRequest) },
		tc.CmdDelaction:  func(bool) codec { return new(tc.DelactionRequest) },
		tc.CmdGetaction:  either(new(tc.GetactionRequest), new(tc.GetactionDumpRequest)),
	}
	replies = map[uint16]func() codec{
		36: func() codec { return new(tc.GetqdiscReply) }, 37: func() codec { return new(tc.GetqdiscReply) },
		40: func() codec { return new(tc.GettclassReply) }, 41: func() codec { return new(tc.GettclassReply) },
		44: func() codec { return new(tc.GettfilterReply) }, 45: func() codec { return new(tc.GettfilterReply) },
		48: func() codec { return new(tc.GetactionReply) }, 49: func() codec { return new(tc.GetactionReply) },
		50: func() codec { return new(tc.GetactionReply) }, 100: func() codec { return new(tc.GetchainReply) },
		101: func() codec { return new(tc.GetchainReply) }, 102: func() codec { return new(tc.GetchainReply) },
	}
)

func either(one, list codec) func(bool) codec {
	return func(dump bool) codec {
		if dump {
			return list
		}
		return one
	}
}

// A record is a line of the corpus.
type record struct {
	ID, Spec, Request string
	Errno             int
	Replies           []string
	Messages          []struct {
		Dir, Hex string
		Protonum int
	}
}

// TestCorpus decodes what two kernels and two other programs sent and were sent, and encodes it again: no attribute may be unknown,
// and every one must come out as it went in, whatever the order.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob(corpus + "/*.jsonl")
	if len(files) == 0 {
		t.Skipf("there are no recorded messages in %s", corpus)
	}
	r := &replay{t: t}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var rec record
			if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
				t.Fatal(err)
			}
			if rec.Spec == "tc" {
				r.datagram(rec.ID, rec.Request, true, rec.Errno != 0)
				for _, reply := range rec.Replies {
					r.datagram(rec.ID, reply, false, false)
				}
			}
			for _, m := range rec.Messages {
				if m.Protonum == 0 {
					r.datagram(rec.ID, m.Hex, m.Dir == "out", false)
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	t.Logf("%d messages", r.messages)
	if r.messages < 400 {
		t.Errorf("%d messages are too few for the corpus", r.messages)
	}
}

// replay counts messages.
type replay struct {
	t        *testing.T
	messages int
}

// datagram walks the messages of a datagram. A request that the kernel refused is only decoded: the program that wrote it had wrong
// structs.
func (r *replay) datagram(id, text string, request, refused bool) {
	r.t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		r.t.Fatal(err)
	}
	for len(b) >= 16 {
		n := int(binary.NativeEndian.Uint32(b))
		if n < 16 || n > len(b) {
			return // the end of a struct of tc's, which has zeros behind the message
		}
		typ, flags := binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint16(b[6:])
		if m := message(typ, flags, request); m != nil {
			r.messages++
			r.message(fmt.Sprintf("%s type %d", id, typ), m, b[16:n], refused)
		}
		b = b[min(len(b), (n+3)&^3):]
	}
}

// message returns what decodes a message, or nil.
func message(typ, flags uint16, request bool) codec {
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

func (r *replay) message(at string, m codec, b []byte, refused bool) {
	r.t.Helper()
	if err := m.UnmarshalBinary(b); err != nil {
		r.t.Errorf("%s: %v", at, err)
		return
	}
	if refused {
		return
	}
	again, err := m.AppendBinary(nil)
	if err != nil {
		r.t.Errorf("%s: %v", at, err)
		return
	}
	for _, text := range witness.Leftovers(m) {
		r.t.Errorf("%s: %s", at, text)
	}
	header := min(20, len(b))
	if isAction(m) {
		header = min(4, len(b))
	}
	if !bytes.Equal(b[:header], again[:header]) {
		r.t.Errorf("%s: header %x became %x", at, b[:header], again[:header])
	}
	if diff := differ(b[header:], again[header:]); diff != "" {
		r.t.Errorf("%s: %s\n%x\n%x", at, diff, b, again)
	}
}
