package drift

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"linux-6.9/toy.yaml", "linux-6.12/toy.yaml", "linux-6.12/README.md", "linux-7.0/README.md", "README.md"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(base, "doc: A toy.", "doc: "+name, 1)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string]string{dir: "linux-6.12/toy.yaml", filepath.Join(dir, "linux-6.9"): "linux-6.9/toy.yaml"} {
		list, release, err := Read(folder)
		if err != nil {
			t.Fatal(err)
		}
		if of := fmt.Sprintf("linux-%d.%d/toy.yaml", release[0], release[1]); of != want {
			t.Errorf("%s: of release %v, want %s", folder, release, want)
		}
		if len(list) != 1 || list[0].Doc != want {
			t.Errorf("%s: %d families, the first is %q, want %q", folder, len(list), list[0].Doc, want)
		}
	}
	if _, _, err := Read(filepath.Join(dir, "linux-7.0")); err == nil || !strings.Contains(err.Error(), "no spec in") {
		t.Errorf("a folder without specs: %v", err)
	}
	if _, _, err := Read(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	_, _, err := Read(specIn(t, strings.Replace(base, "nested-attributes: inner", "nested-attributes: nothing", 1)))
	if err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("a spec that is wrong: %v", err)
	}
}
