package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDownstream uses nlgen as a repository of somebody else does: as a tool of the module, called by go generate, with the result
// built against the runtime.
func TestDownstream(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("the go command builds the other module: %v", err)
	}
	if testing.Short() {
		t.Skip("takes a compiler, skipped by -short")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// What nlgen needs stands in the go.mod of the module that uses it. The go command would add it, but asks the network for that.
	needs, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod := strings.Replace(string(needs), "module "+module+"\n", "module example.test/down\n", 1) + "\ntool " + module + "/cmd/nlgen\n" +
		"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n"
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"go.mod":       mod,
		"go.sum":       string(sum),
		"down.go":      "// Package down uses a generated package.\npackage down\n\n//go:generate go tool nlgen generate --spec demo.yaml --out demo\n",
		"demo.yaml":    demoSpec,
		"down_test.go": downTest,
	})
	for _, step := range []struct {
		command string
		want    string
	}{
		{"go generate ./...", "wrote demo/client.go"},
		{"go vet ./...", ""},
		{"go test ./...", "ok"},
		{"go tool nlgen generate --check --spec demo.yaml --out demo", ""},
		{"go tool nlgen version", "nlgen "},
	} {
		args := strings.Fields(step.command)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), step.want) {
			t.Fatalf("%s: %v\n%s", step.command, err, out)
		}
	}
}

const downTest = `package down

import (
	"testing"

	"example.test/down/demo"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestDemo(t *testing.T) {
	b, err := (&demo.GetRequest{ID: nlattr.Some(uint32(7))}).AppendBinary(nil)
	if err != nil || len(b) != 8 {
		t.Fatal(b, err)
	}
}
`

const demoSpec = `name: demo
doc: Demo family.
protocol: genetlink
attribute-sets:
  -
    name: main
    attributes:
      - {name: id, type: u32, doc: Identifier.}
operations:
  list:
    -
      name: get
      doc: Get one.
      attribute-set: main
      do:
        request: {attributes: [id]}
        reply: {attributes: [id]}
`

// writeFiles writes files below dir.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
