package diag

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// WriteText writes the diagnostics for people. A line with the position and the message is followed by the source line and a caret
// under the span; related places follow in the same form, indented:
//
//	fou.yaml:31:9: attribute "peer" refers to unknown set "peers"
//	    |         nested-attributes: peers
//	    |                            ^~~~~
//
// The bar in front of the source keeps a hostile file from writing lines that a CI system takes for commands.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, d := range r.Diagnostics() {
		r.writeText(out, d)
	}
	return out.Flush()
}

// Text returns one diagnostic in the form of WriteText.
func (r *Report) Text(d *Diagnostic) string {
	var b strings.Builder
	out := bufio.NewWriter(&b)
	r.writeText(out, d)
	out.Flush() // NB: a strings.Builder takes everything.
	return b.String()
}

func (r *Report) writeText(out *bufio.Writer, d *Diagnostic) {
	out.WriteString(d.String() + "\n")
	r.writeExcerpt(out, "", d.Pos)
	for _, rel := range d.Related {
		out.WriteString("    " + rel.String() + "\n")
		r.writeExcerpt(out, "    ", rel.Pos)
	}
}

func (r *Report) writeExcerpt(out *bufio.Writer, indent string, pos Pos) {
	src := r.sources[pos.File]
	if src == nil {
		return
	}
	if text, caret, ok := src.excerpt(pos); ok {
		bar := indent + "    | "
		out.WriteString(strings.TrimRight(bar+text, " ") + "\n" + bar + caret + "\n")
	}
}

// String returns "file:line:col: message".
func (rel Related) String() string {
	s := Escape(rel.Msg)
	if pos := rel.Pos.String(); pos != "" {
		s = pos + ": " + s
	}
	return s
}

// jsonDiagnostic is the JSON form of a diagnostic. Related places have no severity.
type jsonDiagnostic struct {
	Severity string           `json:"severity,omitempty"`
	File     string           `json:"file,omitempty"`
	Line     int              `json:"line,omitempty"`
	Col      int              `json:"col,omitempty"`
	EndCol   int              `json:"endCol,omitempty"`
	Message  string           `json:"message"`
	Related  []jsonDiagnostic `json:"related,omitempty"`
}

// WriteJSON writes the diagnostics as one JSON array. File names are as given; endCol is the column behind the span.
func (r *Report) WriteJSON(w io.Writer) error {
	list := []jsonDiagnostic{}
	for _, d := range r.Diagnostics() {
		j := toJSON(d.Pos, d.Msg)
		j.Severity = d.Severity.String()
		for _, rel := range d.Related {
			j.Related = append(j.Related, toJSON(rel.Pos, rel.Msg))
		}
		list = append(list, j)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(list)
}

func toJSON(p Pos, msg string) jsonDiagnostic {
	return jsonDiagnostic{File: p.File, Line: p.Line, Col: p.Col, EndCol: p.EndCol, Message: Escape(msg)}
}

// WriteGitHub writes the diagnostics as workflow commands, which GitHub shows as annotations of the changed lines.
func (r *Report) WriteGitHub(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, d := range r.Diagnostics() {
		out.WriteString("::" + githubCommand(d.Severity))
		if d.Pos.File != "" {
			out.WriteString(" file=" + githubProperty(d.Pos.File))
			if d.Pos.Line > 0 {
				out.WriteString(",line=" + strconv.Itoa(d.Pos.Line))
			}
			if d.Pos.Line > 0 && d.Pos.Col > 0 {
				out.WriteString(",col=" + strconv.Itoa(d.Pos.Col))
			}
			if d.Pos.Line > 0 && d.Pos.EndCol > d.Pos.Col {
				out.WriteString(",endColumn=" + strconv.Itoa(d.Pos.EndCol))
			}
		}
		msg := Escape(d.Msg)
		for _, rel := range d.Related {
			msg += "\n" + rel.String()
		}
		out.WriteString("::" + githubData.Replace(msg) + "\n")
	}
	return out.Flush()
}

func githubCommand(s Severity) string {
	if s == Note {
		return "notice"
	}
	return s.String()
}

var githubData = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

func githubProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubData.Replace(Escape(s)))
}
