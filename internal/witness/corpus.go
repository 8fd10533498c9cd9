package witness

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A Recorded is a message of a family of generic netlink, as it was recorded.
type Recorded struct {
	ID      string // of the record in the corpus
	Sent    bool   // to the kernel
	Command uint8
	Body    []byte // behind the header of generic netlink
}

// Corpus returns the messages of a family in the traffic that was recorded beside this repository: what the kernel's own tool and
// others sent, and what kernels answered. It skips the test if there is none.
func Corpus(t *testing.T, family string) iter.Seq[Recorded] {
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
			numbers := map[uint16]string{} // of this file's kernel
			for line := range bytes.Lines(file) {
				var r record
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for number, family := range r.Map {
					numbers[number] = family
				}
				if r.FamilyID != 0 {
					numbers[r.FamilyID] = r.Spec
				}
				for _, d := range r.datagrams() {
					for m := range d.messages(t, r.ID) {
						if numbers[binary.NativeEndian.Uint16(m[4:])] != family {
							continue
						}
						if !yield(Recorded{r.ID, d.Dir == "out", m[16], m[20:]}) {
							return
						}
					}
				}
			}
		}
	}
}

// A record is a line of the corpus.
type record struct {
	ID       string
	Spec     string
	FamilyID uint16            `json:"family_id"`
	Map      map[uint16]string // of numbers to families
	Request  string
	Replies  []string
	Messages []datagram
}

// A datagram is what was sent or received at once.
type datagram struct {
	Dir      string
	Protocol int `json:"protonum"`
	Hex      string
}

// datagrams returns those of generic netlink.
func (r *record) datagrams() []datagram {
	var list []datagram
	if r.FamilyID != 0 {
		list = append(list, datagram{Dir: "out", Hex: r.Request})
		for _, text := range r.Replies {
			list = append(list, datagram{Dir: "in", Hex: text})
		}
	}
	for _, d := range r.Messages {
		if d.Protocol == 16 {
			list = append(list, d)
		}
	}
	return list
}

// messages cuts a datagram. What some tools send behind their last message is none.
func (d *datagram) messages(t *testing.T, id string) iter.Seq[[]byte] {
	b, err := hex.DecodeString(d.Hex)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return func(yield func([]byte) bool) {
		for len(b) >= 20 {
			length := int(binary.NativeEndian.Uint32(b))
			if length < 20 || length > len(b) || !yield(b[:length]) {
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

// Again reads a recorded message, writes it, and reads that: nothing may be unknown, and both must be the same. Their bytes need not
// be, since attributes are written in the order of their numbers, but their lengths must.
func Again(t *testing.T, m Recorded, x Message) {
	t.Helper()
	if err := x.UnmarshalBinary(m.Body); err != nil {
		t.Errorf("%s: command %d: %v", m.ID, m.Command, err)
		return
	}
	if unknown := Unknown(x); len(unknown) > 0 {
		t.Errorf("%s: command %d: unknown attributes %v", m.ID, m.Command, unknown)
	}
	again, err := x.AppendBinary(nil)
	if err != nil || len(again) != len(m.Body) {
		t.Errorf("%s: command %d: %v\n %x\nis written as\n %x", m.ID, m.Command, err, m.Body, again)
		return
	}
	y := reflect.New(reflect.TypeOf(x).Elem()).Interface().(Message)
	if err := y.UnmarshalBinary(again); err != nil || !reflect.DeepEqual(x, y) {
		t.Errorf("%s: command %d: %v: read %+v, then %+v", m.ID, m.Command, err, x, y)
	}
}

// Unknown returns the attributes in a message that its spec does not know, however deep they stand.
func Unknown(x any) []nlattr.Attr { return unknownIn(reflect.ValueOf(x)) }

func unknownIn(v reflect.Value) []nlattr.Attr {
	var found []nlattr.Attr
	if v.IsValid() && v.CanInterface() {
		if list, ok := v.Interface().([]nlattr.Attr); ok {
			return list
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			found = unknownIn(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			found = append(found, unknownIn(v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, unknownIn(v.Index(i))...)
		}
	}
	return found
}
