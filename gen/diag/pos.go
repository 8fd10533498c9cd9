package diag

import "strconv"

// Pos is a place in a source file: a point, or a span within one line.
//
// Line and Col start at 1. Col counts characters (Unicode code points; a byte that is not part of valid UTF-8 counts as one), because
// that is what a YAML parser and most editors count. A byte order mark at the start of the file is not counted. EndCol is the column
// just behind the span; 0, or anything not greater than Col, stands for a single character.
//
// Line 0 means the file as a whole, and the zero Pos no place at all.
type Pos struct {
	File   string
	Line   int
	Col    int
	EndCol int
}

// IsValid reports whether p names a line of a file.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String returns "file:line:col", or as much of it as is known. What a terminal must not see is escaped.
func (p Pos) String() string {
	file := Escape(p.File)
	if p.Line <= 0 {
		return file
	}
	s := strconv.Itoa(p.Line)
	if p.Col > 0 {
		s += ":" + strconv.Itoa(p.Col)
	}
	if file != "" {
		s = file + ":" + s
	}
	return s
}

// compare orders positions by file, line and column.
func (p Pos) compare(q Pos) int {
	switch {
	case p.File != q.File:
		if p.File < q.File {
			return -1
		}
		return 1
	case p.Line != q.Line:
		return p.Line - q.Line
	default:
		return p.Col - q.Col
	}
}
