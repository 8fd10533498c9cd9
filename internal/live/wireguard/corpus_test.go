package wireguard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/generated/wireguard"
)

// A message is a generated type.
type message interface {
	UnmarshalBinary(b []byte) error
	AppendBinary(b []byte) ([]byte, error)
}

// newMessage returns the type of a message by its command. The request for a device has nothing that the device has not.
func newMessage(command uint16) message {
	if command == wireguard.CmdSetDevice {
		return new(wireguard.SetDeviceRequest)
	}
	return new(wireguard.GetDeviceReply)
}

// TestCorpus reads the recorded messages of the family, those of wg among them, and writes them again. Attributes come in the order of
// their numbers then, in which wg does not write them: so what is compared is what is read from both, and their lengths.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../../../shared/corpus/*.jsonl")
	if len(files) == 0 {
		t.Skip("no recorded traffic beside this repository")
	}
	count := map[uint16]int{}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var family uint16
		for line := range bytes.Lines(file) {
			var r struct {
				ID       string            `json:"id"`
				Spec     string            `json:"spec"`
				FamilyID uint16            `json:"family_id"`
				Families map[uint16]string `json:"map"`
				Request  string            `json:"request"`
				Replies  []string          `json:"replies"`
				Messages []struct {
					Protocol int    `json:"protonum"`
					Hex      string `json:"hex"`
				} `json:"messages"`
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for id, of := range r.Families {
				if of == "wireguard" {
					family = id
				}
			}
			var texts []string
			if r.Spec == "wireguard" {
				family = r.FamilyID
				texts = append(r.Replies, r.Request)
			}
			for _, m := range r.Messages {
				if m.Protocol == 16 {
					texts = append(texts, m.Hex)
				}
			}
			for _, text := range texts {
				b, err := hex.DecodeString(text)
				if err != nil {
					t.Fatal(err)
				}
				for len(b) >= 20 {
					length := int(binary.NativeEndian.Uint32(b))
					if length < 20 || length > len(b) {
						break
					}
					if family != 0 && binary.NativeEndian.Uint16(b[4:]) == family {
						command := uint16(b[16])
						count[command]++
						checkMessage(t, r.ID, command, b[20:length])
					}
					b = b[min((length+3)&^3, len(b)):]
				}
			}
		}
	}
	t.Logf("messages by command: %v", count)
	if count[wireguard.CmdGetDevice] == 0 || count[wireguard.CmdSetDevice] == 0 {
		t.Error("the recording has no devices")
	}
}

func checkMessage(t *testing.T, id string, command uint16, body []byte) {
	x, y := newMessage(command), newMessage(command)
	if err := x.UnmarshalBinary(body); err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	again, err := x.AppendBinary(nil)
	if err != nil || len(again) != len(body) {
		t.Errorf("%s: %v\n %x\nis written as\n %x", id, err, body, again)
		return
	}
	if err := y.UnmarshalBinary(again); err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	a, _ := json.Marshal(x)
	b, _ := json.Marshal(y)
	if !bytes.Equal(a, b) || bytes.Contains(a, []byte("Unknown")) {
		t.Errorf("%s: read %s, then %s", id, a, b)
	}
}
