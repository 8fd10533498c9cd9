package resolve_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
)

func TestAttrNumbers(t *testing.T) {
	f, found := resolveText(`
name: test
doc: d
attribute-sets:
- name: a
  attributes:
  - {name: unspec, type: unused, value: 0}
  - {name: one, type: u8}
  - {name: ten, type: u8, value: 0x0a}
  - {name: eleven, type: u8}
  - {name: low, type: u8, value: 4}
  - {name: last, type: u8, value: 0x3fff}
- name: b
  attributes:
  - {name: unspec, type: unused, value: 0}
  - {name: zero, type: u8, value: 0}
  - {name: twin, type: u16, value: 2, doc: First.}
  - {name: twin, type: u16, value: 2, doc: Last.}
  - {name: pad, type: pad, value: 1}
  - {name: one, type: u8, value: 1}
operations: {list: []}
`, resolve.Options{})
	diff(t, "a", numbers(set(t, f, "a")), map[string]int{"unspec": 0, "one": 1, "ten": 10, "eleven": 11, "low": 4, "last": 0x3fff})
	// What has no value on the wire makes room; of twins the last counts.
	diff(t, "b", numbers(set(t, f, "b")), map[string]int{"zero": 0, "twin": 2, "one": 1})
	diff(t, "doc", set(t, f, "b").Attr("twin").Doc, "Last.")
	diff(t, "diagnostics", found, `11:34: warning: attribute "low" has number 4, which is not above that of the one before it, 11
16:35: warning: attribute "zero" has number 0, which is not above that of the one before it, 0
18:12: warning: attribute "twin" is listed twice in set "b"; this one counts
  17:12: listed before here
19:35: warning: attribute "pad" has number 1, which is not above that of the one before it, 2
20:34: warning: attribute "one" has number 1, which is not above that of the one before it, 1
`)
}

// ops renders the numbers of operations: name, number, and for do and dump request/reply.
func ops(f *ir.Family) string {
	var b strings.Builder
	mode := func(name string, m *ir.Mode) {
		if m == nil {
			return
		}
		fmt.Fprintf(&b, " %s %d", name, m.RequestNumber)
		if m.HasReply {
			fmt.Fprintf(&b, "/%d", m.ReplyNumber)
		}
	}
	for _, o := range f.Ops {
		fmt.Fprintf(&b, "%s %d", o.Name, o.Number)
		mode("do", o.Do)
		mode("dump", o.Dump)
		b.WriteString("\n")
	}
	return b.String()
}

func TestOpNumbers(t *testing.T) {
	const raw = "{name: test, doc: d, protocol: netlink-raw, protonum: 0, attribute-sets: [],\n operations: {enum-model: directional, list: ["
	for _, tc := range []struct{ name, text, want, found string }{
		{
			"unified", head + `attribute-sets: [], operations: {list: [
{name: a, doc: d, do: {reply: {}}},
{name: reserved, doc: d},
{name: b, doc: d, dump: {reply: {}}, value: 0},
{name: c-ntf, doc: d, notify: b},
{name: d, doc: d, do: {request: {}}, value: 9},
{name: e, doc: d, event: {}}]}}`,
			"a 1 do 1/1\nb 0 dump 0/0\nc-ntf 1\nd 9 do 9\ne 10\n", "",
		},
		{
			"worked example", head + `protocol: genetlink-legacy, attribute-sets: [], operations: {enum-model: directional, list: [
{name: a, doc: d, do: {request: {value: 2}, reply: {value: 1}}},
{name: b, doc: d, notify: a},
{name: c, doc: d, notify: a, value: 7},
{name: d, doc: d, do: {request: {}, reply: {}}}]}}`,
			"a 2 do 2/1\nb 2\nc 7\nd 3 do 3/8\n", "",
		},
		{
			// The request counts on without a request, the reply does not without a reply.
			"counters", raw + `
{name: a, doc: d, do: {reply: {value: 16}, request: {value: 16}}},
{name: b, doc: d, do: },
{name: c, doc: d, do: {reply: }},
{name: d, doc: d, do: {request: {}}},
{name: e, doc: d, dump: {request: {}, reply: {}}}]}}`,
			"a 16 do 16/16\nb 17 do 17\nc 18 do 18/17\nd 19 do 19\ne 20 dump 20/18\n", "",
		},
		{
			"reply of a dump", head + `protocol: genetlink-legacy, attribute-sets: [], operations: {enum-model: directional, list: [
{name: port-get, doc: d, do: {request: {value: 5}, reply: {value: 7}}, dump: {reply: {value: 3}}},
{name: next, doc: d, do: {request: {}, reply: {}}}]}}`,
			"port-get 5 do 5/7 dump 5/3\nnext 6 do 6/8\n", "",
		},
		{
			"one number for several", raw + `
{name: newlink, doc: d, do: {request: {value: 16}}},
{name: getlink, doc: d, do: {request: {value: 18}, reply: {value: 16}}, dump: {reply: {}}},
{name: newlink-ntf, doc: d, notify: getlink, value: 16}]}}`,
			"newlink 16 do 16\ngetlink 18 do 18/16 dump 18/16\nnewlink-ntf 16\n", "",
		},
		{
			"defects", raw + `
{name: a, doc: d, value: 7, do: {request: {value: 0}, reply: {}}},
{name: b, doc: d, do: {request: {value: 20}}, dump: {reply: {}}},
{name: c, doc: d, do: {request: {value: 30}, reply: {value: 31}}, dump: {}}]}}`,
			"a 1 do 1/1\nb 20 do 20 dump 20/2\nc 30 do 30/31 dump 30/31\n", `3:8: warning: operation "a" has number 1, but those below 16 are netlink's own
3:26: warning: the value of operation "a" is ignored: requests and replies are numbered apart, each has a value of its own
3:51: warning: the value 0 counts as none
4:8: warning: operation "b" has number 2, but those below 16 are netlink's own
4:61: warning: the dump of "b" has a reply without a number, since its do has no reply; 2 is assumed
5:73: warning: the dump of "c" has no reply; it gets that of the do
`,
		},
		{
			"values beside unified numbers", head + `protocol: genetlink-legacy, attribute-sets: [], operations: {list: [
{name: a, doc: d, do: {request: {value: 3}}}]}}`,
			"a 1 do 1\n", `2:41: warning: the value of a request or reply is ignored: the numbers of operations are unified, "a" has 1
`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, found := resolveText(tc.text, resolve.Options{})
			diff(t, "diagnostics", found, tc.found)
			if f != nil {
				diff(t, "numbers", ops(f), tc.want)
			}
		})
	}
}

func TestEntries(t *testing.T) {
	f := resolved(t, `
name: test
doc: d
definitions:
- {name: first, type: const, value: 5}
- {name: plain, type: enum, entries: [a, b, {name: c, value: 7}, d, {name: e, value: 2}]}
- {name: start, type: enum, value-start: first, entries: [a, b]}
- {name: signed, type: enum, value-start: -2, entries: [a, b, c, d]}
- {name: big, type: enum, entries: [{name: a, value: 0xffffffffffffffff}]}
- {name: bits, type: flags, value-start: 4, entries: [a, {name: b, value: 31}, c]}
- {name: as-bits, type: enum, entries: [a, {name: b, value: 15}]}
- {name: mixed, type: enum, entries: [a, b]}
- {name: member, type: enum, entries: [a]}
- {name: array, type: enum, entries: [a]}
- {name: holder, type: struct, members: [{name: m, type: s16, enum: member}]}
attribute-sets:
- name: a
  attributes:
  - {name: plain8, type: u8, enum: plain}
  - {name: plain16, type: u16, enum: plain}
  - {name: bits, type: u64, enum: bits}
  - {name: as-bits, type: u16, enum: as-bits, enum-as-flags: true}
  - {name: mixed-bits, type: u8, enum: mixed, enum-as-flags: true}
  - {name: mixed, type: u8, enum: mixed}
  - {name: array, type: indexed-array, sub-type: u16, enum: array}
operations: {list: []}
`)
	for _, tc := range []struct {
		name, values string
		bits         int
		signed       bool
		flags        bool
	}{
		{"plain", "a=0 b=1 c=7 d=8 e=2", 16, false, false},
		{"start", "a=5 b=6", 32, false, false},
		{"signed", "a=18446744073709551614 b=18446744073709551615 c=0 d=1", 32, true, false},
		{"big", "a=18446744073709551615", 64, false, false},
		{"bits", "a=16 b=2147483648 c=4294967296", 64, false, true},
		{"as-bits", "a=1 b=32768", 16, false, true},
		{"mixed", "a=0 b=1", 8, false, false},
		{"member", "a=0", 16, true, false},
		{"array", "a=0", 16, false, false},
	} {
		e := enumOf(t, f, tc.name)
		var values []string
		for _, entry := range e.Entries {
			values = append(values, fmt.Sprintf("%s=%d", entry.Name, entry.Value))
		}
		if got := strings.Join(values, " "); got != tc.values || e.Bits != tc.bits || e.Signed != tc.signed || e.Flags != tc.flags {
			t.Errorf("%s: %s, %d bits, signed %v, flags %v", tc.name, got, e.Bits, e.Signed, e.Flags)
		}
	}
}
