package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// maxSize bounds a spec file. The largest known one has 80 KB. A hostile file makes the YAML library use
// about 200 times its size.
const maxSize = 2 << 20

// text is a source file with its lines, to turn offsets and YAML positions into ours.
type text struct {
	file   string
	src    []byte // Without a byte order mark.
	starts []int  // The offset of each line.
}

func newText(file string, src []byte) *text {
	t := &text{file: file, src: src, starts: make([]int, 1, 1+bytes.Count(src, []byte("\n")))}
	for i, c := range src {
		if c == '\n' || c == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

// line returns line n without its end.
func (t *text) line(n int) []byte {
	if n < 1 || n > len(t.starts) {
		return nil
	}
	line := t.src[t.starts[n-1]:]
	if n < len(t.starts) {
		line = line[:t.starts[n]-t.starts[n-1]]
	}
	return bytes.TrimRight(line, "\r\n")
}

// at returns the position of the character at an offset.
func (t *text) at(offset int) diag.Pos {
	low, high := 0, len(t.starts)
	for low+1 < high {
		if mid := (low + high) / 2; t.starts[mid] <= offset {
			low = mid
		} else {
			high = mid
		}
	}
	return diag.Pos{File: t.file, Line: low + 1, Col: 1 + utf8.RuneCount(t.src[t.starts[low]:offset])}
}

// content returns the span of line n without the blanks around it.
func (t *text) content(n int) diag.Pos {
	n = max(1, min(n, len(t.starts)))
	line := t.line(n)
	indent := len(line) - len(bytes.TrimLeft(line, " \t"))
	pos := diag.Pos{File: t.file, Line: n, Col: 1 + indent}
	if length := utf8.RuneCount(bytes.TrimRight(line[indent:], " \t")); length > 0 {
		pos.EndCol = pos.Col + length
	}
	return pos
}

// checkBytes reports the first character that no YAML file may hold, and the line breaks that YAML knows and editors do not: they would
// make all positions wrong.
func (t *text) checkBytes(report *diag.Report) bool {
	for i := 0; i < len(t.src); {
		c := t.src[i]
		if ' ' <= c && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(t.src[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			report.Errorf(t.at(i), "not valid UTF-8")
			return false
		case r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			report.Errorf(t.at(i), "character U+%04X is not allowed", r)
			return false
		}
		i += size
	}
	return true
}

// parse returns the root of the YAML document, or nil after it has reported why there is none.
func (t *text) parse(report *diag.Report) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(t.src))
	doc, err := decode(dec)
	switch {
	case errors.Is(err, io.EOF):
		report.Errorf(diag.Pos{File: t.file, Line: 1, Col: 1}, "the file is empty")
		return nil
	case err != nil:
		t.reportSyntax(report, err)
		return nil
	case len(doc.Content) == 0, isNull(doc.Content[0]):
		report.Errorf(diag.Pos{File: t.file, Line: 1, Col: 1}, "the file is empty")
		return nil
	}
	switch second, err := decode(dec); {
	case err == nil:
		report.Errorf(t.content(second.Line), "a second YAML document begins here, the file may hold one")
		return nil
	case !errors.Is(err, io.EOF):
		t.reportSyntax(report, err)
		return nil
	}
	return doc.Content[0]
}

// decode reads one document. The library is known to panic on some malformed inputs.
func decode(dec *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	doc = new(yaml.Node)
	err = dec.Decode(doc)
	return doc, err
}

// syntaxError takes the line out of the message of the YAML library.
var syntaxError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// reportSyntax reports an error of the YAML library, which tells only part of what it knows about the place.
//
// Errors of its scanner come with the line where the offending token begins. Those of its parser come with the line, counted from 0,
// where the enclosing block or list begins. For a list in brackets that is the right place: it was not closed. For a block it can be far
// away from the mistake. To find that, the source is parsed again in small pieces, and the place is where the parser stopped asking for
// more.
func (t *text) reportSyntax(report *diag.Report, err error) {
	match := syntaxError.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	number, problem := match[1], match[2]
	line, _ := strconv.Atoi(number) // 0 if there is none: then the line is the first one.
	anchor, isAnchor := strings.CutPrefix(problem, "unknown anchor '")
	switch {
	case isAnchor:
		anchor = strings.TrimSuffix(anchor, "' referenced")
		report.Errorf(t.alias(anchor, t.consumed(t.src)), "alias %q refers to an unknown anchor", "*"+anchor)
	case strings.HasPrefix(problem, "did not find expected ',' or"):
		report.Errorf(t.content(line+1), "invalid YAML: %s", problem)
	case strings.HasPrefix(problem, "did not find expected"):
		stop := t.stop(problem)
		d := report.Errorf(t.content(stop), "invalid YAML: %s", problem)
		if line+1 < stop {
			d.See(t.content(line+1), "in the block that begins here")
		}
	default:
		report.Errorf(t.content(max(line, 1)), "invalid YAML: %s", problem)
	}
}

// stop returns the line at which the parser finds a problem: the first of those that it may have looked at ahead of the problem.
func (t *text) stop(problem string) int {
	const ahead = 2
	line := t.at(t.consumed(t.src)).Line
	for range ahead {
		if line < 2 {
			break
		}
		_, err := decode(yaml.NewDecoder(bytes.NewReader(t.src[:t.starts[line-1]])))
		if err == nil || !strings.HasSuffix(err.Error(), problem) {
			break
		}
		line--
	}
	return line
}

// consumed returns how much of a malformed source the parser reads until it gives up, without blanks at the end.
func (t *text) consumed(src []byte) int {
	r := &byteReader{src: src}
	dec := yaml.NewDecoder(r)
	for {
		if _, err := decode(dec); err != nil {
			break
		}
	}
	return max(0, len(bytes.TrimRight(src[:r.next], " \t\r\n"))-1)
}

// alias returns the position of the last use of an alias before an offset.
func (t *text) alias(name string, before int) diag.Pos {
	head := t.src[:min(len(t.src), before+1)]
	use := []byte("*" + name)
	if i := bytes.LastIndex(head, use); i >= 0 {
		pos := t.at(i)
		pos.EndCol = pos.Col + utf8.RuneCount(use)
		return pos
	}
	return t.at(before)
}

// byteReader gives out a source byte by byte.
type byteReader struct {
	src  []byte
	next int
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.next == len(r.src) {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p[0] = r.src[r.next]
	r.next++
	return 1, nil
}
