package nlpolicy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// everything is a message that has every kind of place in it, and the paths of
// all attributes in their order.
func everything(t testing.TB) (body []byte, paths []string) {
	body = build(t, func(e *nlattr.Encoder) {
		e.Extend(16)
		e.Uint8(1, 5)
		nest(e, 18, func() {
			e.String(1, "vxlan")
			nest(e, 2, func() { e.Uint32(1, 7); e.Uint16BE(15, 4096); e.Uint32(99, 1) })
			nest(e, 3, func() {
				nest(e, 1, func() { e.Uint32(1, 8) })
				nest(e, 2, func() { e.Uint32(1, 8) })
			})
		})
		nest(e, 19, func() {
			nest(e, 1, func() { e.Uint32(1, 1); e.String(2, "x") })
			nest(e, 5, func() { e.Uint32(1, 1) })
		})
		nest(e, 20, func() { e.Uint32BE(0, 1); e.Uint32BE(1, 2) })
		nest(e, 22, func() { nest(e, 5, func() { nest(e, 3, func() { e.Uint32(1, 1) }) }) })
		e.Uint16(23, 1)
		e.Uint16(23, 2)
		nest(e, 24, func() { e.Uint32(1, 1) })
		r := e.BeginRaw(25)
		for range 2 {
			h := e.Extend(8)
			nlattr.PutUint16(h, 16)
			e.Uint32(1, 4)
		}
		e.End(r)
		e.Uint32(27, 3)
		nest(e, 28, func() { e.Uint8(1, 0) })
		nest(e, 30, func() { nest(e, 4, func() { e.Uint32(1, 4) }) })
		for range 2 {
			h := e.BeginRaw(32)
			e.Extend(8)
			e.Uint32(1, 4)
			e.End(h)
		}
		e.Bytes(300, []byte{1, 2, 3, 4, 8, 0, 1, 0})
		nest(e, 40, func() { nest(e, 2, func() { nest(e, 2, func() { e.Uint8(1, 1) }) }) })
	})
	return body, []string{
		"u8", "linkinfo", "linkinfo.kind", "linkinfo.data", "linkinfo.data.id", "linkinfo.data.port",
		"linkinfo.data.99", "linkinfo.inner", "linkinfo.inner.app", "linkinfo.inner.app.id",
		"linkinfo.inner.by-mode", "linkinfo.inner.by-mode.mode",
		"ops", "ops[1]", "ops[1].id", "ops[1].name", "ops[5]", "ops[5].id", "words", "words[0]", "words[1]",
		"policy", "policy[5]", "policy[5][3]", "policy[5][3].id", "many[0]", "many[1]", "many-nests", "many-nests.id",
		"multipath", "multipath[0]", "multipath[0].id", "multipath[1]", "multipath[1].id",
		"mode", "by-mode", "by-mode.mode", "many-ops[0]", "many-ops[0][4]", "many-ops[0][4].id",
		"headed[0]", "headed[0].id", "headed[1]", "headed[1].id", "300",
		"loop", "loop.again", "loop.again.again", "loop.again.again.leaf",
	}
}

func TestPathAt(t *testing.T) {
	body, want := everything(t)
	// The paths as they come along when every offset is asked for.
	var got []string
	for i := range body {
		p, ok := sample.PathAt(body, i)
		if !ok {
			if i >= 16 {
				t.Errorf("offset %d: nothing", i)
			}
			continue
		}
		if off, ok := sample.OffsetOf(body, p); !ok || off > i {
			t.Errorf("OffsetOf(%q) = %d, %v at %d", p, off, ok, i)
		} else if back, _ := sample.PathAt(body, off); back != p {
			t.Errorf("OffsetOf(%q) = %d, which is %q", p, off, back)
		} else if off == i {
			got = append(got, p)
		}
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("paths differ at %d:\ngot  %q\nwant %q", i, got, want)
		}
	}
	for _, off := range []int{-1, 0, 15, len(body), len(body) + 100} {
		if p, ok := sample.PathAt(body, off); ok {
			t.Errorf("PathAt(%d) = %q", off, p)
		}
	}
}

func TestOffsetOf(t *testing.T) {
	body := build(t, func(e *nlattr.Encoder) {
		e.Uint8(1, 1)
		e.Uint16(23, 1)
		e.Uint8(1, 2)
		e.Uint16(23, 2)
	})
	for _, c := range []struct {
		path string
		want int
	}{
		{"u8", 16}, {"many", 8}, {"many[0]", 8}, {"many[1]", 24}, {"1", 16}, {".u8", 16},
		{"many[2]", -1}, {"u16", -1}, {"", -1}, {"u8.x", -1}, {"x", -1}, {"99999999", -1}, {"many[x]", -1},
		{"many[", -1}, {"[0]", -1}, {"u8[0]", -1},
	} {
		got, ok := plain.OffsetOf(body, c.path)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("OffsetOf(%q) = %d, want %d", c.path, got, c.want)
		}
	}
}

func TestMissingAt(t *testing.T) {
	body, _ := everything(t)
	for _, c := range []struct {
		nest string
		typ  uint16
		want string
	}{
		{"", 18, "linkinfo"}, {"", 999, "999"},
		{"linkinfo", 1, "linkinfo.kind"},
		{"linkinfo.data", 2, "linkinfo.data.group"},
		{"linkinfo.data", 77, "linkinfo.data.77"},
		{"ops[5]", 2, "ops[5].name"},
		{"ops", 2, "ops[2]"},
		{"u8", 2, "u8.2"},
		{"multipath[1]", 2, "multipath[1].name"},
	} {
		off := -1
		if c.nest != "" {
			off, _ = sample.OffsetOf(body, c.nest)
		}
		if got := sample.MissingAt(body, off, c.typ); got != c.want {
			t.Errorf("MissingAt(%q, %d) = %q, want %q", c.nest, c.typ, got, c.want)
		}
	}
	if got := sample.MissingAt(body, 100000, 7); got != "7" {
		t.Errorf("no such nest: %q", got)
	}
	if got := sample.MissingAt(nil, -1, 18); got != "linkinfo" {
		t.Errorf("no body: %q", got)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		path []uint16
		want string
	}{
		{nil, ""}, {[]uint16{1}, "u8"}, {[]uint16{18, 1}, "linkinfo.kind"},
		{[]uint16{18, 2, 1}, "linkinfo.data.1"}, // id or mode
		{[]uint16{18, 2, 2}, "linkinfo.data.2"}, // group or id
		{[]uint16{18, 2, 15}, "linkinfo.data.port"},
		{[]uint16{19, 4, 2}, "ops[4].name"}, {[]uint16{25, 2}, "multipath.name"},
		{[]uint16{22, 4, 5, 2}, "policy[4][5].name"}, {[]uint16{1, 2, 3}, "u8.2.3"},
		{[]uint16{32, 2}, "headed.name"}, {[]uint16{999, 2}, "999.2"},
		{[]uint16{40, 2, 2, 2, 1}, "loop.again.again.again.leaf"},
	} {
		if got := plain.Names(c.path); got != c.want {
			t.Errorf("Names(%d) = %q, want %q", c.path, got, c.want)
		}
	}
	if got := (&Message{}).Names([]uint16{3}); got != "3" {
		t.Errorf("no set: %q", got)
	}
}

func TestLocateDecoder(t *testing.T) {
	body, _ := everything(t)
	off, _ := sample.OffsetOf(body, "linkinfo.data.id")
	for _, c := range []struct {
		path []uint16
		off  int
		want string
	}{
		{[]uint16{18, 2, 1}, off, "linkinfo.data.id"},
		{[]uint16{18, 2, 15}, off, "linkinfo.data.port"}, // the offset is another's
		{[]uint16{18, 2, 1}, 1 << 20, "linkinfo.data.1"},
		{nil, 3, ""},
	} {
		e := &nlattr.Error{Path: c.path, Offset: c.off, Err: io.EOF}
		wrapped := errors.Join(e)
		if got := sample.Locate(wrapped, body); got != wrapped || e.Name != c.want {
			t.Errorf("Locate(%d, %d): %q, want %q", c.path, c.off, e.Name, c.want)
		}
	}
	if sample.Locate(nil, body) != nil || sample.Locate(io.EOF, body) != io.EOF {
		t.Error("errors of others are changed")
	}
}

func TestLocateEncoder(t *testing.T) {
	e := nlattr.NewEncoder([]byte("before"))
	e.Extend(16)
	e.Uint8(1, 1)
	nest(&e, 29, func() {})
	e.Begin(18)
	e.String(1, "vxlan")
	e.Begin(2)
	e.Uint16BE(15, 1)
	e.Fail(1, io.EOF)
	_, err := e.Finish()
	if err = sample.Locate(err, e.Written()); err.Error() != "attribute linkinfo.data.id (offset 56): EOF" {
		t.Error(err)
	}
	// The nest itself is too long.
	e.Reset(nil)
	e.Extend(16)
	e.Begin(18)
	e.String(1, "bond")
	n := e.Begin(2)
	for range 8200 {
		e.Uint32(2, 1)
	}
	e.End(n)
	_, err = e.Finish()
	if err = sample.Locate(err, e.Written()); err == nil || err.Error() != "attribute linkinfo.data (offset 32): attribute exceeds 65535 bytes" {
		t.Error(err)
	}
}

// TestHostileSelectors has as many sub-messages as fit: their selectors must not
// be looked for again and again.
func TestHostileSelectors(t *testing.T) {
	body := bytes.Repeat([]byte{4, 0, 28, 0}, 1<<18)
	if binary.NativeEndian.Uint16(body) != 4 {
		t.Skip("the bytes are little-endian")
	}
	if err := Validate(plain, body, Liberal); err != nil {
		t.Error(err)
	}
}

func FuzzPath(f *testing.F) {
	body, paths := everything(f)
	f.Add(body, "linkinfo.data.id", 40)
	for _, p := range paths {
		f.Add(body, p, 80)
	}
	f.Fuzz(func(t *testing.T, body []byte, path string, offset int) {
		for _, m := range []*Message{sample, plain} {
			if p, ok := m.PathAt(body, offset); ok {
				// Repeated attributes share a path, so the way back need not lead
				// to the same offset, or anywhere.
				if off, ok := m.OffsetOf(body, p); ok {
					if back, _ := m.PathAt(body, off); back != p {
						t.Errorf("%q leads to %d, which is %q", p, off, back)
					}
				}
			}
			if off, ok := m.OffsetOf(body, path); ok {
				if _, ok := m.PathAt(body, off); !ok {
					t.Errorf("nothing at %d, the offset of %q", off, path)
				}
			}
			m.MissingAt(body, offset, 3)
			e := &nlattr.Error{Path: []uint16{18, 2, 1}, Offset: offset, Err: io.EOF}
			_ = m.Locate(e, body)
			for _, mode := range []Mode{Strict, Liberal} {
				if err := Validate(m, body, mode); err != nil && err.Error() == "" {
					t.Error("an error without text")
				}
			}
		}
	})
}
