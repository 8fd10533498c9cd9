package nettest

import (
	"net"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestIsolate(t *testing.T) {
	Isolate(t)
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if l.Flags&net.FlagUp != 0 {
			t.Errorf("%s is up in a new namespace", l.Name)
		}
	}
}
