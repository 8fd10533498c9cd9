package gen

import (
	"bufio"
	"fmt"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// coverage says which statements ran: the blocks of each file, by its path below gen.
type coverage map[string][]block

// A block is a run of statements, from a line and column to another, which is not of the block.
type block struct {
	line, col, endLine, endCol, statements, count int
}

var covered sync.Map // The coverage of tests, by folder and name.

// cover runs a test of a package below gen and returns which statements of all of them ran.
func cover(t *testing.T, dir, test string) coverage {
	t.Helper()
	if ran, ok := covered.Load(dir + " " + test); ok {
		return ran.(coverage)
	}
	profile := filepath.Join(t.TempDir(), "cover")
	cmd := exec.Command("go", "test", "-count=1", "-run=^"+test+"$", "-coverpkg=./...", "-coverprofile="+profile, "./"+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	f, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ran := coverage{}
	lines := bufio.NewScanner(f)
	lines.Scan() // The mode.
	for lines.Scan() {
		file, rest, _ := strings.Cut(lines.Text(), ":")
		var b block
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.line, &b.col, &b.endLine, &b.endCol, &b.statements, &b.count); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		_, file, _ = strings.Cut(file, "/gen/")
		ran[file] = append(ran[file], b)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	covered.Store(dir+" "+test, ran)
	return ran
}

// ran reports whether the statement at a position ran: the block that holds it and begins last did.
func (c coverage) ran(t *testing.T, at token.Position) bool {
	t.Helper()
	var last *block
	for i, b := range c[filepath.ToSlash(at.Filename)] {
		holds := !before(at.Line, at.Column, b.line, b.col) && before(at.Line, at.Column, b.endLine, b.endCol)
		if holds && (last == nil || before(last.line, last.col, b.line, b.col)) {
			last = &c[filepath.ToSlash(at.Filename)][i]
		}
	}
	if last == nil {
		t.Errorf("%s: no block holds this statement", at)
		return false
	}
	return last.count > 0
}

// before reports whether a place in a file stands in front of another.
func before(line, col, otherLine, otherCol int) bool {
	return line < otherLine || line == otherLine && col < otherCol
}
