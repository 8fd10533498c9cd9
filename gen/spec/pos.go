package spec

import (
	"bytes"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// pos returns where a node stands. A scalar or an alias on one line gives a span.
func (r *reader) pos(n *yaml.Node) diag.Pos {
	p := diag.Pos{File: r.text.file, Line: n.Line, Col: n.Column}
	// Looking at the line costs its length each time, so hostile lines must do without a span.
	const longest = 1000
	line := r.text.line(n.Line)
	if n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode || len(line) > longest {
		return p
	}
	rest := line
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
	}
	// The node begins with its anchor and tag: skip them, unless the value stands on another line.
	value := rest
	for len(value) > 0 && (value[0] == '&' || value[0] == '!') {
		_, value, _ = bytes.Cut(value, []byte(" "))
		value = bytes.TrimLeft(value, " \t")
	}
	if len(value) > 0 {
		p.Col += utf8.RuneCount(rest[:len(rest)-len(value)])
		rest = value
	}
	if n := utf8.RuneCount(scalarText(rest, n)); n > 0 {
		p.EndCol = p.Col + n
	}
	return p
}

// scalarText returns the part of the line in front of which n begins that belongs to n.
func scalarText(rest []byte, n *yaml.Node) []byte {
	switch {
	case n.Kind == yaml.AliasNode:
		return rest[:min(len(rest), len(n.Value)+1)]
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return nil
	case len(rest) > 0 && (rest[0] == '"' || rest[0] == '\''):
		return rest[:quotedLen(rest)]
	case bytes.HasPrefix(rest, []byte(n.Value)):
		return rest[:len(n.Value)]
	default:
		return bytes.TrimRight(rest, " \t")
	}
}

// quotedLen returns the length of the quoted text at the beginning of s, or that of s if it goes on in the next line.
func quotedLen(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] == '"':
			i++
		case s[i] == '\'' && s[0] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}
