package main

import (
	"bytes"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) { nettest.Main(m) }

func TestShow(t *testing.T) {
	nettest.Isolate(t)
	var out bytes.Buffer
	if err := show(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"LINK ", "\nlo ", "\nADDRESS ", "\nROUTE "} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("no %q in\n%s", want, out.Bytes())
		}
	}
}
