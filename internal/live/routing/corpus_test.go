package routing

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/generated/rtaddrlabel"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtnetconf"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/generated/rtrule"
)

// A message is a generated type.
type message interface {
	UnmarshalBinary(b []byte) error
	AppendBinary(b []byte) ([]byte, error)
}

// newMessage returns a message of a number and the length of its header. A reply has all the attributes that requests of the same number
// have, so it serves for both.
var newMessage = map[uint16]func() (message, int){
	28:  func() (message, int) { return new(rtneigh.GetneighReply), 12 },
	29:  func() (message, int) { return new(rtneigh.DelneighRequest), 12 },
	64:  func() (message, int) { return new(rtneigh.GetneightblReply), 4 },
	67:  func() (message, int) { return new(rtneigh.SetneightblRequest), 4 },
	32:  func() (message, int) { return new(rtrule.GetruleReply), 12 },
	33:  func() (message, int) { return new(rtrule.NewruleRequest), 12 },
	72:  func() (message, int) { return new(rtaddrlabel.GetaddrlabelReply), 12 },
	80:  func() (message, int) { return new(rtnetconf.GetnetconfReply), 4 },
	88:  func() (message, int) { return new(rtnsid.GetnsidReply), 4 },
	104: func() (message, int) { return new(rtnexthop.GetnexthopReply), 8 },
	116: func() (message, int) { return new(rtnexthop.GetnexthopbucketReply), 8 },
}

// attributes splits a message into its header and its attributes, in the order of their bytes.
func attributes(b []byte, header int) [][]byte {
	list := [][]byte{b[:header]}
	for rest := b[header:]; len(rest) >= 4; {
		n := int(binary.NativeEndian.Uint16(rest))
		if n < 4 || n > len(rest) {
			return append(list, rest)
		}
		list = append(list, rest[:n])
		rest = rest[min((n+3)&^3, len(rest)):]
	}
	slices.SortFunc(list[1:], bytes.Compare)
	return list
}

// TestCorpus decodes the recorded messages of these families without leaving anything unknown, and writes them again, byte for byte but for
// the order of attributes.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../../../shared/corpus/*.jsonl")
	if len(files) == 0 {
		t.Skip("no recorded traffic beside this repository")
	}
	count := map[uint16]int{}
	check := func(id, text string) {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for len(b) >= 16 {
			length := int(binary.NativeEndian.Uint32(b))
			if length < 16 || length > len(b) {
				return // iproute2 sends zeros behind its last message.
			}
			kind, body := binary.NativeEndian.Uint16(b[4:]), b[16:length]
			b = b[min((length+3)&^3, len(b)):]
			create := newMessage[kind]
			if create == nil {
				continue
			}
			x, header := create()
			if err := x.UnmarshalBinary(body); err != nil {
				t.Errorf("%s: type %d: %v", id, kind, err)
				continue
			}
			if unknown := reflect.ValueOf(x).Elem().FieldByName("Unknown"); unknown.Len() > 0 {
				t.Errorf("%s: type %d: unknown attributes %v", id, kind, unknown)
			}
			again, err := x.AppendBinary(nil)
			if err != nil || !slices.EqualFunc(attributes(again, header), attributes(body, header), bytes.Equal) {
				t.Errorf("%s: type %d: %v\n %x\nis written as\n %x", id, kind, err, body, again)
			}
			count[kind]++
		}
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(file)
		for {
			line, err := lines.ReadBytes('\n')
			var r struct {
				ID       string   `json:"id"`
				Protocol *int     `json:"protonum"`
				Request  string   `json:"request"`
				Replies  []string `json:"replies"`
				Messages []struct {
					Protocol *int   `json:"protonum"`
					Hex      string `json:"hex"`
				} `json:"messages"`
			}
			if len(line) > 0 {
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if r.Protocol != nil && *r.Protocol == 0 {
				for _, text := range append(r.Replies, r.Request) {
					check(r.ID, text)
				}
			}
			for _, m := range r.Messages {
				if m.Protocol != nil && *m.Protocol == 0 {
					check(r.ID, m.Hex)
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		file.Close()
	}
	t.Logf("messages by type: %v", count)
	if count[28] == 0 || count[32] == 0 {
		t.Error("the recording has no neighbours or rules")
	}
}
