// Command drift compares the specs of this repository with the kernel's own, and with the policies of the running kernel. It prints each
// difference with who is right, as files of known differences say, and a table.
//
//	go run ./internal/drift/cmd FOLDER
//
// The folder holds specs, or folders with some, of which the newest counts. The exit status is 1 if there is a difference that nothing
// explains, or an explanation of one that is not there, and 2 if the work could not be done.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/internal/drift/policy"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func main() {
	code, err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "drift:", err)
	}
	os.Exit(code)
}

// run does the work of the command and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("drift", flag.ContinueOnError)
	flags.SetOutput(stderr)
	older := flags.Bool("older", false, "the specs are older than those that the known differences are about, which need not appear then")
	kernel := flags.Bool("kernel", true, "compare with the policies of the running kernel, too")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./internal/drift/cmd [flags] FOLDER")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2, nil // The flag package has said why.
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return 2, nil
	}
	ours, err := drift.Families()
	if err != nil {
		return 2, err
	}
	bad, err := specs(stdout, flags.Arg(0), ours, *older)
	if err != nil {
		return 2, err
	}
	if *kernel {
		worse, err := policies(ctx, stdout, ours)
		if err != nil {
			return 2, err
		}
		bad = bad || worse
	}
	if bad {
		return 1, nil
	}
	return 0, nil
}

// specs compares our specs with those of a folder, and reports whether something is wrong.
func specs(w io.Writer, folder string, ours []*ir.Family, older bool) (bool, error) {
	theirs, release, err := drift.Read(folder)
	if err != nil {
		return false, err
	}
	known, err := drift.KnownSpecs()
	if err != nil {
		return false, err
	}
	v := drift.Judge(known, drift.CompareAll(ours, theirs), release)
	if older {
		v.Stale = nil
	}
	return v.Bad(), v.Write(w, known)
}

// policies compares our specs with the policies of the running kernel.
func policies(ctx context.Context, w io.Writer, ours []*ir.Family) (bool, error) {
	conn, err := nlconn.Open()
	if err != nil {
		_, err := fmt.Fprintf(w, "\nThe running kernel is not compared: %v\n", err)
		return false, err
	}
	defer conn.Close()
	list, absent, err := policy.CompareAll(ctx, conn, ours)
	if err != nil {
		return false, err
	}
	known, err := policy.Known()
	if err != nil {
		return false, err
	}
	fmt.Fprintln(w)
	v := policy.Judge(known, list, policy.Release())
	if err := v.Write(w, known); err != nil {
		return false, err
	}
	if absent != nil {
		_, err = fmt.Fprintf(w, "not in this kernel: %s\n", strings.Join(absent, ", "))
	}
	return v.Bad(), err
}
