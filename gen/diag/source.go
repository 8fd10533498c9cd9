package diag

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// source is the text of a file, cut into lines when a diagnostic first asks for one.
type source struct {
	text   []byte
	starts []int // The offset of each line.

	// Where character col of line begins, as last asked for. Diagnostics come in order, so that a long line is walked once.
	last struct{ line, col, offset int }
}

func trimBOM(src []byte) []byte { return bytes.TrimPrefix(src, []byte("\ufeff")) }

// line returns line n, without its end. Lines end in LF, CR LF, or a lone CR.
func (s *source) line(n int) ([]byte, bool) {
	if s.starts == nil {
		s.starts = append(s.starts, 0)
		for i, c := range s.text {
			if c == '\n' || c == '\r' && (i+1 == len(s.text) || s.text[i+1] != '\n') {
				s.starts = append(s.starts, i+1)
			}
		}
	}
	if n < 1 || n > len(s.starts) {
		return nil, false
	}
	end := len(s.text)
	if n < len(s.starts) {
		end = s.starts[n]
	}
	return bytes.TrimRight(s.text[s.starts[n-1]:end], "\r\n"), true
}

const (
	tabWidth  = 8
	maxBefore = 60  // Columns shown in front of the span in a line that must be clipped.
	maxWidth  = 120 // Columns shown of one line.
)

// cell is one character as it is shown.
type cell struct {
	text  string
	width int
}

// excerpt returns the line of pos as it is shown, and a line with a caret under the span.
func (s *source) excerpt(pos Pos) (text, caret string, ok bool) {
	line, ok := s.line(pos.Line)
	if !ok || pos.Col < 1 {
		return "", "", false
	}
	// Only a window around the span is looked at: a line may be megabytes long.
	skipped := max(0, pos.Col-1-maxBefore)
	cells, rest := layout(line[s.skip(pos.Line, line, skipped):], maxBefore+maxWidth)
	begin := min(pos.Col-1-skipped, len(cells))
	end := max(pos.EndCol-1-skipped, begin+1)

	// Escaped and wide characters take more columns than one: drop some more from the left until the span begins within the window.
	from, before := 0, 0
	for i := begin - 1; i >= 0; i-- {
		before += cells[i].width
		if before > maxBefore {
			from = i + 1
			break
		}
	}
	var b, c strings.Builder
	if from > 0 || skipped > 0 {
		b.WriteString("…")
		c.WriteByte(' ')
	}
	width, mark := 0, "^"
	for i := from; i < len(cells); i++ {
		if width+cells[i].width > maxWidth {
			rest = true
			break
		}
		width += cells[i].width
		b.WriteString(cells[i].text)
		switch {
		case i < begin:
			c.WriteString(strings.Repeat(" ", cells[i].width))
		case i < end && cells[i].width > 0:
			c.WriteString(mark + strings.Repeat("~", cells[i].width-1))
			mark = "~"
		}
	}
	if mark == "^" {
		c.WriteString(mark) // The span stands behind the end of the line.
	}
	if rest {
		b.WriteString("…")
	}
	return strings.TrimRight(b.String(), " "), c.String(), true
}

// skip returns the offset of the character behind the first n ones of a line.
func (s *source) skip(number int, line []byte, n int) int {
	col, at := 0, 0
	if s.last.line == number && s.last.col <= n {
		col, at = s.last.col, s.last.offset
	}
	for ; col < n && at < len(line); col++ {
		_, size := utf8.DecodeRune(line[at:])
		at += size
	}
	s.last.line, s.last.col, s.last.offset = number, col, at
	return at
}

// layout returns at most n characters of line as they are shown, and whether there are more.
func layout(line []byte, n int) (cells []cell, rest bool) {
	column := 0
	for at := 0; at < len(line); {
		if len(cells) == n {
			return cells, true
		}
		r, size := utf8.DecodeRune(line[at:])
		var c cell
		if r == '\t' {
			c.width = tabWidth - column%tabWidth
			c.text = strings.Repeat(" ", c.width)
		} else {
			c.text = visible(r, string(line[at:at+size]))
			c.width = len(c.text) // Right for ASCII and for everything that was escaped.
			if r >= 0x80 && unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
				c.width = width(r)
			}
		}
		column += c.width
		cells = append(cells, c)
		at += size
	}
	return cells, false
}

// width returns how many columns of a terminal a printable character takes.
func width(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	default:
		return 1
	}
}

// wide holds the characters that take two columns: the East Asian scripts, full-width forms, and pictures.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1},
		{Lo: 0x231a, Hi: 0x231b, Stride: 1},
		{Lo: 0x2329, Hi: 0x232a, Stride: 1},
		{Lo: 0x23e9, Hi: 0x23ec, Stride: 1},
		{Lo: 0x23f0, Hi: 0x23f3, Stride: 3},
		{Lo: 0x25fd, Hi: 0x25fe, Stride: 1},
		{Lo: 0x2614, Hi: 0x2615, Stride: 1},
		{Lo: 0x2648, Hi: 0x2653, Stride: 1},
		{Lo: 0x26a1, Hi: 0x26a1, Stride: 1},
		{Lo: 0x26d4, Hi: 0x26d4, Stride: 1},
		{Lo: 0x2705, Hi: 0x2705, Stride: 1},
		{Lo: 0x2728, Hi: 0x2728, Stride: 1},
		{Lo: 0x274c, Hi: 0x274e, Stride: 2},
		{Lo: 0x2753, Hi: 0x2755, Stride: 1},
		{Lo: 0x2757, Hi: 0x2757, Stride: 1},
		{Lo: 0x2795, Hi: 0x2797, Stride: 1},
		{Lo: 0x2b1b, Hi: 0x2b1c, Stride: 1},
		{Lo: 0x2b50, Hi: 0x2b55, Stride: 5},
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xa960, Hi: 0xa97c, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe10, Hi: 0xfe19, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff01, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x16fe0, Hi: 0x18cff, Stride: 1},
		{Lo: 0x1b000, Hi: 0x1b2ff, Stride: 1},
		{Lo: 0x1f004, Hi: 0x1f004, Stride: 1},
		{Lo: 0x1f0cf, Hi: 0x1f0cf, Stride: 1},
		{Lo: 0x1f18e, Hi: 0x1f18e, Stride: 1},
		{Lo: 0x1f191, Hi: 0x1f19a, Stride: 1},
		{Lo: 0x1f200, Hi: 0x1f265, Stride: 1},
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1},
		{Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f7e0, Hi: 0x1f7eb, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x1fa70, Hi: 0x1faff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}
