package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxText = 1000 // Characters of one message.
	maxArg  = 120  // Characters of one text that is quoted in a message.
)

// Escape returns s with everything that is not printable (control characters, invisible and direction-changing characters, bytes
// that are not UTF-8) written as in a Go string, and cut to a bounded length.
func Escape(s string) string { return escape(s, maxText) }

func escape(s string, limit int) string {
	if len(s) <= limit && printable(s) {
		return s
	}
	var b strings.Builder
	for n := 0; s != ""; n++ {
		if n == limit {
			b.WriteString("…")
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		b.WriteString(visible(r, s[:size]))
		s = s[size:]
	}
	return b.String()
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// visible returns the form in which r, decoded from raw, is shown.
func visible(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case unicode.IsPrint(r):
		return raw
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}

// clipArgs shortens the texts among the arguments of a message, so that a name of a megabyte does not become a message of a
// megabyte, a thousand times.
func clipArgs(args []any) []any {
	var out []any // A copy, made on the first change: args belongs to the caller.
	for i, arg := range args {
		s, limit := "", maxArg
		switch arg := arg.(type) {
		case string:
			s = arg
		case error:
			s, limit = arg.Error(), maxText // Errors are sentences.
		case fmt.Stringer:
			s = arg.String()
		default:
			continue
		}
		if len(s) <= limit {
			continue
		}
		if out == nil {
			out = append(out, args...)
		}
		out[i] = clip(s, limit)
	}
	if out == nil {
		return args
	}
	return out
}

// clip cuts s behind n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}
