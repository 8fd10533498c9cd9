package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A walkStep is one thing that CONTRIBUTING.md tells to do.
type walkStep struct {
	file    string // to write
	content string
	command string // to run
	output  string // that it must print
}

var (
	// A file is announced by its name at the end of a paragraph, a command by a dollar.
	walkFile = regexp.MustCompile("(?s)`([a-z0-9_/]+\\.[a-z]+)`:$")
	// What differs from run to run.
	walkTimes = regexp.MustCompile(`\t(\d+\.\d+s|\(cached\))`)
)

// readWalk reads the section of that name.
func readWalk(t *testing.T, section string) []walkStep {
	t.Helper()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("CONTRIBUTING.md has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var steps []walkStep
	file, block := "", ""
	flush := func() {
		if file != "" && block != "" {
			steps, file = append(steps, walkStep{file: file, content: strings.TrimRight(block, "\n") + "\n"}), ""
		} else if block != "" {
			for _, part := range strings.Split("\n"+strings.TrimRight(block, "\n"), "\n$ ")[1:] {
				command, output, _ := strings.Cut(part, "\n")
				steps = append(steps, walkStep{command: command, output: output})
			}
		}
		block = ""
	}
	paragraph := ""
	for line := range strings.Lines(rest) {
		switch code, indented := strings.CutPrefix(line, "    "); {
		case indented:
			block += code
		case block != "" && strings.TrimSpace(line) == "":
			block += "\n"
		case strings.TrimSpace(line) == "":
			if m := walkFile.FindStringSubmatch(strings.TrimSpace(paragraph)); m != nil {
				file = m[1]
			}
			paragraph = ""
		default:
			flush()
			paragraph += line
		}
	}
	flush()
	return steps
}

// TestWalk follows the walk through a new family, word for word, in a copy of the project.
func TestWalk(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles much, skipped by -short")
	}
	for _, tool := range []string{"go", "git", "make", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	nettest.Isolate(t)
	conn, err := nlconn.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Family(t.Context(), "SEG6"); errors.Is(err, syscall.ENOENT) {
		t.Skip("the kernel lacks the family of the walk: ", err)
	}
	dir := copyProject(t)
	// The tests of the copy make a namespace of their own, and its make is no part of the one that may run this test.
	env := slices.DeleteFunc(append(os.Environ(), "GOWORK=off"), func(v string) bool {
		return strings.HasPrefix(v, "NLGEN_") || strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS")
	})
	for _, s := range readWalk(t, "A family from nothing") {
		if s.file != "" {
			writeFiles(t, dir, map[string]string{s.file: s.content})
			continue
		}
		cmd := exec.Command("sh", "-c", s.command)
		cmd.Dir = dir
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", s.command, err, out)
		}
		// How make builds and renders is of no interest, and so is left out of the text.
		if strings.HasPrefix(s.command, "make ") && s.output == "" {
			continue
		}
		got := walkTimes.ReplaceAllString(strings.TrimRight(string(out), "\n"), "\tTIME")
		if want := walkTimes.ReplaceAllString(s.output, "\tTIME"); !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("%s: printed\n%s\nnot\n%s", s.command, got, want)
		}
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !bytes.Contains(readme, []byte("| [SEG6](generated/seg6) |")) {
		t.Error("the table of families in README.md has no line for SEG6: ", err)
	}
}

// copyProject copies what git knows of the project, and what it would take in.
func copyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	copying := exec.Command("sh", "-c", `git ls-files -co --exclude-standard | tar -cT - | tar -xC "$0"`, dir)
	copying.Dir = "../.."
	if out, err := copying.CombinedOutput(); err != nil {
		t.Skipf("this is no git checkout: %v: %s", err, out)
	}
	return dir
}
