package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of nlgen",
		Long:  "Print the version of nlgen's module, the Go version it was built with, and the revision it was built from if that is known.",
		Args:  noArgs,
		RunE: work(func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = new(debug.BuildInfo)
			}
			return writeVersion(cmd.OutOrStdout(), info)
		}),
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, and %q is one", cmd.Name(), args[0])
	}
	return nil
}

// module is what nlgen is part of.
const module = "github.com/nlgen/nlgen"

// writeVersion writes one line for the version and one for the revision.
func writeVersion(w io.Writer, info *debug.BuildInfo) error {
	version := "(unknown)"
	if info.Main.Path == module && info.Main.Version != "" {
		version = info.Main.Version
	}
	for _, dep := range info.Deps { // As in a test, or in another program that has nlgen's main package linked in.
		if dep.Path == module {
			version = dep.Version
		}
	}
	line := "nlgen " + version
	if info.GoVersion != "" {
		line += " " + info.GoVersion
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		line += "\nrevision " + revision
		if at := settings["vcs.time"]; at != "" {
			line += " of " + at
		}
		if settings["vcs.modified"] == "true" {
			line += ", modified"
		}
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
