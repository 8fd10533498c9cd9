package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
)

// listenFlags are the flags of the listen command.
type listenFlags struct {
	kernelFlags
	duration time.Duration
}

func newListen() *cobra.Command {
	var f listenFlags
	cmd := &cobra.Command{
		Use:   "listen -s SPEC GROUP...",
		Short: "Print the notifications of multicast groups of the running kernel",
		Long: `Listen joins multicast groups and prints their notifications, one JSON object
{"name": ..., "msg": {...}} a line, until it is interrupted. Groups are those of
the spec, others that the kernel knows by name, or numbers. If notifications were
lost, a line on standard error says so, and listen goes on.`,
		Example: `  nlgen listen -s rt-link rtnlgrp-link
  nlgen listen -s nlctrl notify --duration 10s --output text`,
	}
	f.add(cmd)
	cmd.Flags().DurationVar(&f.duration, "duration", 0, "end after this time, such as 10s")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if c, err := f.spec.open(io.Discard); err == nil {
			for _, g := range c.Family.Groups {
				names = append(names, g.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return errors.New("listen wants a multicast group")
		case f.duration < 0, f.duration == 0 && cmd.Flags().Changed("duration"):
			return errors.New("--duration is not above zero")
		}
		return f.output.check()
	}
	cmd.RunE = work(f.run)
	return cmd
}

func (f *listenFlags) run(cmd *cobra.Command, args []string) error {
	codec, err := f.spec.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	client, conn, err := f.dial(cmd.ErrOrStderr(), codec)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx := cmd.Context()
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	notifications, err := client.Listen(ctx, args...)
	if errors.Is(err, dynamic.ErrNoGroup) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	failed := false
	for n, err := range notifications {
		if err != nil {
			failed = true
			fmt.Fprintf(cmd.ErrOrStderr(), "nlgen: %v\n", err)
			continue
		}
		if err := f.output.write(cmd.OutOrStdout(), n.Object()); err != nil {
			return err
		}
		if f.output.format == "text" {
			if _, err := fmt.Fprintln(cmd.OutOrStdout()); err != nil {
				return err
			}
		}
	}
	if failed {
		return errFindings
	}
	return nil
}
