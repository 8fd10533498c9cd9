package specs

import (
	"bytes"
	"testing"
)

func TestNames(t *testing.T) {
	names := Names()
	if len(names) == 0 {
		t.Fatal("there are no specs")
	}
	for _, name := range names {
		src, ok := Get(name)
		if !ok || !bytes.Contains(src, []byte("\nname: "+name+"\n")) {
			t.Errorf("%s.yaml is not the spec of a family of that name", name)
		}
	}
	for _, name := range []string{"", "no-such-family", "../nlgen", "embed.go", "errata"} {
		if _, ok := Get(name); ok {
			t.Errorf("there is a spec of family %q", name)
		}
	}
}
