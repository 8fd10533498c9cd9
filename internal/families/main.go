package main

import (
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// proofs has a line a family: its name, the kernels on which it is proven, the witnesses, the kernel version that the facts are of, what is
// missing, separated by bars.
//
//go:embed proofs.txt
var proofs string

const (
	readme = "README.md"
	begin  = "<!-- families: go run ./internal/families -->\n"
	end    = "<!-- /families -->\n"
)

func main() {
	b, err := os.ReadFile(readme)
	if err == nil {
		var text string
		if text, err = fill(string(b)); err == nil {
			err = os.WriteFile(readme, []byte(text), 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "families:", err)
		os.Exit(1)
	}
}

// fill returns a text with the table between its marks.
func fill(text string) (string, error) {
	head, rest, ok := strings.Cut(text, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("%s has no place for the table", readme)
	}
	t, err := table()
	return head + begin + t + end + tail, err
}

// table returns the table, in the order of the families' names.
func table() (string, error) {
	known := map[string][]string{}
	for line := range strings.Lines(proofs) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if fields := strings.Split(strings.TrimSpace(line), "|"); len(fields) == 5 {
			for i := range fields {
				fields[i] = strings.TrimSpace(fields[i])
			}
			known[fields[0]] = fields
		} else {
			return "", fmt.Errorf("proofs.txt: %q has not five fields", line)
		}
	}
	var b strings.Builder
	b.WriteString("| family | level | operations | attributes | proven on | witness | facts of | missing |\n|---|---|---|---|---|---|---|---|\n")
	project := gen.BuiltIn()
	var rows []string
	for _, target := range project.Targets {
		var report diag.Report
		f := project.Family(&report, target)
		if f == nil {
			return "", fmt.Errorf("%s is not sound", target.Spec)
		}
		p := known[f.Name]
		if p == nil {
			return "", fmt.Errorf("proofs.txt has no line for %s", f.Name)
		}
		delete(known, f.Name)
		rows = append(rows, fmt.Sprintf("| [%s](generated/%s) | %s | %d | %d | %s | %s | %s | %s |\n", f.Name, f.Package, f.Level, len(f.Ops), attributes(f), p[1], p[2], p[3], p[4]))
	}
	slices.Sort(rows)
	b.WriteString(strings.Join(rows, ""))
	for name := range known {
		return "", fmt.Errorf("proofs.txt has a line for %s, which is no family", name)
	}
	return b.String(), nil
}

// attributes counts the attributes of a family; those of subsets are those of their parents.
func attributes(f *ir.Family) int {
	n := 0
	for _, s := range f.Sets {
		if s.Parent == nil {
			n += len(s.Attrs)
		}
	}
	return n
}
