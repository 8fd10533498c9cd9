package resolve

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDoc bounds a doc, in bytes.
const maxDoc = 64 << 10

// cleanDoc makes a text of a spec fit for Go comments: lines that end in a newline, without trailing blanks, without blank lines at the
// ends or two in a row, of printable characters only. What a Go tool would take for more than text (`//go:generate`, `+build`, the ends
// of C comments) is taken apart, so that it does no harm wherever it comes to stand.
func cleanDoc(doc string) string {
	if len(doc) > maxDoc {
		doc = doc[:maxDoc]
	}
	var lines []string
	blank := false
	for _, line := range strings.Split(newlines.Replace(doc), "\n") {
		line = cleanLine(line)
		if line == "" {
			blank = len(lines) > 0
			continue
		}
		if blank {
			lines = append(lines, "")
		}
		blank = false
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// cleanLine cleans one line. It keeps blanks at the beginning: docs have lists.
func cleanLine(line string) string {
	line = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return -1
		default:
			return r
		}
	}, line)
	line = strings.ReplaceAll(line, "*/", "* /")
	text := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(text)]
	// NB: jennifer prints a comment that begins with one of these as it is.
	for strings.HasPrefix(text, "//") || strings.HasPrefix(text, "/*") {
		text = strings.TrimLeft(text[2:], " ")
	}
	if directive(text) {
		text = "'" + text
	}
	return strings.TrimRight(indent+text, " ")
}

// directive reports whether a tool could take a comment with this text for an instruction.
func directive(text string) bool {
	if rest, ok := strings.CutPrefix(text, "go:"); ok {
		return rest != "" && rest[0] != ' '
	}
	return strings.HasPrefix(text, "+build") || strings.HasPrefix(text, "#cgo")
}
