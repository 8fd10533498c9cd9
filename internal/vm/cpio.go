package vm

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// Kinds of an entry, as in the upper bits of a file's mode.
const (
	kindFolder = 0o040000
	kindFile   = 0o100000
	kindLink   = 0o120000
	kindDevice = 0o020000 // a character device
)

// An archive writes the format that the kernel unpacks as its first file system ("newc"):
//
//	"070701" + 13 fields of 8 hexadecimal digits | name, NUL, padding to 4 | content, padding to 4 | ... | "TRAILER!!!"
//
// The folders above an entry are written before it. The first error is kept and returned by close.
type archive struct {
	w       io.Writer
	written int64
	entries int
	seen    map[string]bool
	err     error
}

func newArchive(w io.Writer) *archive {
	return &archive{w: w, seen: map[string]bool{}}
}

// folder writes a folder, once.
func (a *archive) folder(name string) {
	if a.claim(name) {
		a.entry(clean(name), kindFolder|0o755, nil, 0, 0)
	}
}

// file writes a regular file. The first of several files of one name stays.
func (a *archive) file(name string, mode uint32, content []byte) {
	if a.claim(name) {
		a.entry(clean(name), kindFile|mode&0o7777, content, 0, 0)
	}
}

// link writes a symbolic link.
func (a *archive) link(name, target string) {
	if a.claim(name) {
		a.entry(clean(name), kindLink|0o777, []byte(target), 0, 0)
	}
}

// device writes a character device.
func (a *archive) device(name string, major, minor int) {
	if a.claim(name) {
		a.entry(clean(name), kindDevice|0o600, nil, major, minor)
	}
}

// close ends the archive and returns the first error.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, nil, 0, 0)
	return a.err
}

// clean makes a name relative to the root.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// claim writes the folders above name, and reports whether name is new.
func (a *archive) claim(name string) bool {
	name = clean(name)
	if name == "" || a.seen[name] {
		return false
	}
	a.folder(path.Dir(name))
	a.seen[name] = true
	return true
}

func (a *archive) entry(name string, mode uint32, content []byte, major, minor int) {
	a.entries++
	fields := []int{
		a.entries, int(mode), 0, 0, // inode, mode, owner, group
		1, 0, len(content), // links, time, size
		0, 0, major, minor, // where the file lies, which device it is
		len(name) + 1, 0, // length of the name, checksum
	}
	header := "070701"
	for _, f := range fields {
		header += fmt.Sprintf("%08x", f)
	}
	a.put([]byte(header + name + "\x00"))
	a.put(content)
}

// put writes b and pads to a multiple of four.
func (a *archive) put(b []byte) {
	for _, part := range [][]byte{b, make([]byte, -(a.written+int64(len(b)))&3)} {
		if a.err != nil {
			return
		}
		n, err := a.w.Write(part)
		a.written += int64(n)
		a.err = err
	}
}
