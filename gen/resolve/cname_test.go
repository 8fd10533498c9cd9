package resolve_test

import (
	"slices"
	"testing"
)

// TestCNames shows which names things have in C: what prefixes make, and those that a spec without prefixes implies.
func TestCNames(t *testing.T) {
	f := resolved(t, `
name: toy
doc: d
definitions:
- {name: limit, type: const, value: 7}
- {name: most, type: const, value: 8, name-prefix: max-}
- {name: color, type: enum, entries: [light red]}
- {name: paint, type: flags, name-prefix: paint-f-, entries: [wet]}
attribute-sets:
- {name: toy, attributes: [{name: whole-set, type: u8}]}
- {name: inner, attributes: [{name: depth, type: u8}]}
- {name: other, name-prefix: oth-, attributes: [{name: a, type: u8}, {name: b, type: u8, name-prefix: special-}]}
- {name: few, subset-of: other, attributes: [{name: a}, {name: b}]}
operations:
  async-prefix: toy-event-
  list:
  - {name: get, doc: d, attribute-set: toy, do: {request: {attributes: [whole-set]}, reply: {attributes: [whole-set]}}}
  - {name: get-ntf, doc: d, notify: get}
`)
	var got []string
	for _, x := range f.Consts {
		got = append(got, x.C)
	}
	for _, e := range f.Enums {
		for _, x := range e.Entries {
			got = append(got, x.C)
		}
	}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			got = append(got, a.C)
		}
	}
	for _, op := range f.Ops {
		got = append(got, op.C)
	}
	want := []string{"TOY_LIMIT", "MAX_MOST", "TOY_COLOR_LIGHT_RED", "PAINT_F_WET", "TOY_A_WHOLE_SET", "TOY_A_INNER_DEPTH", "OTH_A", "SPECIAL_B",
		"OTH_A", "SPECIAL_B", "TOY_CMD_GET", "TOY_EVENT_GET_NTF"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
