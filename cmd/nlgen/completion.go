package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// addCompletion adds the completion command of cobra, with the difference that a shell which it does not know is an error.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion, _, err := root.Find([]string{"completion"})
	must(err)
	completion.Short = "Print the completion script for a shell"
	completion.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return errors.New("a shell is missing")
		}
		return fmt.Errorf("unknown shell %q", args[0])
	}
	completion.RunE = func(*cobra.Command, []string) error { return nil } // NB: Args refuses everything.
}
