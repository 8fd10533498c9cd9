package witness

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A Recorded is a message as it was recorded.
type Recorded struct {
	ID      string // of the record in the corpus
	Spec    string // by which the kernel's own tool wrote or read it; empty if another did
	Sent    bool   // to the kernel
	Refused bool   // by the kernel, or not understood by its writer: it may be wrong
	Type    uint16 // of the netlink header
	Flags   uint16
	Command uint8  // of the header of generic netlink
	Body    []byte // behind the headers
}

// Recording returns the messages of a netlink protocol in the traffic that was recorded beside this repository: what the kernel's own tool
// and others sent, and what kernels answered. It skips the test if there is none.
func Recording(t *testing.T, protocol int) iter.Seq[Recorded] {
	t.Helper()
	return datagrams(t, func(yield func(Recorded) bool, _ map[uint16]string, r *record, d datagram) bool {
		if d.Protocol != protocol {
			return true
		}
		for m := range d.messages(t, r.ID) {
			x := entry(r, d, m)
			x.Body = m[16:]
			if !yield(x) {
				return false
			}
		}
		return true
	})
}

// Corpus returns the messages of a family of generic netlink in that traffic.
func Corpus(t *testing.T, family string) iter.Seq[Recorded] {
	t.Helper()
	return datagrams(t, func(yield func(Recorded) bool, numbers map[uint16]string, r *record, d datagram) bool {
		if d.Protocol != 16 { // NETLINK_GENERIC
			return true
		}
		for m := range d.messages(t, r.ID) {
			x := entry(r, d, m)
			if len(m) < 20 || numbers[x.Type] != family {
				continue
			}
			x.Command, x.Body = m[16], m[20:]
			if !yield(x) {
				return false
			}
		}
		return true
	})
}

// entry is a message without what it says.
func entry(r *record, d datagram, m []byte) Recorded {
	sent := d.Dir == "out"
	return Recorded{
		ID: r.ID, Spec: r.Spec, Sent: sent, Refused: sent && (r.Errno != 0 || r.Exception != ""),
		Type: binary.NativeEndian.Uint16(m[4:]), Flags: binary.NativeEndian.Uint16(m[6:]),
	}
}

// datagrams calls a function for each datagram, with the families of its kernel by their numbers.
func datagrams(t *testing.T, each func(yield func(Recorded) bool, numbers map[uint16]string, r *record, d datagram) bool) iter.Seq[Recorded] {
	t.Helper()
	files, err := filepath.Glob("../../../../shared/corpus/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Skip("no recorded traffic beside this repository")
	}
	return func(yield func(Recorded) bool) {
		for _, name := range files {
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			numbers := map[uint16]string{}
			for line := range bytes.Lines(file) {
				var r record
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				maps.Copy(numbers, r.Map)
				if r.FamilyID != 0 {
					numbers[r.FamilyID] = r.Spec
				}
				for _, d := range r.datagrams() {
					if !each(yield, numbers, &r, d) {
						return
					}
				}
			}
		}
	}
}

// A record is a line of the corpus.
type record struct {
	ID        string
	Spec      string
	FamilyID  uint16            `json:"family_id"`
	Protocol  *int              `json:"protonum"`
	Map       map[uint16]string // of numbers to families
	Errno     int               // of the answer to the request, if its writer understood that
	Exception string            // of the writer of the request, which was wrong, or did not understand the answer
	Request   string
	Replies   []string
	Messages  []datagram
}

// A datagram is what was sent or received at once.
type datagram struct {
	Dir      string
	Protocol int `json:"protonum"`
	Hex      string
}

// datagrams returns those of the record, in their order.
func (r *record) datagrams() []datagram {
	var list []datagram
	if r.Protocol != nil {
		list = append(list, datagram{Dir: "out", Protocol: *r.Protocol, Hex: r.Request}) // empty where there are only notifications
		for _, text := range r.Replies {
			list = append(list, datagram{Dir: "in", Protocol: *r.Protocol, Hex: text})
		}
	}
	return append(list, r.Messages...)
}

// messages cuts a datagram. What some tools send behind their last message is none.
func (d *datagram) messages(t *testing.T, id string) iter.Seq[[]byte] {
	b, err := hex.DecodeString(d.Hex)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return func(yield func([]byte) bool) {
		for len(b) >= 16 {
			length := int(binary.NativeEndian.Uint32(b))
			if length < 16 || length > len(b) || !yield(b[:length]) {
				return
			}
			b = b[min((length+3)&^3, len(b)):]
		}
	}
}

// A Message is a generated type.
type Message interface {
	UnmarshalBinary(b []byte) error
	AppendBinary(b []byte) ([]byte, error)
}

// Again reads a recorded message, writes it, and compares the bytes, whose first are a header. Nothing may be unknown.
func Again(t *testing.T, m Recorded, x Message, header int) {
	t.Helper()
	if err := x.UnmarshalBinary(m.Body); err != nil {
		t.Errorf("%s: message %d, command %d: %v", m.ID, m.Type, m.Command, err)
		return
	}
	for _, text := range Leftovers(x) {
		t.Errorf("%s: message %d, command %d%s", m.ID, m.Type, m.Command, text)
	}
	again, err := x.AppendBinary(nil)
	if err != nil || !SameBytes(again, m.Body, header) {
		t.Errorf("%s: message %d, command %d: %v\n %x\nis written as\n %x", m.ID, m.Type, m.Command, err, m.Body, again)
	}
}

// SameBytes compares messages. The order of attributes, and NLA_F_NESTED, which senders leave off, do not matter.
func SameBytes(a, b []byte, header int) bool {
	return len(a) == len(b) && len(a) >= header && bytes.Equal(a[:header], b[:header]) && sameAttributes(a[header:], b[header:])
}

// sameAttributes compares ours with those of somebody else.
func sameAttributes(ours, theirs []byte) bool {
	a, b := attributes(ours), attributes(theirs)
	if a == nil || b == nil || len(a) != len(b) {
		return bytes.Equal(ours, theirs)
	}
	for i := range a {
		nested := (a[i].Type|b[i].Type)&0x8000 != 0 // NLA_F_NESTED
		switch {
		case a[i].Number() != b[i].Number():
			return false
		case nested && !sameAttributes(a[i].Data, b[i].Data), !nested && !bytes.Equal(a[i].Data, b[i].Data):
			return false
		}
	}
	return true
}

// attributes splits bytes into attributes, sorted by their numbers; those of one number keep their order. It returns nil if they are none.
func attributes(b []byte) []nlattr.Attr {
	list := []nlattr.Attr{}
	for len(b) > 0 {
		if len(b) < 4 {
			return nil
		}
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return nil
		}
		list = append(list, nlattr.Attr{Type: binary.NativeEndian.Uint16(b[2:]), Data: b[4:n]})
		b = b[min(len(b), (n+3)&^3):]
	}
	slices.SortStableFunc(list, func(a, b nlattr.Attr) int { return int(a.Number()) - int(b.Number()) })
	return list
}
