package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoldenCompiles builds and vets the packages of all golden cases against the real runtime, and runs the round trips that were
// generated with them, in a module of its own such as a downstream has.
func TestGoldenCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a compiler and a minute, skipped by -short")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	cases := goldenCases(t)
	scratch := t.TempDir()
	writeModule(t, scratch, root)
	for _, c := range cases {
		packages, report := c.run(t)
		if report.HasErrors() {
			continue
		}
		for _, p := range packages {
			dir := filepath.Join(scratch, strings.ReplaceAll(c.name, "-", ""), p.Name)
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			for _, f := range p.Files {
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-vet=off", "./..."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = scratch
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// writeModule makes dir a module that needs the one in root, and finds everything that root needs in the same versions.
func writeModule(t *testing.T, dir, root string) {
	t.Helper()
	const module = "github.com/nlgen/nlgen"
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if name == "go.mod" {
			text = strings.Replace(text, "module "+module+"\n", "module scratch\n", 1) +
				"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
