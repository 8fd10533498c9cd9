package emit

import (
	"strings"
	"testing"
)

func TestDocLines(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for _, tc := range []struct{ intro, text, want string }{
		{"X is the enum x", "", "// X is the enum x."},
		{"X is the enum x", "Kind of port", "// X is the enum x: kind of port."},
		{"X is the enum x", "IPv4 address.", "// X is the enum x: IPv4 address."},
		{"X is the enum x", "MTU, at most\n 5;", "// X is the enum x: MTU, at most 5;"},
		{"X is the enum x", "One.\n\nTwo", "// X is the enum x: one.\n//\n// Two."},
		{"X is the enum x", "Linux only. A port", "// X is the enum x: Linux only. A port."},
		{"X is the enum x", "A port", "// X is the enum x: a port."},
		{"X", "a\rb\x00c\u2028d\u202ee\tf", "// X: a b c d e f."},
		{"X", "//go:linkname a b", "// X: //go:linkname a b."},
		{"X", "+build ignore", "// X: + build ignore."},
		{"X", "\xff\xfe", "// X."},
		{"X", long, "// X: " + strings.TrimSpace(strings.Repeat("word ", 19)) + "\n// " + strings.TrimSpace(strings.Repeat("word ", 11)) + "."},
	} {
		if got := strings.Join(docLines(tc.intro, tc.text), "\n"); got != tc.want {
			t.Errorf("%q, %q:\n%s\nwant\n%s", tc.intro, tc.text, got, tc.want)
		}
	}
}

func TestNote(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"UDP port. In host order.":  "UDP port",
		"Largest packet, in bytes.": "largest packet, in bytes",
		strings.Repeat("x", 40) + " (" + strings.Repeat("y", 40) + ").": strings.Repeat("x", 40),
		strings.Repeat("x", 61): "",
	} {
		if got, _ := note(text); got != want {
			t.Errorf("note(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestGroupImports(t *testing.T) {
	src := "package a\n\nimport (\n\t\"context\"\n\t\"github.com/x/y\"\n\t\"net/netip\"\n)\n\nvar x = 1\n"
	want := "package a\n\nimport (\n\t\"context\"\n\t\"net/netip\"\n\n\t\"github.com/x/y\"\n)\n\nvar x = 1\n"
	if got := string(groupImports([]byte(src))); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, same := range []string{
		"package a\n", "package a\n\nimport \"context\"\n",
		"package a\n\nimport (\n\t\"context\"\n\t\"net\"\n)\n",
	} {
		if got := string(groupImports([]byte(same))); got != same {
			t.Errorf("%s\nwant\n%s", got, same)
		}
	}
}
