package drift

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// base is a small family; the cases change a text in it.
const base = `
name: toy
protocol: netlink-raw
protonum: 5
doc: A toy.
definitions:
  - {name: limit, type: const, value: 7}
  - {name: color, type: enum, entries: [red, green, blue]}
  - {name: unused, type: enum, entries: [one]}
  - name: hdr
    type: struct
    members:
      - {name: family, type: u8}
      - {name: pad1, type: pad, len: 3}
      - {name: index, type: u32}
      - {name: port, type: u16, byte-order: big-endian}
      - {name: rest, type: u16}
attribute-sets:
  - name: attrs
    attributes:
      - {name: unspec, type: unused, value: 0}
      - {name: kind, type: string, checks: {max-len: 15}}
      - {name: size, type: u32, checks: {min: 1}}
      - {name: paint, type: u8, enum: color}
      - {name: list, type: nest, nested-attributes: inner, multi-attr: true}
      - {name: data, type: sub-message, sub-message: data-msg, selector: kind}
      - {name: alias, type: string}
  - name: inner
    attributes:
      - {name: first, type: u16, byte-order: big-endian}
      - {name: second, type: u16}
  - name: veth
    attributes:
      - {name: peer, type: flag}
sub-messages:
  - name: data-msg
    formats:
      - {value: veth, attribute-set: veth}
      - {value: plain}
operations:
  enum-model: directional
  list:
    - name: get
      doc: Get.
      attribute-set: attrs
      fixed-header: hdr
      do:
        request: {value: 18, attributes: [kind]}
        reply: {value: 16, attributes: [kind, size, paint, list, data]}
      dump:
        request: {value: 18, attributes: []}
        reply: {value: 16, attributes: [kind, size, paint, list, data]}
    - name: new-ntf
      doc: Told.
      value: 16
      notify: get
      mcgrp: link
mcast-groups:
  list:
    - {name: link, value: 1}
    - {name: other, value: 2}
`

// specIn writes a spec into a folder of its own and reads the folder.
func specIn(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "toy.yaml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func compareTexts(t *testing.T, ours, theirs string) *Comparison {
	t.Helper()
	o, _, err := Read(specIn(t, ours))
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := Read(specIn(t, theirs))
	if err != nil {
		t.Fatal(err)
	}
	all := CompareAll(o, x)
	if len(all) != 1 {
		t.Fatalf("%d families were compared", len(all))
	}
	return all[0]
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new string // what theirs has instead
		want     []string
	}{
		{"nothing", "", "", nil},
		{"docs and names of sets", "inner", "within", nil},
		{"name of a struct", "hdr", "header", nil},
		{"name of padding", "pad1", "filler", nil},
		{"protocol", "protonum: 5", "protonum: 6", []string{"family: protocol 5, theirs 6"}},
		{"constant", "value: 7", "value: 8", []string{"const limit: value 7, theirs 8"}},
		{"constant that we lack", "limit, type", "most, type", []string{"const most: missing here, theirs defined"}},
		{"enum that is in use nowhere", "entries: [one]", "entries: [one, two]", []string{"unused/two: missing here, theirs 1"}},
		{"enum entry", "red, green, blue]", "red, green]", []string{"color/blue: missing there, ours 2"}},
		{"enum entries swapped", "red, green, blue]", "green, red, blue]", []string{
			"color/green: name green, theirs red", "color/green: number 1, theirs 0",
			"color/red: name red, theirs green", "color/red: number 0, theirs 1"}},
		{"no enum", "type: u8, enum: color", "type: u8", []string{"attrs/paint: enum color, theirs none"}},
		{"member", "index, type: u32", "index, type: s32", []string{"hdr/index: type u32, theirs s32"}},
		{"member's size", "rest, type: u16", "rest, type: u32", []string{
			"hdr/rest: missing there, ours u16 at 10", "hdr/rest: missing here, theirs u32 at 12", "hdr/rest: number 10, theirs 12", "hdr: size 12, theirs 16"}},
		{"member's order", "port, type: u16, byte-order: big-endian", "port, type: u16", []string{"hdr/port: byte-order big-endian, theirs none"}},
		{"type", "size, type: u32", "size, type: s32", []string{"attrs/size: type u32, theirs s32"}},
		{"check", "{min: 1}", "{min: 2}", []string{"attrs/size: min 1, theirs 2"}},
		{"checks", ", checks: {max-len: 15}", "", []string{"attrs/kind: max-len 15, theirs none"}},
		{"multi-attr", ", multi-attr: true", "", []string{"attrs/list: multi-attr true, theirs false"}},
		{"order", "first, type: u16, byte-order: big-endian", "first, type: u16", []string{"inner/first: byte-order big-endian, theirs none"}},
		{"attribute", "      - {name: second, type: u16}\n", "", []string{"inner/second: missing there, ours 2 u16"}},
		{"attributes swapped", "{name: first, type: u16, byte-order: big-endian}\n      - {name: second, type: u16}",
			"{name: second, type: u16, byte-order: big-endian}\n      - {name: first, type: u16}", []string{
				"inner/first: name first, theirs second", "inner/first: number 1, theirs 2",
				"inner/second: name second, theirs first", "inner/second: number 2, theirs 1"}},
		{"nest of bytes", "type: nest, nested-attributes: inner, multi-attr", "type: binary, multi-attr", []string{
			"attrs/list: nested-attributes inner, theirs none", "attrs/list: type nest, theirs binary"}},
		{"format", "value: plain", "value: bare", []string{"data-msg/bare: missing here, theirs format", "data-msg/plain: missing there, ours format"}},
		{"format's set", "value: veth, attribute-set: veth", "value: veth, attribute-set: inner", []string{
			"veth/peer: type flag, theirs u16", "veth/peer: name peer, theirs first", "veth/peer: byte-order none, theirs big-endian",
			"veth/second: missing here, theirs 2 u16"}},
		{"selector", "selector: kind", "selector: alias", []string{"attrs/data: selector attribute 1, theirs attribute 6"}},
		{"number of an operation", "value: 18, attributes: [kind]", "value: 20, attributes: [kind]", []string{
			"op get: missing here, theirs number 20", "op get: missing there, ours number 18", "op get: number 18, theirs 20", "op new-ntf: notification of 18, theirs 20"}},
		{"request's attributes", "value: 18, attributes: [kind]", "value: 18, attributes: [kind, size]", []string{"op get do request/size: missing here, theirs listed"}},
		{"reply's number", "reply: {value: 16", "reply: {value: 17", []string{"op get do: reply number 16, theirs 17", "op get dump: reply number 16, theirs 17"}},
		{"notification's group", "mcgrp: link", "mcgrp: other", []string{"op new-ntf: group 1, theirs 2"}},
		{"group", "{name: other, value: 2}", "{name: other, value: 3}", []string{"group other: missing here, theirs 3", "group other: missing there, ours 2"}},
		{"group's name", "{name: other, value: 2}", "{name: more, value: 2}", []string{"group other: name other, theirs more"}},
		{"checks of the kernel", "      attribute-set: attrs\n", "      attribute-set: attrs\n      dont-validate: [strict, dump]\n", []string{
			"op get: lenient do false, theirs true", "op get: lenient dump false, theirs true"}},
		{"admin", "      attribute-set: attrs\n", "      attribute-set: attrs\n      flags: [admin-perm]\n", []string{"op get: admin-perm false, theirs true"}},
		{"no header", "      fixed-header: hdr\n", "", []string{
			"op get do request: fixed-header hdr, theirs none", "op get dump request: fixed-header hdr, theirs none",
			"op get reply: fixed-header hdr, theirs none", "op get: fixed-header hdr, theirs none", "op new-ntf reply: fixed-header hdr, theirs none", "op new-ntf: fixed-header hdr, theirs none"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(base, test.old) {
				t.Fatalf("%q is not in the spec", test.old)
			}
			c := compareTexts(t, base, strings.ReplaceAll(base, test.old, test.new))
			var got []string
			for _, d := range c.Differences {
				got = append(got, d.String())
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			if c.Facts < 100 {
				t.Errorf("only %d facts were compared", c.Facts)
			}
		})
	}
}
