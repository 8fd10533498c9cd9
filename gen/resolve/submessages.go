package resolve

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// submessages declares the sub-messages and binds their formats to headers and sets.
func (f *family) submessages(report *diag.Report) {
	for _, src := range f.src.SubMessages {
		s := &sub{src: src}
		if !declare(report, f.subs, "sub-message", src.Name, s, (*sub).pos) {
			continue
		}
		s.SubMessage = &ir.SubMessage{Name: src.Name.V, Pos: src.Name.Pos}
		f.subList = append(f.subList, s)
		f.SubMessages = append(f.SubMessages, s.SubMessage)
		seen := map[string]*ir.Format{}
		for _, format := range src.Formats {
			f.format(report, s, seen, format)
		}
	}
}

func (f *family) format(report *diag.Report, s *sub, seen map[string]*ir.Format, src *spec.Format) {
	v := src.Value
	if !v.Set {
		return
	}
	if first := seen[v.V]; first != nil {
		report.Errorf(v.Pos, "sub-message %q has two formats for %q", s.Name, v.V).See(first.Pos, "first declared here")
		return
	}
	if !printable(v.V) || strings.Contains(v.V, ", ") { // NB: generated code lists values so.
		report.Errorf(v.Pos, "the selector's value %q of sub-message %q is no printable text of at most %d bytes without a comma and a blank", v.V, s.Name, goname.MaxLen)
		return
	}
	format := &ir.Format{Value: v.V, Pos: v.Pos}
	if d := f.defs[src.FixedHeader.V]; src.FixedHeader.Set && !src.AttributeSet.Set && d != nil && d.str != nil {
		format.Header = d.str // NB: one that ends in an array may fill the whole content.
		d.str.Header = true
	} else {
		format.Header = f.header(report, "format", v.V, src.FixedHeader)
	}
	if src.AttributeSet.Set {
		format.Set = irSet(f.set(report, "format", v.V, src.AttributeSet))
	}
	seen[v.V] = format
	s.Formats = append(s.Formats, format)
}

// printable reports whether a name that is not restricted to letters and digits can stand in tables and comments.
func printable(s string) bool {
	if s == "" || len(s) > goname.MaxLen || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
