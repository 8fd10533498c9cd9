package resolve_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/resolve"
)

// TestWeight makes sure that a family that is too large is refused once, at the declaration that is too much.
func TestWeight(t *testing.T) {
	const wide = 2000
	list := func(n int, format string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(items, ", ")
	}
	// Each operation has a header of its own, so that no two messages share a type.
	text := func(ops int) string {
		return "\nname: test\ndoc: d\nprotocol: netlink-raw\nprotonum: 0\ndefinitions: [" +
			list(ops, "{name: h%d, type: struct, members: [{name: m, type: u32}]}") + "]\nattribute-sets: [{name: s, attributes: [" +
			list(wide, "{name: a%d, type: u32}") + "]}]\noperations:\n  list:\n" +
			"  - {name: first, doc: d, value: 16, attribute-set: s, do: {request: {attributes: &l [" + list(wide, "a%d") + "]}}}\n  - " +
			strings.ReplaceAll(list(ops, "{name: o%[1]d, doc: d, attribute-set: s, fixed-header: h%[1]d, do: {request: {attributes: *l}}}"), ", {name", "\n  - {name")
	}
	if f, found := resolveText(text(20), resolve.Options{}); f == nil || found != "" {
		t.Errorf("20 operations: %s", found)
	}
	f, found := resolveText(text(40), resolve.Options{})
	want := "41:12: family \"test\" is too large: with operation \"o30\" it has more than 65536 attributes, members, entries, lines of docs and the like\n"
	if f != nil || found != want {
		t.Errorf("40 operations: got:\n%swant:\n%s", found, want)
	}
}
