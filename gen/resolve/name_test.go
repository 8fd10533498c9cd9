package resolve

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// named resolves a spec and returns the family and the diagnostics, one a line.
func named(text string, opts Options, overrides ...goname.Override) (*ir.Family, string) {
	var report diag.Report
	f := resolve(&report, spec.Read(&report, "t.yaml", []byte(text)), opts, overrides)
	var b strings.Builder
	for _, d := range report.Diagnostics() {
		b.WriteString(strings.ReplaceAll(d.String(), "t.yaml:", "") + "\n")
		for _, r := range d.Related {
			b.WriteString("  " + strings.ReplaceAll(r.String(), "t.yaml:", "") + "\n")
		}
	}
	return f, b.String()
}

const namesText = `
name: rt-test
doc: d
protocol: netlink-raw
protonum: 0
definitions:
- {name: port-type, type: enum, entries: [eth, 8021q]}
- {name: ifinfomsg, type: struct, members: [{name: ifi-index, type: u32}, {name: pad, type: pad, len: 4}]}
- {name: max-errno, type: const, value: 4095, scope: kernel}
- {name: min-size, type: const, value: 1}
sub-messages:
- name: linkinfo-data-msg
  formats:
  - {value: vxlan, attribute-set: linkinfo-vxlan}
  - {value: plain, fixed-header: ifinfomsg}
  - {value: a.b, fixed-header: ifinfomsg, attribute-set: ctrl-attrs}
  - {value: plain2, fixed-header: ifinfomsg}
  - {value: none}
attribute-sets:
- name: ctrl-attrs
  attributes:
  - {name: family-id, type: u16}
  - {name: 6rd-prefix, type: u16}
  - {name: map, type: flag}
  - {name: kind, type: string}
  - {name: data, type: sub-message, sub-message: linkinfo-data-msg, selector: kind}
  - {name: pad, type: pad}
- {name: linkinfo-vxlan, attributes: [{name: id, type: u32}]}
- {name: few-attributes, subset-of: ctrl-attrs, attributes: [{name: map}]}
operations:
  list:
  - {name: port-get, doc: d, attribute-set: ctrl-attrs, value: 16, do: {request: {attributes: [map]}, reply: {attributes: [family-id]}}, dump: {reply: {}}}
  - {name: port-new-ntf, doc: d, notify: port-get}
  - {name: ready, doc: d, notify: port-get}
mcast-groups: {list: [{name: rtnlgrp-link, value: 1}, {name: mgmt, value: 2}]}
`

// goNames lists the Go names of a family in the order of the IR.
func goNames(f *ir.Family) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("package %s", f.Package)
	for _, c := range f.Consts {
		line("const %s", c.Go)
	}
	for _, e := range f.Enums {
		line("enum %s", e.Go)
		for _, entry := range e.Entries {
			line("  %s", entry.Go)
		}
	}
	for _, s := range f.Structs {
		line("struct %s", s.Go)
		for _, m := range s.Members {
			line("  %s", m.Go)
		}
	}
	for _, s := range f.Sets {
		line("set %s", s.Go)
		for _, a := range s.Attrs {
			line("  %s %s", a.Go, a.Const)
		}
	}
	for _, s := range f.SubMessages {
		line("sub %s %s", s.Go, s.RawGo)
		for _, format := range s.Formats {
			line("  %s %s own=%v sharing=%v", format.Value, format.Go, format.Own, format.Sharing)
		}
	}
	for _, o := range f.Ops {
		line("op %s %s", o.Go, o.Const)
	}
	for _, m := range f.Messages {
		line("message %s", m.Go)
	}
	for _, e := range f.Events {
		line("event %s", e.Go)
	}
	for _, g := range f.Groups {
		line("group %s", g.Go)
	}
	return b.String()
}

func TestNames(t *testing.T) {
	f, found := named(namesText, Options{})
	if found != "" {
		t.Fatal(found)
	}
	const want = `package rttest
const 
const MinSize
enum PortType
  PortTypeEth
  PortType8021q
struct Ifinfomsg
  IfiIndex
  
set CtrlAttrs
  FamilyID AttrCtrlFamilyID
  X6rdPrefix AttrCtrl6rdPrefix
  Map AttrCtrlMap
  Kind AttrCtrlKind
  Data AttrCtrlData
  Pad AttrCtrlPad
set LinkinfoVxlanAttrs
  ID AttrLinkinfoVxlanID
set FewAttrs
  Map AttrCtrlMap
sub LinkinfoDataMsg LinkinfoDataRaw
  vxlan LinkinfoVxlanAttrs own=false sharing=false
  plain Ifinfomsg own=false sharing=true
  a.b LinkinfoDataAB own=true sharing=false
  plain2 Ifinfomsg own=false sharing=true
  none  own=false sharing=false
op PortGet CmdPortGet
op PortNewNtf CmdPortNewNtf
op Ready CmdReady
message PortGetRequest
message PortGetDumpRequest
message PortGetReply
event PortNewNtf
event ReadyEvent
group GroupLink
group GroupMgmt
`
	if got := goNames(f); got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestRenames(t *testing.T) {
	f, found := named(namesText, Options{Package: "links", Names: []Rename{
		{Path: "definitions/port-type", Go: "Kind"},
		{Path: "definitions/port-type/eth", Go: "Ethernet"},
		{Path: "definitions/ifinfomsg/ifi-index", Go: "Index"},
		{Path: "definitions/min-size", Go: "Smallest"},
		{Path: "attribute-sets/ctrl-attrs", Go: "ControlAttrs"},
		{Path: "attribute-sets/ctrl-attrs/map", Go: "IoMap"},
		{Path: "operations/port-get", Go: "GetPort"},
		{Path: "mcast-groups/rtnlgrp-link", Go: "Links"},
		{Path: "sub-messages/linkinfo-data-msg", Go: "Data"},
		{Path: "sub-messages/linkinfo-data-msg/a.b", Go: "Dotted"},
	}})
	if found != "" {
		t.Fatal(found)
	}
	got := goNames(f)
	for _, want := range []string{
		"package links", "enum Kind\n  KindEthernet\n  Kind8021q\n", "struct Ifinfomsg\n  Index\n", "const Smallest\n",
		"set ControlAttrs\n  FamilyID AttrControlFamilyID\n", "IoMap AttrControlIoMap\n", "set FewAttrs\n  IoMap AttrControlIoMap\n",
		"op GetPort CmdGetPort\n", "message GetPortDumpRequest\n", "group GroupLinks\n", "sub DataMsg DataRaw\n", "a.b DataDotted own=true",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if t.Failed() {
		t.Logf("got:\n%s", got)
	}
}

func TestRenameErrors(t *testing.T) {
	at := func(line int) diag.Pos { return diag.Pos{File: "nlgen.yaml", Line: line, Col: 1} }
	_, found := named(namesText, Options{Package: "Links", Names: []Rename{
		{Path: "definitions/nothing", Go: "Nothing", Pos: at(1)},
		{Path: "definitions/port-type", Go: "portType", Pos: at(2)},
		{Path: "operations/port-get", Go: "GetPort", Pos: at(3)},
		{Path: "operations/port-get", Go: "GetPorts", Pos: at(4)},
		{Path: "sub-messages/linkinfo-data-msg/vxlan", Go: "Vxlan", Pos: at(5)},
	}},
		goname.Override{Path: "operations/ready", Go: "Ready"},
		goname.Override{Path: "operations/unready", Go: "Ready"},
		goname.Override{Path: "mcast-groups/mgmt", Go: "Management"},
	)
	const want = `nlgen.yaml:1:1: family "rt-test" has no definitions/nothing to give a Go name to
nlgen.yaml:2:1: "portType", the Go name for definitions/port-type, is no exported identifier
nlgen.yaml:4:1: operations/port-get is renamed twice
  nlgen.yaml:3:1: renamed here
nlgen.yaml:5:1: format "vxlan" of sub-message "linkinfo-data-msg" has no type of its own to give a Go name to
2:7: "Links", the package that nlgen.yaml has for family "rt-test", is no name for a package
2:7: the exception for operations/ready in goname/override.go is one that family "rt-test" does not need
2:7: the exception for operations/unready in goname/override.go is one that family "rt-test" does not need
`
	if found != want {
		t.Errorf("got:\n%s", found)
	}
}

func TestCollisions(t *testing.T) {
	_, found := named(`
name: test
doc: d
protocol: genetlink-legacy
definitions:
- {name: port, type: enum, entries: [type, id, ID, "a.b"]}
- {name: port-type, type: enum, entries: []}
- {name: client, type: const, value: 1}
- {name: test-service, type: const, value: 1}
- {name: new, type: const, value: 1, scope: kernel}
- {name: hdr, type: struct, members: [{name: a-b, type: u8}, {name: a_b, type: u8}, {name: append-binary, type: u8}]}
- {name: "a/b", type: const, value: 1}
- {name: "-", type: const, value: 1}
- {name: set-request, type: struct, members: []}
attribute-sets:
- name: one
  attributes:
  - {name: a-b, type: u8}
  - {name: a_b, type: u8}
  - {name: unknown, type: u8}
  - {name: header, type: u8}
- {name: two, attributes: [{name: header, type: u8}]}
- {name: two-attrs, attributes: []}
operations:
  list:
  - {name: get, doc: d, attribute-set: one, fixed-header: hdr, do: {}, dump: {reply: {}}}
  - {name: get-dump, doc: d, attribute-set: two, do: {}}
  - {name: subscribe, doc: d, do: {}}
  - {name: set, doc: d, do: {}}
  - {name: event, doc: d, event: {}}
mcast-groups: {list: [{name: a b}, {name: a-b}]}
`, Options{})
	for _, line := range []string{
		`6:48: entry "ID" and entry "id" both become Go name PortID; give one another name in nlgen.yaml`,
		`  6:44: entry "id"`,
		`6:52: entry name "a.b" has a character that names cannot have`,
		`7:10: enum "port-type" and entry "type" both become Go name PortType; give one another name in nlgen.yaml`,
		`  6:38: entry "type"`,
		`8:10: const "client" becomes Go name Client, which generated code needs for itself; give it another one in nlgen.yaml`,
		`9:10: const "test-service" becomes Go name TestService, which generated code needs for itself; give it another one in nlgen.yaml`,
		`11:69: member "a_b" and member "a-b" both become Go name AB; give one another name in nlgen.yaml`,
		`11:92: member "append-binary" becomes Go name AppendBinary, which generated code needs for itself; give it another one in nlgen.yaml`,
		`13:10: const name "-" has neither a letter nor a digit`,
		`19:12: attribute "a_b" and attribute "a-b" both become Go name AB; give one another name in nlgen.yaml`,
		`20:12: attribute "unknown" becomes Go name Unknown, which generated code needs for itself; give it another one in nlgen.yaml`,
		`21:12: attribute "header" becomes Go name Header, which generated code needs for itself; give it another one in nlgen.yaml`,
		`23:10: attribute set "two-attrs" and attribute set "two" both become Go name TwoAttrs; give one another name in nlgen.yaml`,
		`27:12: operation "get-dump" and operation "get" both become Go name GetDump; give one another name in nlgen.yaml`,
		`28:12: operation "subscribe" becomes Go name Subscribe, which generated code needs for itself; give it another one in nlgen.yaml`,
		`29:12: operation "set" and struct "set-request" both become Go name SetRequest; give one another name in nlgen.yaml`,
		`30:12: operation "event" becomes Go name Event, which generated code needs for itself; give it another one in nlgen.yaml`,
		`31:43: multicast group "a-b" and multicast group "a b" both become Go name GroupAB; give one another name in nlgen.yaml`,
	} {
		if !strings.Contains("\n"+found, "\n"+line+"\n") {
			t.Errorf("lacks %s", line)
		}
	}
	if t.Failed() {
		t.Logf("got:\n%s", found)
	}
	if strings.Contains(found, "AttrOneAB") || strings.Contains(found, "GetDumpRequest") {
		t.Error("one cause, two errors")
	}
	if strings.Contains(found, "22:32") {
		t.Error("a field Header collides where no header is")
	}
}

func TestCleanDoc(t *testing.T) {
	for doc, want := range map[string]string{
		"":                                       "",
		"  one \n\n\n two\t\r\nx\r\n":            "  one\n\n two\nx",
		"a\u2028b\u0085c\vd":                     "a\nb\nc\nd",
		"bell\x07 bidi\u202e zero\u200b bad\xff": "bell bidi zero bad",
		"//go:generate rm -rf /":                 "'go:generate rm -rf /",
		"  // //go:embed x":                      "  'go:embed x",
		"go: a game":                             "go: a game",
		"+build ignore":                          "'+build ignore",
		"/* a */ b":                              "a * / b",
		"// +build x":                            "'+build x",
		"x */ var y = 1 /*":                      "x * / var y = 1 /*",
		"#cgo LDFLAGS: x":                        "'#cgo LDFLAGS: x",
		"see /proc/net":                          "see /proc/net",
		"größe – 1":                              "größe – 1",
	} {
		if got := cleanDoc(doc); got != want {
			t.Errorf("cleanDoc(%q) = %q, want %q", doc, got, want)
		}
	}
	if n := len(cleanDoc(strings.Repeat("x", 1<<20))); n > maxDoc {
		t.Errorf("%d bytes of doc", n)
	}
}
