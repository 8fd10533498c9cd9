package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// marked begins what the test framework says, with -test.v=test2json, in contrast to the tests' own output. It stands anywhere in a
// line, as a test may leave its last line open.
const marked = "\x16"

// mark begins what the script tells the report.
const mark = marked + "vmtest "

// outcome matches a test's last line.
var outcome = regexp.MustCompile(`^` + marked + `--- (PASS|FAIL|SKIP): (\S+)`)

// A report gathers what the tests of all guests print, shows it, and counts.
type report struct {
	packages []*pkg
	verbose  bool
	now      func() time.Time

	mu     sync.Mutex // held for the rest
	w      io.Writer
	heard  io.Writer // gets what the tests heard of the kernel, see package coverage
	states []state

	passed, failed, skipped int
}

// state is how the tests of a package fare.
type state struct {
	begun   time.Time
	elapsed time.Duration
	ended   bool
	code    int
	failed  []string // tests that failed
}

func newReport(w io.Writer, packages []*pkg, verbose bool) *report {
	return &report{w: w, packages: packages, verbose: verbose, now: time.Now, states: make([]state, len(packages))}
}

// A reader is a report's ear for one guest, which tests one package after the other.
type reader struct {
	*report
	next func() // called when the guest has tested a package

	line    []byte       // a line that has not ended
	current *state       // the package that runs
	text    bytes.Buffer // what it printed, unless that was shown at once
}

// Write takes output of the guest.
func (r *reader) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(b)
	for {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		r.line = append(r.line, line...)
		if !ok {
			return n, nil
		}
		b = rest
		r.take(string(r.line))
		r.line = r.line[:0]
	}
}

// close takes what the guest left open.
func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.line) > 0 {
		r.take(string(r.line))
		r.line = nil
	}
	r.text.WriteTo(r.w) // What a package printed that did not end.
}

// take takes a line.
func (r *reader) take(line string) {
	if i := strings.LastIndex(line, marked); i > 0 {
		r.take(line[:i])
		line = line[i:]
	}
	if words, ok := strings.CutPrefix(line, mark); ok {
		if message, ok := strings.CutPrefix(words, "heard "); ok && r.heard != nil {
			fmt.Fprintln(r.heard, message)
			return
		}
		r.told(strings.Fields(words))
		return
	}
	if m := outcome.FindStringSubmatch(line); m != nil && r.current != nil {
		r.count(m[1], m[2])
	}
	line = strings.TrimPrefix(line, marked)
	if line == "=== NAME  " {
		return // Between two tests.
	}
	r.show(line)
}

// show shows a line at once if no other guest can come between, or else when the package has been tested, if it is wanted.
func (r *reader) show(line string) {
	if r.verbose && len(r.packages) == 1 {
		fmt.Fprintln(r.w, line)
	} else {
		fmt.Fprintln(&r.text, line)
	}
}

// count counts a test; the parts of a test are not counted by themselves.
func (r *reader) count(how, test string) {
	if how == "FAIL" {
		r.current.failed = append(r.current.failed, test)
	}
	if strings.Contains(test, "/") {
		return
	}
	switch how {
	case "PASS":
		r.passed++
	case "FAIL":
		r.failed++
	case "SKIP":
		r.skipped++
	}
}

// told takes what the script says: "begin PACKAGE", "end PACKAGE STATUS".
func (r *reader) told(words []string) {
	if len(words) < 2 {
		return
	}
	i, err := strconv.Atoi(words[1])
	if err != nil || i < 0 || i >= len(r.states) {
		return
	}
	s := &r.states[i]
	switch {
	case words[0] == "begin":
		s.begun, r.current = r.now(), s
		r.text.Reset()
		r.show("# " + r.packages[i].path)
	case words[0] == "end" && len(words) == 3:
		s.code, err = strconv.Atoi(words[2])
		s.ended, s.elapsed = err == nil, r.now().Sub(s.begun)
		if r.verbose || s.code != 0 {
			r.text.WriteTo(r.w)
		}
		if s.code != 0 && len(s.failed) == 0 {
			r.failed++ // It died without saying in which test.
		}
		r.current = nil
		r.text.Reset()
		r.next()
	}
}

// finish prints a line for each package, and the sums.
func (r *report) finish() {
	for i, p := range r.packages {
		s := &r.states[i]
		switch {
		case p.binary == "":
			fmt.Fprintf(r.w, "FAIL\t%s [build failed]\n", p.path)
			r.failed++
		case !s.ended && s.begun.IsZero():
			fmt.Fprintf(r.w, "FAIL\t%s [did not begin]\n", p.path)
			r.failed++
		case !s.ended:
			fmt.Fprintf(r.w, "FAIL\t%s [did not end]\n", p.path)
			r.failed++
		case s.code != 0:
			why := strings.Join(s.failed, " ")
			if why == "" {
				why = fmt.Sprintf("[exit status %d]", s.code)
			}
			fmt.Fprintf(r.w, "FAIL\t%s\t%.3fs\t%s\n", p.path, s.elapsed.Seconds(), why)
		default:
			fmt.Fprintf(r.w, "ok  \t%s\t%.3fs\n", p.path, s.elapsed.Seconds())
		}
	}
	fmt.Fprintf(r.w, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}

// ok reports whether every package was tested and no test failed.
func (r *report) ok() bool {
	for i := range r.states {
		if !r.states[i].ended || r.states[i].code != 0 {
			return false
		}
	}
	return true
}
