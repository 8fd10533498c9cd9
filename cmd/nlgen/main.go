// Command nlgen turns YAML specs of netlink families into Go packages.
//
// The command is a thin shell: each subcommand stands in a file of its own, reads its arguments, calls package gen, and prints.
// Results go to standard output, diagnostics to standard error. It exits with 0 if all is well, 1 if there are findings or something
// was refused, and 2 if it was called in a wrong way.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
)

func main() {
	// The first interrupt ends the run between two steps; NotifyContext gives the second one back to the system.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitOK       = 0
	exitFindings = 1 // findings, or a refusal
	exitUsage    = 2 // a wrong flag, command or argument
)

// errFindings ends a command whose diagnostics or results are already printed.
var errFindings = errors.New("findings")

// failure is an error of the work of a command, as opposed to one of its arguments.
type failure struct{ err error }

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

// run runs the command with the given arguments and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	if len(args) == 0 {
		fmt.Fprint(stderr, root.Long, "\n\n", root.UsageString())
		return exitUsage
	}
	cmd, err := root.ExecuteContextC(ctx)
	var f failure
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, &f):
		fmt.Fprintf(stderr, "nlgen: %v\n", f.err)
		return exitFindings
	default:
		fmt.Fprintf(stderr, "nlgen: %s\nRun '%s --help' for how to use it.\n", strings.TrimSpace(err.Error()), cmd.CommandPath())
		return exitUsage
	}
}

// newRoot returns the command with all its subcommands.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "nlgen",
		Short: "Generate Go packages for netlink families from YAML specs",
		Long: `nlgen turns YAML specs in the kernel's ynl format into Go packages: typed requests
and replies, encode, decode, validate, a client and notifications.`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(newGenerate(), newLint(), newDo(), newDump(), newListen(), newEncode(), newDecode(), newVersion())
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
	addCompletion(root) // NB: cobra remembers here where its scripts go.
	return root
}

// work marks the errors of a command's own work, so that they are not taken for a wrong call.
func work(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd, args)
		var u usageError
		if err == nil || errors.As(err, &u) {
			return err
		}
		return failure{err}
	}
}

// usageError is an error of the arguments that only the work of the command could find.
type usageError struct{ error }
