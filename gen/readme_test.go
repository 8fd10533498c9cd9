package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme builds what the nlgen.yaml in README.md says of the specs of this repository.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, config, _ := strings.Cut(string(readme), "```yaml\n")
	config, _, _ = strings.Cut(config, "```\n")
	files := map[string]string{ConfigName: config, "specs/fou.yaml": demo("fou"), "specs/more/one.yaml": demo("one")}
	entries := 0
	for line := range strings.Lines(config) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "- spec: ")
		if !ok {
			continue
		}
		entries++
		name, _, _ = strings.Cut(name, " ")
		if b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(strings.TrimSpace(name)))); err == nil {
			files[strings.TrimSpace(name)] = string(b)
		}
	}
	if built := build(t, open(t, files)); len(built) != entries || entries < 5 {
		t.Errorf("%d packages of %d entries", len(built), entries)
	}
}
