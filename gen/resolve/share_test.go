package resolve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
)

// dense is a spec with some operations over one set, of which each lists all attributes but one, and one more operation over another set.
func dense(ops, attrs int) string {
	var b strings.Builder
	b.WriteString("name: test\ndoc: d\nprotocol: genetlink\nattribute-sets:\n- {name: few, attributes: [{name: x, type: u32}]}\n- name: many\n  attributes:\n")
	var all []string
	for i := range attrs {
		all = append(all, fmt.Sprintf("a%d", i))
		fmt.Fprintf(&b, "  - {name: a%d, type: u32}\n", i)
	}
	b.WriteString("  - {name: never-listed, type: u32}\noperations:\n  list:\n  - {name: other, doc: d, attribute-set: few, do: {request: {attributes: [x]}}}\n")
	for op := range ops {
		list := strings.Join(slices.Delete(slices.Clone(all), op, op+1), ", ")
		fmt.Fprintf(&b, "  - {name: op%d, doc: d, attribute-set: many, do: {request: {attributes: [%s]}, reply: {attributes: [a%d]}}}\n", op, list, op)
	}
	return b.String()
}

// TestShare shows when messages share a type though they list different attributes.
func TestShare(t *testing.T) {
	for _, tc := range []struct {
		ops, attrs int
		share      bool
	}{
		{10, 100, false}, // not many fields
		{7, 500, false},  // many, but each is in few types
		{40, 100, true},
	} {
		f, found := resolveText(dense(tc.ops, tc.attrs), resolve.Options{})
		if f == nil {
			t.Fatal(found)
		}
		var requests, replies []*ir.Message
		for _, m := range f.Messages {
			switch {
			case m.Set.Name == "few":
				if m.Same != nil || len(m.Fields) != 1 {
					t.Errorf("%s shares a type", m.Go)
				}
			case m.Request:
				requests = append(requests, m)
			default:
				replies = append(replies, m)
			}
		}
		for i, m := range requests {
			if len(m.Attrs) != tc.attrs-1 {
				t.Errorf("%s takes %d attributes", m.Go, len(m.Attrs))
			}
			want := tc.attrs - 1
			if tc.share {
				want = tc.attrs // the one that nobody lists is not among them
			}
			if len(m.Fields) != want || (m.Same == requests[0]) != (tc.share && i > 0) {
				t.Errorf("%d operations: %s has %d fields, want %d; shares: %v", tc.ops, m.Go, len(m.Fields), want, m.Same != nil)
			}
		}
		for _, m := range replies {
			if m.Same != nil || len(m.Fields) != 1 {
				t.Errorf("the reply %s shares a type", m.Go)
			}
		}
	}
}
