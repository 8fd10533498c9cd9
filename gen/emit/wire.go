package emit

import (
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// attrDoc is what the spec says of an attribute, with its byte order.
func attrDoc(a *ir.Attr) string {
	typ := a.Type
	if a.Elem != "" {
		typ = a.Elem
	}
	return ordered(a.Doc, typ, a.Order, a.Hint)
}

// memberDoc is what the spec says of a member of a struct, with its byte order.
func memberDoc(m *ir.Member) string { return ordered(m.Doc, m.Type, m.Order, m.Hint) }

// ordered adds to a doc the byte order that a number has on the wire, where it is not
// that of the machine: in Go it is a number like any other. A byte has none, and an
// address is bytes in Go, too. A doc that speaks of byte order itself stays as it is.
func ordered(text, typ string, order ir.Order, hint ir.Hint) string {
	bytes := typ == "u8" || typ == "s8" || typ == "binary" || hint != ir.NoHint && hint != ir.Hex
	if order == ir.Host || bytes || strings.Contains(text, " byte order") {
		return text
	}
	switch text = strings.TrimRight(text, ". \n"); {
	case text == "":
		return string(order)
	case strings.HasSuffix(text, ")"):
		return text + "; " + string(order)
	default:
		return text + " (" + string(order) + ")"
	}
}

// cNames is how the names in C begin. It is empty if the spec has no prefix, or its doc
// says so itself.
func cNames(prefix, text string) string {
	c := clean(prefix)
	if c == "" || strings.Contains(text, c) {
		return ""
	}
	return ", " + c + "*"
}

// cStruct names a struct as C does, unless its doc tells of another struct there.
func cStruct(s *ir.Struct) string {
	if strings.Contains(s.Doc, "struct ") {
		return "the struct " + clean(s.Name)
	}
	return "the C struct " + strings.ReplaceAll(clean(s.Name), "-", "_")
}
