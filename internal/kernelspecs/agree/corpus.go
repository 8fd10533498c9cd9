package agree

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// record is what matters here of a line of recorded traffic: datagrams, and the spec that they were recorded with.
type record struct {
	ID       string
	Spec     string
	Request  string
	Replies  []string
	Messages []struct {
		Dir     string
		Hex     string
		Decoded []struct{ Spec string }
	}
}

// corpus hands the messages of recorded traffic that belong to the family to the generated types and to gen/dynamic, and compares.
func corpus(t *testing.T, codec *dynamic.Codec, source Source, types Types) {
	files, err := filepath.Glob(filepath.Join(source.Corpus, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no recorded traffic in %s", source.Corpus)
	}
	r := replay{t: t, codec: codec, types: types, family: plain(codec.Family.Name)}
	for _, name := range files {
		if err := r.file(name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	t.Logf("%d messages", r.count)
}

// plain returns a name without what generations of specs write in different ways.
func plain(name string) string { return strings.ReplaceAll(name, "_", "-") }

// replay hands recorded messages to both.
type replay struct {
	t      *testing.T
	codec  *dynamic.Codec
	types  Types
	family string
	count  int
}

func (r *replay) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var rec record
			if err := json.Unmarshal(line, &rec); err != nil {
				return err
			}
			r.record(&rec)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *replay) record(rec *record) {
	if plain(rec.Spec) == r.family {
		r.datagram(rec.ID, rec.Request, true)
		for _, reply := range rec.Replies {
			r.datagram(rec.ID, reply, false)
		}
	}
	for _, m := range rec.Messages {
		if len(m.Decoded) > 0 && plain(m.Decoded[0].Spec) == r.family {
			r.datagram(rec.ID, m.Hex, m.Dir == "out")
		}
	}
}

// datagram goes through the messages of a datagram.
func (r *replay) datagram(id, text string, request bool) {
	b, err := hex.DecodeString(text)
	if err != nil {
		r.t.Errorf("%s: %v", id, err)
		return
	}
	for cur := nlmsg.NewCursor(b); cur.Next(); {
		h := cur.Header()
		if h.Type < nlmsg.MinType {
			continue
		}
		number, body, err := r.codec.Payload(h.Type, cur.Body())
		if err != nil {
			r.t.Errorf("%s: %v", id, err)
			continue
		}
		for _, m := range r.messages(number, request) {
			r.count++
			c := newComparison(r.codec, m, r.types[m.Go])
			if err := c.recorded(body); err != nil {
				r.t.Errorf("%s: %s: %v", id, m.Go, err)
			}
		}
	}
}

// messages returns the types that a message with the given number may have.
func (r *replay) messages(number uint16, request bool) []*ir.Message {
	var list []*ir.Message
	if !request {
		for _, op := range r.codec.Replies(number) {
			if op.Reply != nil {
				list = append(list, op.Reply)
			}
		}
		return list
	}
	for _, op := range r.codec.Requests(number) {
		for _, mode := range []*ir.Mode{op.Do, op.Dump} {
			if mode != nil && mode.RequestNumber == number {
				list = append(list, mode.Request)
			}
		}
	}
	return list
}

// recorded compares what both make of a message, and makes sure that it comes out the same after it was encoded again.
func (c *comparison) recorded(b []byte) error {
	if err := c.damaged(b); err != nil {
		return err
	}
	x := c.empty()
	if x.UnmarshalBinary(b) != nil {
		return nil // Both have refused it.
	}
	first, err := json.Marshal(x)
	if err != nil {
		return err
	}
	again, err := x.AppendBinary(nil)
	if err != nil {
		return fmt.Errorf("encoding what was decoded: %w", err)
	}
	y := c.empty()
	if err := y.UnmarshalBinary(again); err != nil {
		return fmt.Errorf("decoding what was encoded: %w", err)
	}
	if second, err := json.Marshal(y); err != nil || !same(first, second) {
		return fmt.Errorf("decoded, encoded and decoded again: %w\n got %s\nwant %s", err, second, first)
	}
	return nil
}
