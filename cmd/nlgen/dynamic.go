package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// This file holds what the commands have in common that work with a spec at run time: do, dump, listen, encode, decode.

// specFlag is the flag that names the spec, and those that say how to read it.
type specFlag struct {
	name   string
	config string
	errata bool
}

func (f *specFlag) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.name, "spec", "s", "", "the spec: the path of a file, or the name of a family that nlgen has, such as rt-link")
	flags.StringVarP(&f.config, "config", "c", "", "the nlgen.yaml with what the spec cannot say (default: the one here, if it lists the spec)")
	flags.BoolVar(&f.errata, "errata", false, "correct what is known to be wrong with the specs that the kernel publishes")
	must(cmd.MarkFlagRequired("spec"))
	must(cmd.MarkFlagFilename("config", "yaml", "yml"))
	must(cmd.RegisterFlagCompletionFunc("spec", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		files, _ := filepath.Glob("*.yaml") // NB: the pattern is good.
		return append(gen.BuiltIn().Names(), files...), cobra.ShellCompDirectiveDefault
	}))
}

// isFile reports whether a spec is named by the path of its file.
func isFile(name string) bool {
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// open returns the codec of the spec. Of what is wrong with the spec, only errors are printed: warnings are the business of those who
// work on it.
func (f *specFlag) open(stderr io.Writer) (*dynamic.Codec, error) {
	report := new(diag.Report)
	project, target, err := f.find(report)
	if err != nil {
		return nil, err
	}
	if target != nil {
		with := *project
		with.Errata = with.Errata || f.errata
		if family := with.Family(report, target); family != nil {
			return dynamic.New(family), nil
		}
	}
	for _, d := range report.Diagnostics() {
		if d.Severity == diag.Error {
			fmt.Fprint(stderr, report.Text(d))
		}
	}
	return nil, errFindings
}

// find returns the spec that the flags name, with the project that it is of. Without an error both are nil if the report has one.
func (f *specFlag) find(report *diag.Report) (*gen.Project, *gen.Target, error) {
	switch file := isFile(f.name); {
	case f.config != "":
		project := gen.Open(report, f.config)
		if project == nil {
			return nil, nil, nil
		}
		target := project.Find(f.name)
		if file {
			target = project.FindFile(f.name)
		}
		if target == nil {
			return nil, nil, usageError{fmt.Errorf("%s does not list %s%s", f.config, f.name, guess(f.name, project.Names()))}
		}
		return project, target, nil
	case !file:
		project := gen.BuiltIn()
		target := project.Find(f.name)
		if target == nil {
			return nil, nil, usageError{fmt.Errorf("%q is neither the path of a spec, which has a / or ends in .yaml, nor a built-in family%s",
				f.name, guess(f.name, project.Names()))}
		}
		return project, target, nil
	}
	if _, err := os.Stat(f.name); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usageError{fmt.Errorf("there is no spec %s", f.name)}
	}
	if _, err := os.Stat(gen.ConfigName); err == nil {
		project := gen.Open(report, gen.ConfigName)
		if project == nil {
			return nil, nil, nil
		}
		if target := project.FindFile(f.name); target != nil {
			return project, target, nil
		}
	}
	project := gen.Single(f.name, "", "")
	return project, project.Targets[0], nil
}

// guess returns what may have been meant, as the end of an error.
func guess(name string, names []string) string {
	if near := diag.Closest(name, names); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// operation returns the operation of the given name.
func operation(c *dynamic.Codec, name string) (*ir.Op, error) {
	if op := c.Op(name); op != nil {
		return op, nil
	}
	var names []string
	for _, op := range c.Family.Ops {
		names = append(names, op.Name)
	}
	return nil, usageError{fmt.Errorf("%s has no operation %q%s", c.Family.Name, name, guess(name, names))}
}

// mode returns how an operation is called. Kernels know dumps that specs do not list, so that an operation with the other mode only is
// called by its numbers, with a warning.
func mode(stderr io.Writer, op *ir.Op, dump bool) (*ir.Mode, error) {
	m, other, want, has := op.Do, op.Dump, "do", "dump"
	if dump {
		m, other, want, has = op.Dump, op.Do, "dump", "do"
	}
	switch {
	case m != nil:
		return m, nil
	case other != nil:
		warn(stderr, fmt.Sprintf("operation %q has no %s in the spec, only a %s", op.Name, want, has))
		return other, nil
	}
	return nil, usageError{fmt.Errorf("operation %q is a notification, which has no %s", op.Name, want)}
}

// completeOps completes the operations of the spec for which want returns true.
func (f *specFlag) completeOps(want func(*ir.Op) bool) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if c, err := f.open(io.Discard); err == nil && len(args) == 0 {
			for _, op := range c.Family.Ops {
				if want(op) {
					names = append(names, described(op.Name, op.Doc))
				}
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// described returns a completion with the first sentence of a doc, or what fits on a line of it.
func described(name, doc string) string {
	const longest = 72
	text := strings.Join(strings.Fields(doc), " ")
	text, _, _ = strings.Cut(text, ". ")
	text = strings.TrimSuffix(text, ".")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest-1]) + "…"
	}
	if text == "" {
		return name
	}
	return cobra.CompletionWithDesc(name, text)
}

func hasDo(op *ir.Op) bool   { return op.Do != nil }
func hasDump(op *ir.Op) bool { return op.Dump != nil }

// jsonText returns the text of a --json flag: JSON, or the name of a file with it behind an @.
func jsonText(text string, stdin io.Reader) ([]byte, error) {
	name, isName := strings.CutPrefix(text, "@")
	if !isName {
		return []byte(text), nil
	}
	var src []byte
	var err error
	if name == "-" {
		src, err = io.ReadAll(stdin)
	} else {
		src, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return src, nil
}

// request returns the content of a request from the text of a --json flag.
func request(text string, stdin io.Reader) (*dynamic.Object, error) {
	src, err := jsonText(text, stdin)
	if err != nil {
		return nil, err
	}
	return object(src)
}

// object returns the object that JSON describes; an empty one if there is nothing.
func object(src []byte) (*dynamic.Object, error) {
	o := new(dynamic.Object)
	if len(bytes.TrimSpace(src)) == 0 {
		return o, nil
	}
	if err := o.UnmarshalJSON(src); err != nil {
		return nil, usageError{err}
	}
	return o, nil
}

// flagNames are the names of the flags of messages.
var flagNames = []struct {
	name string
	flag nlconn.Flags
}{
	{"create", nlconn.Create}, {"excl", nlconn.Exclusive}, {"replace", nlconn.Replace}, {"append", nlconn.Append}, {"echo", nlconn.Echo},
	{"nonrec", nlconn.NonRec}, {"bulk", nlconn.Bulk}, {"root", nlconn.Root}, {"match", nlconn.Match}, {"atomic", nlconn.Atomic},
}

// messageFlags are flags of messages, by name and separated by commas.
type messageFlags nlconn.Flags

func (f *messageFlags) Set(text string) error {
	var names []string
	for _, x := range flagNames {
		names = append(names, x.name)
	}
	for word := range strings.SplitSeq(text, ",") {
		i := slices.Index(names, strings.TrimSpace(word))
		if i < 0 {
			return fmt.Errorf("there is no flag %q, they are %s", word, strings.Join(names, ", "))
		}
		*f |= messageFlags(flagNames[i].flag)
	}
	return nil
}

func (f *messageFlags) String() string { return "" }
func (f *messageFlags) Type() string   { return "FLAG,..." }

// addFlags adds the flag for the flags of messages.
func (f *messageFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "flags", "flags of the message: create, excl, replace, append, echo, nonrec, bulk, root, match, atomic")
	must(cmd.RegisterFlagCompletionFunc("flags", func(_ *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
		before := text[:strings.LastIndex(text, ",")+1]
		var names []string
		for _, x := range flagNames {
			if !slices.Contains(strings.Split(before, ","), x.name) {
				names = append(names, before+x.name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}))
}

// printer is how results are printed.
type printer struct{ format string }

func (o *printer) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "output", "json", "json, or text for people")
	must(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json", "text"}, cobra.ShellCompDirectiveNoFileComp)))
}

// check refuses formats that do not exist.
func (o *printer) check() error {
	if o.format != "json" && o.format != "text" {
		return usageError{fmt.Errorf("--output is %q, want json or text", o.format)}
	}
	return nil
}

// write prints one value.
func (o *printer) write(w io.Writer, v any) error {
	var text []byte
	if o.format == "text" {
		text = dynamic.AppendText(nil, v)
	} else {
		text = append(dynamic.AppendJSON(nil, v), '\n')
	}
	_, err := w.Write(text)
	return err
}

// lines calls do with each line of the arguments, and its number: of files behind an @, of arguments that are lines themselves, and without
// arguments of the standard input. Empty lines are left out.
func lines(args []string, stdin io.Reader, do func(n int, line string) error) error {
	if len(args) == 0 {
		args = []string{"@-"}
	}
	for _, arg := range args {
		name, isFile := strings.CutPrefix(arg, "@")
		var r io.Reader = strings.NewReader(arg)
		switch {
		case isFile && name == "-":
			r = stdin
		case isFile:
			f, err := os.Open(name)
			if err != nil {
				return usageError{err}
			}
			defer f.Close()
			r = f
		}
		in := bufio.NewReader(r)
		for n := 1; ; n++ {
			line, err := in.ReadString('\n')
			if line = strings.TrimSpace(line); line != "" {
				if err := do(n, line); err != nil {
					return err
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
