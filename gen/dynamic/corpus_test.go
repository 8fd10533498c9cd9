package dynamic

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// The recorded traffic and the specs that it was recorded with.
const (
	corpusDir = "../../../shared/corpus"
	specsDir  = "../../../shared/kernel-specs"
)

// record is a line of the recording. See the README there.
type record struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	Spec     string            `json:"spec"`
	SpecSet  string            `json:"specset"`
	Protocol int               `json:"protonum"`
	Op       string            `json:"op"`
	Mode     string            `json:"mode"`
	Flags    json.RawMessage   `json:"flags"`
	Input    json.RawMessage   `json:"input"`
	Request  string            `json:"request"`
	Replies  []string          `json:"replies"`
	Decoded  json.RawMessage   `json:"decoded"`
	Errno    int               `json:"errno"`
	ExtAck   json.RawMessage   `json:"extack"`
	Lenient  []string          `json:"lenient"`
	Unknown  []string          `json:"unknown"`
	Messages []capturedMessage `json:"messages"`
	Map      map[string]string `json:"map"`
}

// capturedMessage is a datagram that a tool sent or received.
type capturedMessage struct {
	Dir      string `json:"dir"`
	Protocol int    `json:"protonum"`
	Hex      string `json:"hex"`
	Decoded  []struct {
		Spec    string          `json:"spec"`
		SpecSet string          `json:"specset"`
		Op      string          `json:"op"`
		Msg     json.RawMessage `json:"msg"`
	} `json:"decoded"`
	TrailingZeros int `json:"trailing_zeros"`
}

// readRecords calls f with each record of the files that a pattern matches.
func readRecords(t *testing.T, pattern string, f func(*record)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpusDir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no recorded traffic in %s", corpusDir)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(file)
		for {
			line, err := lines.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) == 0 && err != nil {
				break
			}
			r := new(record)
			if err := json.Unmarshal(line, r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			f(r)
		}
		file.Close()
	}
}

// specFolders are the folders of the sets of specs.
var specFolders = map[string]string{"6.12": "linux-6.12", "2025": "linux-6.16"}

// codecs are the specs that were read, by variant. A spec that is not there has none.
type codecs map[string]map[variant]*Codec

// get returns a spec of the recording, as it is or as the tool takes it for, or nil if the spec is not there.
func (c codecs) get(t *testing.T, set, name string, v variant) *Codec {
	t.Helper()
	path := filepath.Join(specsDir, specFolders[set], name+".yaml")
	if known, ok := c[path]; ok && (known == nil || known[v] != nil) {
		return known[v]
	}
	if _, err := os.Stat(path); err != nil {
		c[path] = nil
		return nil
	}
	var report diag.Report
	codec := ReadFile(&report, path)
	if codec == nil {
		t.Fatalf("%s cannot be read: %v", path, report.Diagnostics()[0])
	}
	if v != 0 {
		v.apply(codec.Family)
		codec = New(codec.Family)
	}
	if c[path] == nil {
		c[path] = map[variant]*Codec{}
	}
	c[path][v] = codec
	return codec
}

// try runs a check with a spec as it is, and if that finds differences, as the
// tool takes the spec for. The check returns the rules that it needed and the
// differences that no rule explains.
func (c codecs) try(t *testing.T, set, spec string, tally *tally, id string, check func(*Codec) (map[rule]bool, []string)) {
	t.Helper()
	var first []string
	for _, v := range variants {
		codec := c.get(t, set, spec, v)
		if codec == nil {
			tally.skip("the spec of " + spec + " is not among the files")
			return
		}
		used, diffs := check(codec)
		if len(diffs) == 0 {
			if used == nil {
				used = map[rule]bool{}
			}
			v.use(used)
			tally.outcome(used)
			return
		}
		if v == 0 {
			first = diffs
		}
	}
	tally.fail(id, "%s %s: %s", set, spec, strings.Join(first, "\n"))
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// messages returns the messages of a datagram.
func messages(t *testing.T, datagram []byte) (headers []nlmsg.Header, bodies [][]byte) {
	t.Helper()
	cur := nlmsg.NewCursor(datagram)
	for cur.Next() {
		headers, bodies = append(headers, cur.Header()), append(bodies, cur.Body())
	}
	if err := cur.Err(); err != nil {
		t.Error(err)
	}
	return headers, bodies
}
