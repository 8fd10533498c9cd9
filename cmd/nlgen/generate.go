package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/output"
)

// generateFlags are the flags of the generate command.
type generateFlags struct {
	config string
	spec   string
	out    string
	pkg    string
	check  bool
	errata bool
}

func newGenerate() *cobra.Command {
	var f generateFlags
	cmd := &cobra.Command{
		Use:   "generate [flags] [FAMILY...]",
		Short: "Write the Go packages of families",
		Long: `Generate reads the specs that nlgen.yaml lists and writes a Go package for each:
those of all families, or of the named ones. A family is named like the file of
its spec. With --spec and --out it writes the package of one spec and needs no
nlgen.yaml.

Files that are as they should be are not touched, files that nlgen wrote once and
would not write now are removed, and files that nlgen did not write are never
changed. If anything is wrong with any spec, nothing is written.`,
		Example: `  nlgen generate
  nlgen generate rt-link rt-addr
  nlgen generate --check
  nlgen generate --spec fou.yaml --out fou`,
		ValidArgsFunction: completeFamilies,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", gen.ConfigName, "the list of families")
	flags.StringVar(&f.spec, "spec", "", "generate the package of this spec only, without a config")
	flags.StringVar(&f.out, "out", "", "the folder of that package")
	flags.StringVar(&f.pkg, "package", "", "the name of that package (default: made from the name of the family)")
	flags.BoolVar(&f.check, "check", false, "write nothing; print what would change, and fail if something would")
	flags.BoolVar(&f.errata, "errata", false, "correct known errors of the specs that the kernel publishes")
	for flag, extensions := range map[string][]string{"config": {"yaml", "yml"}, "spec": {"yaml", "yml"}} {
		must(cmd.MarkFlagFilename(flag, extensions...))
	}
	must(cmd.MarkFlagDirname("out"))
	cmd.Args = func(cmd *cobra.Command, args []string) error { return f.validate(cmd, args) }
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error { return generate(cmd, &f, args) })
	return cmd
}

// must is for errors that say that a flag does not exist.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// validate checks that the flags and arguments go together.
func (f *generateFlags) validate(cmd *cobra.Command, args []string) error {
	set := cmd.Flags().Changed
	switch {
	case !set("spec") && set("out"), !set("spec") && set("package"):
		return errors.New("--out and --package go with --spec")
	case !set("spec"):
		return nil
	case f.spec == "" || f.out == "":
		return errors.New("--spec and --out go together, and neither may be empty")
	case set("config"):
		return errors.New("--spec and --config exclude each other")
	case len(args) > 0:
		return errors.New("--spec generates one family, and takes no names of families")
	}
	return nil
}

// generate does the work of the command.
func generate(cmd *cobra.Command, f *generateFlags, args []string) error {
	report := new(diag.Report)
	project, err := f.project(cmd, report, args)
	if err != nil {
		return err
	}
	var packages []*gen.Package
	if project != nil {
		project.Errata = project.Errata || f.errata
		packages = project.Build(report)
	}
	if err := report.WriteText(cmd.ErrOrStderr()); err != nil {
		return err
	}
	if packages == nil {
		return errFindings
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	changes, err := project.Plan(packages)
	if err != nil {
		return err
	}
	if f.check {
		return check(cmd.OutOrStdout(), changes)
	}
	if err := output.Apply(changes); err != nil {
		return err
	}
	for _, c := range changes {
		verb := "wrote"
		if c.State == output.Orphaned {
			verb = "removed"
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), verb, c.Path); err != nil {
			return err
		}
	}
	return nil
}

// project returns what is to be generated. It is nil if the report says why there is none.
func (f *generateFlags) project(cmd *cobra.Command, report *diag.Report, args []string) (*gen.Project, error) {
	if f.spec != "" {
		return gen.Single(f.spec, f.out, f.pkg), nil
	}
	if _, err := os.Stat(f.config); errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config") {
		return nil, usageError{fmt.Errorf("there is no %s here; name one with --config, or a spec with --spec", gen.ConfigName)}
	}
	project := gen.Open(report, f.config)
	if project == nil {
		return nil, nil
	}
	project, err := project.Select(args)
	if err != nil {
		return nil, usageError{err}
	}
	return project, nil
}

// check prints what is stale as a diff, names what is missing and what is orphaned, and fails if there is any.
func check(w io.Writer, changes []output.Change) error {
	for _, c := range changes {
		text := fmt.Sprintf("%v: %s\n", c.State, c.Path)
		if c.State == output.Stale {
			text = c.Diff()
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	if len(changes) > 0 {
		return errFindings
	}
	return nil
}

// completeFamilies completes the names of the families in nlgen.yaml that are not there yet.
func completeFamilies(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	config, err := cmd.Flags().GetString("config")
	if err != nil || cmd.Flags().Changed("spec") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	project := gen.Open(new(diag.Report), config)
	if project == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := slices.DeleteFunc(project.Names(), func(name string) bool { return slices.Contains(args, name) })
	return names, cobra.ShellCompDirectiveNoFileComp
}
