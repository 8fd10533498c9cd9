package gen

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/gen/diag"
)

// hostileHead makes the specs below whole with definitions, sets and operations of their own.
const hostileHead = "name: demo\ndoc: d\nprotocol: netlink-raw\nprotonum: 0\n"

// What a hostile spec may take, and what the largest reasonable one may.
const (
	maxHostileMemory = 600 << 20
	maxHostileTime   = 2 * time.Minute
)

// A verdict is what became of a hostile spec.
type verdict struct {
	text  string // the diagnostics
	files string // the names of the files that come out, with their lines and bytes
}

// try builds a spec in a process of its own, so that it can neither hang the test nor hide what it takes.
func try(t *testing.T, src string) verdict {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a process for each spec, skipped by -short")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "spec.yaml"), []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), maxHostileTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestHostileChild$")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NLGEN_HOSTILE=spec.yaml")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v, %v\n%.2000s", err, ctx.Err(), stderr.String())
	}
	parts := strings.Split(stdout.String(), mark)
	if len(parts) != 4 {
		t.Fatalf("the child says %.2000s", stdout.String())
	}
	memory, _ := strconv.Atoi(parts[2]) // 0 where it is not known.
	if memory > maxHostileMemory>>10 {
		t.Errorf("%d KB of spec took %d MB", len(src)>>10, memory>>10)
	}
	t.Logf("%d KB of spec, %d MB, %v", len(src)>>10, memory>>10, cmd.ProcessState.UserTime().Round(time.Millisecond))
	return verdict{parts[0], parts[1]}
}

// mark stands between the parts of what the child says.
const mark = "\x00"

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// TestHostileChild is the process that try starts.
func TestHostileChild(t *testing.T) {
	name := os.Getenv("NLGEN_HOSTILE")
	if name == "" {
		t.Skip("is the child of other tests")
	}
	report := new(diag.Report)
	packages := Single(name, "out", "").Build(report)
	if err := report.WriteText(os.Stdout); err != nil {
		t.Fatal(err)
	}
	fmt.Print(mark)
	for _, p := range packages {
		for _, f := range p.Files {
			fmt.Println(f.Name, bytes.Count(f.Content, []byte("\n")), len(f.Content))
		}
	}
	memory := ""
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		memory = highWater.FindStringSubmatch(string(status))[1]
	}
	fmt.Print(mark + memory + mark)
}

// list joins n items that are made of their numbers.
func list(n int, sep, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
	}
	return strings.Join(items, sep)
}

// ring joins n items, each of which names itself and the next one.
func ring(n int, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.NewReplacer("#", fmt.Sprint(i), "@", fmt.Sprint((i+1)%n)).Replace(format)
	}
	return strings.Join(items, "")
}

const noOps = "operations: {list: []}\n"

// TestHostileCycles makes sure that what leads back to itself ends, in a diagnostic or in a package.
func TestHostileCycles(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"subset of itself", "attribute-sets: [{name: a, subset-of: a, attributes: [{name: x}]}]\n" + noOps, `set "a" is a subset of itself`},
		{"subsets of one another", "attribute-sets:\n" + ring(500, "- {name: s#, subset-of: s@, attributes: [{name: x}]}\n") + noOps,
			`set "s0" is a subset of "s1", which is a subset itself`},
		{"struct of itself", "definitions: [{name: a, type: struct, members: [{name: x, type: binary, struct: a}]}]\nattribute-sets: []\n" + noOps,
			`struct "a" contains itself`},
		{"ring of structs", "definitions:\n" + ring(5000, "- {name: s#, type: struct, members: [{name: x, type: binary, struct: s@}]}\n") +
			"attribute-sets: []\n" + noOps, `struct "s0" contains itself`},
		{"chain of structs", "definitions:\n" + list(5000, "\n", "- {name: s#, type: struct, members: [{name: x, type: binary, struct: s1#}]}") +
			"\n- {name: s11111, type: struct, members: []}\nattribute-sets: []\n" + noOps, `refers to unknown struct`},
		{"nest of itself", "attribute-sets: [{name: a, attributes: [{name: x, type: nest, nested-attributes: a}]}]\n" + noOps, ""},
		{"ring of nests", "attribute-sets:\n" + ring(2000, "- {name: s#, attributes: [{name: x, type: nest, nested-attributes: s@}]}\n") + noOps, ""},
		{"ring of arrays", "attribute-sets:\n" + ring(500,
			"- {name: s#, attributes: [{name: x, type: indexed-array, sub-type: nest, nested-attributes: s@}]}\n") + noOps, ""},
		{"ring of levels", "attribute-sets:\n" + ring(500,
			"- {name: s#, attributes: [{name: x, type: nest-type-value, type-value: [a, b], nested-attributes: s@}]}\n") + noOps, ""},
		{"ring of sub-messages", "sub-messages:\n" + ring(500, "- {name: m#, formats: [{value: x, attribute-set: s@}]}\n") + "attribute-sets:\n" +
			ring(500, "- {name: s#, attributes: [{name: k, type: string}, {name: d, type: sub-message, sub-message: m#, selector: k}]}\n") + noOps, ""},
		{"ring of subsets and nests", "attribute-sets:\n- {name: a, attributes: [{name: x, type: nest, nested-attributes: b}]}\n" +
			"- {name: b, subset-of: a, attributes: [{name: x}]}\n" + noOps, ""},
		{"notifications of one another", "attribute-sets: []\noperations:\n  list:\n  - {name: a, doc: d, value: 16, notify: b}\n  - {name: b, doc: d, notify: a}\n",
			`notification "a" refers to "b", which has no reply`},
		{"alias of itself", "attribute-sets: &a [{name: x, attributes: *a}]\n" + noOps, `alias "*a" stands within the value that it refers to`},
		{"merge of itself", "attribute-sets: []\noperations: &a {<<: *a, list: []}\n", `alias "*a" stands within the value that it refers to`},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, c.spec, c.want) })
	}
}

// expect tries a spec that gives a diagnostic, or a package if none is wanted.
func expect(t *testing.T, src, want string) {
	t.Helper()
	v := try(t, hostileHead+src)
	switch {
	case want != "" && (!strings.Contains(v.text, want) || v.files != ""):
		t.Errorf("no %q in\n%.2000s", want, v.text)
	case want == "" && v.files == "":
		t.Errorf("no package, but\n%.2000s", v.text)
	}
}

// TestHostileMultiplication makes sure that a small spec that stands for a large one is refused before it takes what that would.
func TestHostileMultiplication(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds and much memory, skipped by -short")
	}
	const ops = "operations: {list: [{name: get, doc: d, value: 16, attribute-set: s0, do: {request: {attributes: [a0]}}}]}\n"
	large := `family "demo" is too large: with `
	tree := func(definition, member string) string {
		var b strings.Builder
		for i := range 30 {
			items := strings.ReplaceAll(list(10, ", ", member), "@", fmt.Sprint(i+1))
			b.WriteString(strings.ReplaceAll(definition, "#", fmt.Sprint(i)))
			b.WriteString(items + "]}\n")
		}
		return b.String()
	}
	for _, c := range []struct{ name, spec, want string }{
		{"nests", "attribute-sets:\n" + tree("- {name: s#, attributes: [", "{name: a#, type: nest, nested-attributes: s@}") +
			"- {name: s30, attributes: []}\n" + ops, ""},
		{"arrays", "attribute-sets:\n" + tree("- {name: s#, attributes: [", "{name: a#, type: indexed-array, sub-type: nest, nested-attributes: s@}") +
			"- {name: s30, attributes: []}\n" + ops, ""},
		{"structs without a byte", "definitions:\n" + tree("- {name: h#, type: struct, members: [", "{name: a#, type: binary, struct: h@}") +
			"- {name: h30, type: struct, members: []}\nattribute-sets: []\n" + noOps, `has more than 4096 members, with those of the structs in it`},
		{"structs", "definitions:\n" + tree("- {name: h#, type: struct, members: [", "{name: a#, type: binary, struct: h@}") +
			"- {name: h30, type: struct, members: [{name: a, type: u64}]}\nattribute-sets: []\n" + noOps, `has more than 4096 members`},
		{"sub-messages", "sub-messages:\n" + tree("- {name: m#, formats: [", "{value: v#, attribute-set: s@}") + "attribute-sets:\n" +
			list(30, "\n", "- {name: s#, attributes: [{name: a0, type: string}, {name: b, type: sub-message, sub-message: m#, selector: a0}]}") +
			"\n- {name: s30, attributes: []}\n" + ops, ""},
		{"levels", "attribute-sets:\n- {name: s0, attributes: [{name: a0, type: nest-type-value, nested-attributes: s0, type-value: [" +
			list(5000, ", ", "l#") + "]}]}\n" + ops, `has 5000 levels; there is room for 31`},
		{"messages", "definitions:\n" + list(90, "\n", "- {name: h#, type: struct, members: [{name: x, type: u32}]}") +
			"\nattribute-sets:\n- {name: s0, attributes: [" + list(10_000, ", ", "{name: a#, type: u32}") + "]}\noperations:\n  list:\n" +
			"  - {name: a, doc: d, value: 16, attribute-set: s0, do: {request: {attributes: &l [" + list(10_000, ", ", "a#") + "]}}}\n" +
			list(90, "\n", "  - {name: o#, doc: d, attribute-set: s0, fixed-header: h#, do: {request: {attributes: *l}}}") + "\n", large + `operation "o4"`},
		{"notifications", "definitions: [{name: h, type: struct, members: [{name: x, type: u32}]}]\n" +
			"attribute-sets:\n- {name: s0, attributes: [" + list(10_000, ", ", "{name: a#, type: u32}") + "]}\noperations:\n  list:\n" +
			"  - {name: a, doc: d, value: 16, attribute-set: s0, do: {request: }}\n" +
			list(9_000, "\n", "  - {name: n#, doc: d, notify: a, fixed-header: h}") + "\n", large},
		{"docs", "attribute-sets:\n- name: s0\n  attributes:\n  - {name: a, type: u32, doc: &d \"" + strings.Repeat("word ", 12_000) + "\"}\n" +
			list(9_000, "\n", "  - {name: a#, type: u32, doc: *d}") + "\n" + noOps, `the aliases of this spec stand for too much, with "*d"`},
		{"sets", "attribute-sets:\n- {name: a, attributes: &l [" + list(130, ", ", "{name: a#, type: u32}") + "]}\n" +
			list(500, "\n", "- {name: s#, attributes: *l}") + "\n" + noOps, `the aliases of this spec stand for too much, with "*l"`},
		{"more sets", "attribute-sets:\n" + list(20_000, "\n", "- {name: s#, attributes: []}") + "\n" + noOps, large + `attribute set "s16384"`},
		{"selectors", "sub-messages: [{name: m, formats: []}]\nattribute-sets:\n- {name: t, attributes: [" + list(64, ", ", "{name: k#, type: string}") +
			", {name: x, type: nest, nested-attributes: s0}]}\n" + list(5000, "\n", "- {name: s#, attributes: [{name: x, type: nest, nested-attributes: s1#}]}") +
			"\n- {name: last, attributes: [" + list(64, ", ", "{name: d#, type: sub-message, sub-message: m, selector: k#}") + "]}\n" + noOps, "unknown set"},
		{"operations", "attribute-sets: [{name: s0, attributes: [{name: a0, type: u32}]}]\noperations:\n  list:\n" +
			"  - {name: first, doc: d, value: 16}\n" + list(17_000, "\n", "  - {name: o#, doc: d, attribute-set: s0, do: &d {request: }}") + "\n", large},
		{"entries", "definitions: [{name: e, type: enum, entries: [" + list(100_000, ", ", "e#") + "]}]\nattribute-sets: []\n" + noOps,
			large + `enum "e"`},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, c.spec, c.want) })
	}
}
