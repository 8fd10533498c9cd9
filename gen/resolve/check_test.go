package resolve_test

import (
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
)

// checkFamily checks what holds for every resolved family.
func checkFamily(t *testing.T, f *ir.Family) {
	t.Helper()
	for _, s := range f.Sets {
		numbers, names := map[uint16]bool{}, map[string]bool{}
		for _, a := range s.Attrs {
			if numbers[a.Number] || names[a.Name] || a.Number > 0x3fff {
				t.Errorf("attribute %s of %s is not unique or has no possible number", a.Name, s.Name)
			}
			numbers[a.Number], names[a.Name] = true, true
			if a.Set != s || a.Go == "" || a.Const == "" || a.Type == "" {
				t.Errorf("attribute %s of %s is not complete: %+v", a.Name, s.Name, a)
			}
			if (a.Type == "nest") != (a.Presence == ir.Pointer && a.Struct == nil || a.Type == "nest" && a.Presence == ir.Slice) {
				t.Errorf("attribute %s of %s has a wrong presence", a.Name, s.Name)
			}
			if a.Type == "nest" && (a.Nested == nil || !a.Nested.Nest) {
				t.Errorf("nest %s of %s has no set", a.Name, s.Name)
			}
			if a.Type == "sub-message" && (a.Sub == nil || a.Selector == nil) {
				t.Errorf("sub-message %s of %s is not bound", a.Name, s.Name)
			}
		}
		if s.Go == "" {
			t.Errorf("set %s has no Go name", s.Name)
		}
	}
	for _, s := range f.Structs {
		end := 0
		for _, m := range s.Members {
			if m.Offset < end || (m.Go == "") != (m.Type == "pad") {
				t.Errorf("member %s of %s overlaps or has no name", m.Name, s.Name)
			}
			end = m.Offset + m.Size
		}
		if s.Go == "" || s.Align == 0 || s.Size < end || s.Size%s.Align != 0 {
			t.Errorf("struct %s has size %d, align %d, and ends at %d", s.Name, s.Size, s.Align, end)
		}
	}
	for _, e := range f.Enums {
		if e.Go == "" || e.Bits == 0 {
			t.Errorf("enum %s is not complete", e.Name)
		}
		for _, entry := range e.Entries {
			if entry.Go == "" {
				t.Errorf("entry %s of %s has no Go name", entry.Name, e.Name)
			}
		}
	}
	for _, m := range f.Messages {
		if m.Go == "" || m.Op == nil || m.Set == nil && len(m.Attrs) > 0 {
			t.Errorf("message %s is not complete", m.Name)
		}
		if m.Same != nil && (m.Same.Same != nil || m.Same.Header != m.Header || m.Same.Set != m.Set || len(m.Same.Attrs) != len(m.Attrs)) {
			t.Errorf("message %s is not the same as %s", m.Name, m.Same.Name)
		}
		for _, a := range m.Attrs {
			if a.Set != m.Set || a.Presence == ir.Never {
				t.Errorf("message %s has attribute %s, which does not belong into it", m.Name, a.Name)
			}
		}
	}
	for _, o := range f.Ops {
		if o.Go == "" || o.Const == "" || o.Do == nil && o.Dump == nil && o.Notify == nil && !o.Event {
			t.Errorf("operation %s is not complete", o.Name)
		}
		for _, m := range []*ir.Mode{o.Do, o.Dump} {
			if m != nil && (m.Request == nil || m.HasReply && o.Reply == nil) {
				t.Errorf("operation %s has no messages", o.Name)
			}
		}
	}
	for _, e := range f.Events {
		if e.Go == "" || e.Message == nil {
			t.Errorf("event %s is not complete", e.Op.Name)
		}
	}
	for _, g := range f.Groups {
		if g.Go == "" {
			t.Errorf("group %s has no Go name", g.Name)
		}
	}
	for _, s := range f.SubMessages {
		for _, format := range s.Formats {
			if (format.Go == "") != (format.Set == nil && format.Header == nil) {
				t.Errorf("format %s of %s has type %q", format.Value, s.Name, format.Go)
			}
		}
	}
}
