package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/internal/coverage"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

func main() {
	verbose := flag.Bool("v", false, "list also what was only sent and what only came")
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: coverage [-v] file [family...]"); flag.PrintDefaults() }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), flag.Args()[1:], *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

// run reports on the named families, or all, from the messages in a file.
func run(w io.Writer, file string, names []string, verbose bool) error {
	families, err := all()
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	unread := 0
	for d := json.NewDecoder(f); ; {
		var m coverage.Message
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if !take(families, m) {
			unread++
		}
	}
	for _, f := range families {
		if len(names) == 0 || slices.Contains(names, f.Name) {
			f.report(w, verbose)
		}
	}
	if unread > 0 {
		fmt.Fprintf(w, "%d notifications are of no family here\n", unread)
	}
	return nil
}

// all returns the families of this repository, with nothing seen of them.
func all() ([]*family, error) {
	project := gen.BuiltIn()
	var families []*family
	for _, target := range project.Targets {
		var report diag.Report
		f := project.Family(&report, target)
		if f == nil {
			return nil, fmt.Errorf("%s is not sound", target.Spec)
		}
		families = append(families, newFamily(f))
	}
	slices.SortFunc(families, func(a, b *family) int { return cmp.Compare(a.Name, b.Name) })
	return families, nil
}

// take notes what a message shows. Families share numbers: a notification is one of the families whose specs know the most of it.
func take(families []*family, m coverage.Message) bool {
	h, ok := nlmsg.ParseHeader(m.Bytes)
	if !ok {
		return false
	}
	var best []*family
	for _, f := range families {
		if f.Protocol != m.Protocol || m.Family != "" && f.Name != m.Family {
			continue
		}
		body, number := m.Bytes[nlmsg.HeaderLen:], h.Type
		if f.Generic() {
			if len(body) < nlmsg.GenericLen {
				continue
			}
			body, number = body[nlmsg.GenericLen:], uint16(body[0])
		}
		shown := newFamily(f.Family)
		if m.Op == "" {
			ok = shown.event(number, body)
		} else {
			ok = shown.message(m.Op, m.Sent, body)
		}
		if m.Sent {
			clear(shown.unknown) // A test may send what no kernel has.
		}
		if ok && (len(best) == 0 || len(shown.unknown) <= len(best[0].unknown)) {
			if len(best) > 0 && len(shown.unknown) < len(best[0].unknown) {
				best = nil
			}
			best = append(best, shown)
		}
	}
	for _, f := range families {
		for _, shown := range best {
			f.add(shown)
		}
	}
	return len(best) > 0
}
