package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	lab "github.com/nlgen/nlgen/internal/witness"
)

// TestLiveModule talks to a kernel module with a protocol number of its own, by a spec of its own: requests, a long dump, notifications,
// and refusals by its policy and by itself.
func TestLiveModule(t *testing.T) {
	nettest.Isolate(t)
	lab.Load(t, "nlgen_slots")
	s := &session{T: t, spec: "testdata/module/slots.yaml"}
	if v := s.do("set", `{"number": 7, "text": "seven"}`); v != nil {
		t.Errorf("set answered %v", v)
	}
	if got := s.do("get", `{"number": 7}`).(answer); got["number"] != 7.0 || got["text"] != "seven" {
		t.Errorf("got %v", got)
	}
	for request, want := range map[string]string{
		`{"number": 8}`:    `slots: get: ENOENT: "slot is empty" [attribute number]`,
		`{}`:               `slots: get: EINVAL: "which slot is meant" [missing attribute number]`,
		`{"number": 5000}`: `attribute number`,
	} {
		s.refused("get", request, want)
	}
	s.refused("set", `{"number": 1, "text": "`+strings.Repeat("x", 40)+`"}`, "attribute text")

	s.listening(`"text": "news"`, func() { s.do("set", `{"number": 3, "text": "news"}`) }, "changes")

	// More than one datagram holds.
	for i := range 1200 {
		if _, stderr, code := s.call("do", "set", "--json", fmt.Sprintf(`{"number": %d, "text": "slot %d of many"}`, i, i)); code != exitOK {
			t.Fatal(stderr)
		}
	}
	list := s.dump("get", `{}`)
	if len(list) != 1200 {
		t.Errorf("%d slots", len(list))
	}
	for i, slot := range list {
		if slot["number"] != float64(i) || slot["text"] != fmt.Sprintf("slot %d of many", i) {
			t.Fatalf("slot %d is %v", i, slot)
		}
	}
}
