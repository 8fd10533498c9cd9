package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
)

// lintFlags are the flags of the lint command.
type lintFlags struct {
	config string
	format string
	errata bool
}

// lintFormats are the ways to print findings.
var lintFormats = map[string]func(*diag.Report, io.Writer) error{
	"text":   (*diag.Report).WriteText,
	"json":   (*diag.Report).WriteJSON,
	"github": (*diag.Report).WriteGitHub,
}

func newLint() *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:   "lint [flags] [SPEC|FAMILY...]",
		Short: "Say what is wrong with specs",
		Long: `Lint reads specs as generate does, and prints all that is wrong with them: errors,
which generate refuses, and warnings, with which it knows what to do. It writes
nothing. It fails if it finds anything.

A spec is named by its path or, if nlgen.yaml lists it, like its file; without
names it is all that nlgen.yaml lists. What nlgen.yaml says of a spec holds for
its path, too.`,
		Example: `  nlgen lint
  nlgen lint specs/fou.yaml
  nlgen lint --format github rt-link`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			names, _ := completeFamilies(cmd, args, word)
			return names, cobra.ShellCompDirectiveDefault // and files
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", gen.ConfigName, "the list of families")
	flags.StringVar(&f.format, "format", "text", "how to print what is found: text, json, or github for annotations of a workflow")
	flags.BoolVar(&f.errata, "errata", false, "correct known errors of the specs that the kernel publishes")
	must(cmd.MarkFlagFilename("config", "yaml", "yml"))
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "github"}, cobra.ShellCompDirectiveNoFileComp)))
	cmd.Args = func(*cobra.Command, []string) error {
		if lintFormats[f.format] == nil {
			return fmt.Errorf("unknown format %q; there are text, json and github", f.format)
		}
		return nil
	}
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error { return lint(cmd, &f, args) })
	return cmd
}

// lint does the work of the command.
func lint(cmd *cobra.Command, f *lintFlags, args []string) error {
	report := new(diag.Report)
	projects, err := f.projects(cmd, report, args)
	if err != nil {
		return err
	}
	for _, p := range projects {
		p.Errata = p.Errata || f.errata
		p.Build(report)
	}
	if err := lintFormats[f.format](report, cmd.OutOrStdout()); err != nil {
		return err
	}
	if report.Errors()+report.Warnings() > 0 {
		return errFindings
	}
	return nil
}

// projects returns what is to be read. The report says what is wrong with nlgen.yaml.
func (f *lintFlags) projects(cmd *cobra.Command, report *diag.Report, args []string) ([]*gen.Project, error) {
	var listed *gen.Project
	_, err := os.Stat(f.config)
	switch {
	case !errors.Is(err, fs.ErrNotExist) || cmd.Flags().Changed("config"):
		if listed = gen.Open(report, f.config); listed == nil {
			return nil, nil
		}
	case len(args) == 0:
		return nil, usageError{fmt.Errorf("there is no %s here; name one with --config, or a spec", gen.ConfigName)}
	}
	var projects []*gen.Project
	var names []string
	for _, arg := range args {
		switch isFile := filepath.Ext(arg) != "" || filepath.Base(arg) != arg; {
		case isFile && listed != nil && listed.FindFile(arg) != nil:
			names = append(names, listed.FindFile(arg).Spec)
		case isFile:
			projects = append(projects, gen.Single(arg, "", ""))
		case listed == nil:
			return nil, usageError{fmt.Errorf("%q is no file, and there is no %s that lists families", arg, gen.ConfigName)}
		default:
			names = append(names, arg)
		}
	}
	if listed == nil || len(args) > 0 && len(names) == 0 {
		return projects, nil
	}
	some, err := listed.Select(names)
	if err != nil {
		return nil, usageError{err}
	}
	return append(projects, some), nil
}
