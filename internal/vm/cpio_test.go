package vm

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// An item is an entry of an archive as a reader sees it.
type item struct {
	name    string
	mode    int64
	content string
	device  [2]int64
}

// readArchive reads an archive in the way the kernel does.
func readArchive(t *testing.T, b []byte) []item {
	t.Helper()
	var items []item
	for at := 0; ; {
		if at%4 != 0 || len(b) < at+110 || string(b[at:at+6]) != "070701" {
			t.Fatalf("no header at %d", at)
		}
		field := func(i int) int64 {
			v, err := strconv.ParseInt(string(b[at+6+8*i:at+14+8*i]), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		size, length := int(field(6)), int(field(11))
		name := string(b[at+110 : at+110+length])
		if !strings.HasSuffix(name, "\x00") {
			t.Fatalf("name %q does not end", name)
		}
		begin := (at + 110 + length + 3) &^ 3
		it := item{name[:length-1], field(1), string(b[begin : begin+size]), [2]int64{field(9), field(10)}}
		if it.name == "TRAILER!!!" {
			if begin != len(b) {
				t.Errorf("%d bytes behind the end", len(b)-begin)
			}
			return items
		}
		items = append(items, it)
		at = (begin + size + 3) &^ 3
	}
}

func TestArchive(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.file("/init", 0o755, []byte("abc"))
	a.file("etc/vm/script", 0o644, nil)
	a.folder("etc")
	a.file("etc/../etc/vm/x", 0o600, []byte("12345"))
	a.file("init", 0o644, []byte("later"))
	a.link("bin/sh", "busybox")
	a.device("dev/console", 5, 1)
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	want := []item{
		{"init", 0o100755, "abc", [2]int64{}},
		{"etc", 0o040755, "", [2]int64{}},
		{"etc/vm", 0o040755, "", [2]int64{}},
		{"etc/vm/script", 0o100644, "", [2]int64{}},
		{"etc/vm/x", 0o100600, "12345", [2]int64{}},
		{"bin", 0o040755, "", [2]int64{}},
		{"bin/sh", 0o120777, "busybox", [2]int64{}},
		{"dev", 0o040755, "", [2]int64{}},
		{"dev/console", 0o020600, "", [2]int64{5, 1}},
	}
	if got := readArchive(t, b.Bytes()); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A full disk is told in the end.
func TestArchiveError(t *testing.T) {
	full := errors.New("full")
	a := newArchive(writerFunc(func([]byte) (int, error) { return 0, full }))
	a.file("a", 0o644, []byte("b"))
	if err := a.close(); !errors.Is(err, full) {
		t.Errorf("close: %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
