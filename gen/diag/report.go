package diag

import (
	"fmt"
	"slices"
)

// Severity says what a diagnostic means for the run.
type Severity int

// An Error stops the run before anything is written. A Warning is a defect that nlgen can live with. A Note is for information.
const (
	Error Severity = iota
	Warning
	Note
)

// String returns "error", "warning" or "note".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "note"
	}
}

// Related is a second place that belongs to a diagnostic.
type Related struct {
	Pos Pos
	Msg string
}

// Diagnostic is one thing to say about one place.
type Diagnostic struct {
	Severity Severity
	Pos      Pos
	Msg      string
	Related  []Related
}

// maxRelated bounds the related places of one diagnostic.
const maxRelated = 20

// See adds a related place ("first declared here") and returns d.
func (d *Diagnostic) See(pos Pos, format string, args ...any) *Diagnostic {
	if len(d.Related) < maxRelated {
		d.Related = append(d.Related, Related{pos, message(format, args)})
	}
	return d
}

// String returns the diagnostic on one line, without related places: "file:line:col: message".
func (d *Diagnostic) String() string {
	s := Escape(d.Msg)
	if d.Severity != Error {
		s = d.Severity.String() + ": " + s
	}
	if pos := d.Pos.String(); pos != "" {
		s = pos + ": " + s
	}
	return s
}

func message(format string, args []any) string {
	return Escape(fmt.Sprintf(format, clipArgs(args)...))
}

// MaxDiagnostics is how many errors a report keeps, and how many warnings and notes together. What comes later is counted only, so
// that a hostile file cannot print gigabytes.
const MaxDiagnostics = 1000

// Report collects the diagnostics of a run, and the sources that they point into. The zero Report is ready for use. A Report must not be
// used concurrently: give each goroutine its own, and Merge them.
type Report struct {
	sources map[string]*source
	list    []*Diagnostic
	seen    map[seenKey]bool
	kept    [2]int // Errors, others.
	dropped [2]int
}

type seenKey struct {
	severity Severity
	pos      Pos
	msg      string
}

// AddSource makes the text of a file known, so that diagnostics can show its lines. The report keeps src, which must not change.
func (r *Report) AddSource(name string, src []byte) {
	if r.sources == nil {
		r.sources = map[string]*source{}
	}
	r.sources[name] = &source{text: trimBOM(src)}
}

// Errorf adds an error. The arguments may be hostile: they are clipped and escaped.
func (r *Report) Errorf(pos Pos, format string, args ...any) *Diagnostic {
	return r.add(Error, pos, format, args)
}

// Warnf adds a warning.
func (r *Report) Warnf(pos Pos, format string, args ...any) *Diagnostic {
	return r.add(Warning, pos, format, args)
}

// Notef adds a note.
func (r *Report) Notef(pos Pos, format string, args ...any) *Diagnostic {
	return r.add(Note, pos, format, args)
}

// add returns the diagnostic it added; if it dropped it, one that belongs to no report, so that See does no harm.
func (r *Report) add(severity Severity, pos Pos, format string, args []any) *Diagnostic {
	if class := severity.class(); r.kept[class] >= MaxDiagnostics {
		r.dropped[class]++
		return &Diagnostic{}
	}
	d := &Diagnostic{Severity: severity, Pos: pos, Msg: message(format, args)}
	r.keep(d)
	return d
}

// class is the index of the counters for a severity. Warnings have their own, so that they never hide an error.
func (s Severity) class() int {
	if s == Error {
		return 0
	}
	return 1
}

func (r *Report) keep(d *Diagnostic) {
	key := seenKey{d.Severity, d.Pos, d.Msg}
	class := d.Severity.class()
	switch {
	case r.seen[key]:
	case r.kept[class] >= MaxDiagnostics:
		r.dropped[class]++
	default:
		if r.seen == nil {
			r.seen = map[seenKey]bool{}
		}
		r.seen[key] = true
		r.kept[class]++
		r.list = append(r.list, d)
	}
}

// Merge adds the diagnostics and sources of other.
func (r *Report) Merge(other *Report) {
	for name, src := range other.sources {
		if r.sources == nil {
			r.sources = map[string]*source{}
		}
		r.sources[name] = src
	}
	for _, d := range other.list {
		r.keep(d)
	}
	r.dropped[0] += other.dropped[0]
	r.dropped[1] += other.dropped[1]
}

// HasErrors reports whether there is an error among the diagnostics.
func (r *Report) HasErrors() bool { return r.kept[0] > 0 }

// Errors returns the number of errors, and Warnings that of warnings and notes, including those that were not kept.
func (r *Report) Errors() int { return r.kept[0] + r.dropped[0] }

// Warnings returns the number of warnings and notes.
func (r *Report) Warnings() int { return r.kept[1] + r.dropped[1] }

// Full reports whether the report keeps no more errors, so that looking for more is idle.
func (r *Report) Full() bool { return r.kept[0] >= MaxDiagnostics }

// Diagnostics returns what was collected, ordered by file, line and column; at one place, in the order in which it was found. If some
// were not kept, the last ones say how many.
func (r *Report) Diagnostics() []*Diagnostic {
	list := slices.Clone(r.list)
	slices.SortStableFunc(list, func(a, b *Diagnostic) int { return a.Pos.compare(b.Pos) })
	if n := r.dropped[0]; n > 0 {
		list = append(list, &Diagnostic{Severity: Error, Msg: fmt.Sprintf("too many errors, %d more not shown", n)})
	}
	if n := r.dropped[1]; n > 0 {
		list = append(list, &Diagnostic{Severity: Note, Msg: fmt.Sprintf("too many warnings, %d more not shown", n)})
	}
	return list
}
