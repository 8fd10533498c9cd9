package output

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmezard/go-difflib/difflib"
)

// State is how a file on disk differs from what nlgen writes.
type State int

// The states.
const (
	Missing  State = iota // it is not there
	Stale                 // it has other content
	Orphaned              // nlgen wrote it once, and does not any more
)

// String returns "missing", "stale" or "orphaned".
func (s State) String() string {
	switch s {
	case Missing:
		return "missing"
	case Stale:
		return "stale"
	default:
		return "orphaned"
	}
}

// Change is one file that differs, and what makes it right.
type Change struct {
	Path  string
	State State
	Old   []byte // what is on disk; nil if it is missing
	New   []byte // what belongs there; nil if it is orphaned
}

// Diff returns the change in the unified format, from what is on disk to what
// belongs there.
func (c Change) Diff() string {
	from, to := "a/"+filepath.ToSlash(c.Path), "b/"+filepath.ToSlash(c.Path)
	switch c.State {
	case Missing:
		from = os.DevNull
	case Orphaned:
		to = os.DevNull
	}
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: splitLines(c.Old), B: splitLines(c.New), FromFile: from, ToFile: to, Context: 3,
	})
	if err != nil {
		// The diff is written into memory, where nothing can fail.
		panic("output: diff: " + err.Error())
	}
	return text
}

// splitLines splits a text behind its line ends. There is no empty line at the
// end.
func splitLines(b []byte) []string {
	var list []string
	for line := range bytes.Lines(b) {
		s := string(line)
		if !bytes.HasSuffix(line, []byte("\n")) {
			s += "\n\\ No newline at end of file\n"
		}
		list = append(list, s)
	}
	return list
}

// Plan compares folders with what is on disk and returns the changes that are
// needed, ordered by path. If root is not empty, all folders of generated files in
// it are meant to be among those given: others are orphaned.
//
// It is an error if a file that nlgen did not write stands in the way; the error
// then names all such files. Nothing is written.
func Plan(folders []Folder, root string) ([]Change, error) {
	var p plan
	known := map[string]bool{}
	for _, f := range folders {
		dir := filepath.Clean(f.Dir)
		if known[dir] {
			p.errorf("%s: two packages go to this folder", dir)
		}
		known[dir] = true
		p.folder(dir, f.Files)
	}
	if root != "" {
		p.orphans(filepath.Clean(root), known)
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	slices.SortFunc(p.changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return p.changes, nil
}

type plan struct {
	changes []Change
	errs    []error
}

func (p *plan) errorf(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

// folder compares one folder.
func (p *plan) folder(dir string, files []File) {
	wanted := map[string]bool{}
	for _, f := range files {
		switch {
		case f.Name == "" || f.Name != filepath.Base(f.Name) || !filepath.IsLocal(f.Name):
			p.errorf("%s: %q is no file name", dir, f.Name)
			continue
		case wanted[f.Name]:
			p.errorf("%s: two files have the name %q", dir, f.Name)
			continue
		}
		wanted[f.Name] = true
		p.file(filepath.Join(dir, f.Name), f.Content)
	}
	p.rest(dir, wanted)
}

// file compares one file.
func (p *plan) file(path string, content []byte) {
	if !Generated(content) {
		p.errorf("%s: the header of generated files is missing", path)
		return
	}
	old, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.changes = append(p.changes, Change{Path: path, State: Missing, New: content})
	case err != nil:
		p.errs = append(p.errs, err)
	case !Generated(old):
		p.errorf("%s: nlgen did not write this file, and does not overwrite it", path)
	case !bytes.Equal(unix(old), content):
		p.changes = append(p.changes, Change{Path: path, State: Stale, Old: old, New: content})
	}
}

// unix undoes what a checkout on Windows does to line ends.
func unix(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }

// read reads a regular file.
func read(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no regular file", path)
	}
	return os.ReadFile(path)
}

// rest finds the files of a folder that nlgen wrote once and does not any more.
func (p *plan) rest(dir string, wanted map[string]bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			p.errs = append(p.errs, err)
		}
		return
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if wanted[e.Name()] || !e.Type().IsRegular() || !startsGenerated(path) {
			continue
		}
		old, err := os.ReadFile(path)
		if err != nil {
			p.errs = append(p.errs, err)
			continue
		}
		p.changes = append(p.changes, Change{Path: path, State: Orphaned, Old: old})
	}
}

// startsGenerated reports whether a file begins with the header. Of what it cannot
// read it says no.
func startsGenerated(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	start, err := io.ReadAll(io.LimitReader(f, 1024))
	return err == nil && Generated(start)
}

// orphans finds the folders in root that no package goes to any more.
func (p *plan) orphans(root string, known map[string]bool) {
	entries, err := os.ReadDir(root)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			p.errs = append(p.errs, err)
		}
		return
	}
	for _, e := range entries {
		if dir := filepath.Join(root, e.Name()); e.IsDir() && !known[dir] {
			p.rest(dir, nil)
		}
	}
}
