package gen

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// quirks are what real specs do that no schema would make one expect, and the golden cases that show what becomes of each. What is wrong
// with a spec is a warning with a place, which the first case wants.
var quirks = []struct {
	what    string
	warning string // A part of the warning; empty if nothing is wrong with the spec.
	cases   []string
}{
	// Names.
	{"a file that is not named like its family", "", []string{"name-of-family"}},
	{"names that begin with a digit", "", []string{"name-digit"}},
	{"names that are words of Go, or that Go declares", "", []string{"name-words", "name-operations"}},
	{"names of what generated code has itself", "", []string{"error-go-reserved", "name-words"}},
	{"names with characters that the schemas refuse", "has characters that the ynl schemas do not admit there", []string{"warning-name-characters"}},
	{"names with dashes in front, capitals, underscores", "has characters that the ynl schemas do not admit there", []string{"warning-name-odd"}},
	{"an attribute twice in a set", `is listed twice in set "main"; this one counts`, []string{"warning-attribute-twice", "error-attribute-two-types"}},
	{"an attribute twice in a subset", `is listed twice in set "part"; this one counts`, []string{"warning-subset-twice"}},
	{"names that become one Go name", "", []string{"error-go-collision", "error-go-collision-dump", "error-go-collision-message"}},
	{"one name for different kinds of things", "", []string{"name-kinds"}},
	{"one definition in several specs", "", []string{"two-families"}},

	// References.
	{"messages that list what their set lacks", "which is left out: set", []string{"warning-not-in-set"}},
	{"messages that list members of their header", "", []string{"operation-header"}},
	{"messages that list an attribute twice", "is listed twice in operation", []string{"warning-listed-twice"}},
	{"sets that nothing uses", "", []string{"subset-nest"}},
	{"sets without attributes", "", []string{"nest-empty"}},
	{"enums without entries", "has no entries, so its values are just numbers", []string{"warning-empty-enum"}},
	{"a set that is both a message and a nest", "", []string{"nest-and-message"}},
	{"sets that contain themselves", "", []string{"nest-recursive"}},
	{"a subset as the set of an operation, with keys of its own", "", []string{"operation-subset", "subset-type", "subset-hint", "subset-nest", "subset-multi"}},
	{"limits by the C name of a const, or of one of the kernel alone", "", []string{"limit-names"}},
	{"limits that nothing declares", "has an unknown limit", []string{"warning-check-unknown"}},
	{"notifications in front of their operation, of a dump, without a group", "", []string{"notify-forward"}},
	{"notifications of an operation without a reply", "which has no reply; it may have all attributes", []string{"warning-notify-without-reply"}},
	{"events without a group", "", []string{"notify-forward"}},
	{"groups without a number", "has no value, so nobody can join it", []string{"warning-group-without-number"}},
	{"groups with one number", "who joins one joins both", []string{"warning-group-same-number"}},

	// Numbers and layouts.
	{"numbers that the kernel has not", "", []string{"errata", "patch"}},
	{"enums that start elsewhere", "", []string{"patch", "enum-start-const"}},
	{"structs with wrong members", "", []string{"patch", "array"}},
	{"lengths that are not those of the type", "is that of its type", []string{"warning-member-length", "warning-member-struct-length"}},
	{"bytes without a length at the end of a struct", "what stands there is ignored", []string{"warning-member-rest"}},
	{"numbers below the one before", "which is not above that of the one before it", []string{"warning-number-back"}},
	{"placeholders with one number", "this one counts", []string{"warning-attribute-twice"}},
	{"a dump that is answered under another number than a do", "", []string{"directional-dump-number"}},
	{"a dump with a reply and a do without", "has a reply without a number", []string{"warning-directional-dump"}},
	{"a dump without a reply", "it gets that of the do", []string{"warning-dump-without-reply"}},

	// Types.
	{"bytes that are nests", "", []string{"binary", "record"}},
	{"padding typed as bytes", "", []string{"pad-as-binary"}},
	{"two paddings in a set", "", []string{"pads"}},
	{"enums of anything that holds integers", "", []string{"enum-places", "bitfield32"}},
	{"hints that do not fit every payload", "", []string{"binary", "byte-order-bytes", "subset-hint"}},
	{"addresses in host order", "needs byte-order big-endian", []string{"warning-ipv4-byte-order"}},
	{"byte order of what has none", "", []string{"byte-order-bytes", "byte-order-arrays"}},
	{"keys of another type", "it is ignored", []string{"warning-key-of-other-type", "warning-check-of-other-type", "warning-type-value-of-scalar"}},
	{"selectors that are integers", "", []string{"selector-enum", "selector-integer", "selector-behind"}},
	{"selectors that no set around has", "its content stays raw", []string{"warning-selector-missing"}},
	{"formats with a header alone, or with nothing", "", []string{"sub-message", "sub-message-header"}},
	{"repeated attributes of every type", "", []string{"multi-attr", "multi-struct", "multi-binary", "multi-array", "multi-auto"}},
	{"do and dump with different replies", "", []string{"reply-union"}},
	{"attributes that a spec leaves out", "", []string{"nest-empty"}},
	{"anchors and aliases everywhere, numbers in hex, comments, folded docs", "", []string{"yaml-forms", "patch-alias"}},
	{"specs without a protocol, keys with null", "", []string{"no-protocol", "ignored-keys"}},
	{"docs that are missing", `has no "doc"`, []string{"warning-missing-doc"}},
	{"keys of other tools", "unknown key", []string{"warning-unknown-keys", "error-unknown-key"}},
}

// TestQuirks makes sure that the golden cases show every quirk, those that are wrong with a warning.
func TestQuirks(t *testing.T) {
	cases := map[string]*txtar.Archive{}
	for _, c := range goldenCases(t) {
		cases[c.name] = c.archive
	}
	for _, q := range quirks {
		for i, name := range q.cases {
			archive := cases[name]
			if archive == nil {
				t.Errorf("%s: there is no case %s", q.what, name)
				continue
			}
			warned := slices.ContainsFunc(archive.Files, func(f txtar.File) bool {
				return f.Name == "want/warnings" && strings.Contains(string(f.Data), "warning: ") && strings.Contains(string(f.Data), q.warning)
			})
			if i == 0 && q.warning != "" && !warned {
				t.Errorf("%s: %s does not want a warning %q", q.what, name, q.warning)
			}
		}
	}
	// The other way round: a warning is about a quirk.
	for name := range cases {
		if strings.HasPrefix(name, "warning-") && !slices.ContainsFunc(unquirky, func(s string) bool { return s == name }) {
			used := false
			for _, q := range quirks {
				used = used || slices.Contains(q.cases, name)
			}
			if !used {
				t.Errorf("%s is the case of no quirk", name)
			}
		}
	}
}

// unquirky are the warnings about what no published spec has wrong.
var unquirky = []string{
	"warning-check-mask", "warning-directional-value", "warning-directional-zero", "warning-entry-twice", "warning-group-number", "warning-member-enum",
	"warning-notify-set", "warning-protonum", "warning-selector-unlisted", "warning-subset-number", "warning-subset-prefix",
}
