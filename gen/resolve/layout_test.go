package resolve_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

func TestLayout(t *testing.T) {
	f := resolved(t, `
name: test
doc: d
protocol: netlink-raw
protonum: 0
definitions:
- {name: len, type: const, value: 6}
- name: gaps
  type: struct
  members: [{name: a, type: u8}, {name: b, type: u64, byte-order: big-endian}, {name: c, type: u16}]
- name: outer
  type: struct
  members: [{name: a, type: u8}, {name: inner, type: binary, struct: inner}, {name: tail, type: u8}]
- name: inner
  type: struct
  members: [{name: a, type: u32}, {name: b, type: u8}]
- name: bytes
  type: struct
  members: [{name: a, type: u8}, {name: b, type: binary, len: len}, {name: c, type: string, len: len - 1}, {name: p, type: pad, len: 3}, {name: d, type: u8}]
- {name: empty, type: struct, members: []}
attribute-sets: []
operations: {list: []}
`)
	for name, want := range map[string]string{
		"gaps":  "24/8: a 0+1 b 8+8 c 16+2",
		"outer": "16/4: a 0+1 inner 4+8 tail 12+1",
		"inner": "8/4: a 0+4 b 4+1",
		"bytes": "16/1: a 0+1 b 1+6 c 7+5 p 12+3 d 15+1",
		"empty": "0/1:",
	} {
		s := structOf(t, f, name)
		got := fmt.Sprintf("%d/%d:", s.Size, s.Align)
		for _, m := range s.Members {
			got += fmt.Sprintf(" %s %d+%d", m.Name, m.Offset, m.Size)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestKernelSizes compares sizes with those of the kernel's headers, for the structs that a packed layout would get wrong.
func TestKernelSizes(t *testing.T) {
	const dir = "../../../shared/kernel-specs"
	for file, sizes := range map[string]map[string]int{
		"linux-6.16/rt-link.yaml":  {"rtnl-link-ifmap": 32, "ifla-vf-guid": 16, "ifinfomsg": 16, "rtnl-link-stats64": 200},
		"linux-6.16/tc.yaml":       {"tc-htb-opt": 44, "tc-tbf-qopt": 36, "gnet-stats-basic": 16, "tc-mqprio-qopt": 82, "tc-stats": 40, "tcmsg": 20},
		"linux-6.16/ovs_flow.yaml": {"ovs-key-arp": 24, "ovs-key-ct-tuple-ipv4": 16},
		"linux-6.16/rt-route.yaml": {"rtmsg": 12},
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		var report diag.Report
		s := spec.ReadFile(&report, path)
		if s == nil {
			t.Skipf("the kernel's specs are not in %s", dir)
		}
		f := resolve.Family(&report, s, resolve.Options{})
		for _, st := range f.Structs {
			if want, ok := sizes[st.Name]; ok && st.Size != want {
				t.Errorf("%s: %s has %d bytes, want %d", file, st.Name, st.Size, want)
			}
			delete(sizes, st.Name)
		}
		if len(sizes) > 0 {
			t.Errorf("%s lacks %v", file, sizes)
		}
	}
}

func TestLayoutWarnings(t *testing.T) {
	f, found := resolveText(`
name: test
doc: d
protocol: genetlink-legacy
definitions:
- name: s
  type: struct
  members:
  - {name: a, type: u32, len: 8}
  - {name: b, type: binary, len: 4, byte-order: big-endian}
  - {name: c, type: u16, enum-as-flags: true}
  - {name: d, type: binary, struct: t, len: 3}
- {name: t, type: struct, members: [{name: a, type: u32}]}
attribute-sets: []
operations: {list: []}
`, resolve.Options{})
	diff(t, "diagnostics", found, `9:31: warning: the length of member "a" is that of its type, u32
11:41: warning: member "c" has no enum to read as flags
12:45: warning: the length of member "d" is that of struct "t", 4 bytes
`)
	if s := structOf(t, f, "s"); s.Size != 16 || strings.Contains(found, "error") {
		t.Errorf("size %d", s.Size)
	}
}
