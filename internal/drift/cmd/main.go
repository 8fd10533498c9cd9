// Command drift compares the specs of this repository with the kernel's own, with its C headers, with the types that the running kernel
// tells of itself, and with the policies of that. It prints each difference with who is right, as files of known differences say, and a
// table.
//
//	go run ./internal/drift/cmd FOLDER
//
// The folder holds specs, or folders with some, of which the newest counts. The exit status is 1 if there is a difference that nothing
// explains, or an explanation of one that is not there, and 2 if the work could not be done.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/internal/drift/headers"
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
	include := flags.String("headers", headers.Newest(), "the folder with linux/netlink.h and other headers of the kernel; empty compares with none")
	kernel := flags.Bool("kernel", true, "compare with the types and the policies of the running kernel, too")
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
	sources := []func() (*drift.Verdict, []*drift.Known, error){
		func() (*drift.Verdict, []*drift.Known, error) { return specs(flags.Arg(0), ours, *older) },
	}
	if *include != "" {
		sources = append(sources, func() (*drift.Verdict, []*drift.Known, error) {
			return headers.Judge(ours, func(macros []string) (*headers.Types, error) { return headers.Compile(*include, macros) })
		})
	}
	if *kernel {
		sources = append(sources, func() (*drift.Verdict, []*drift.Known, error) {
			return headers.Judge(ours, func([]string) (*headers.Types, error) { return headers.Running() })
		}, func() (*drift.Verdict, []*drift.Known, error) { return policies(ctx, stdout, ours) })
	}
	code := 0
	for i, source := range sources {
		v, known, err := source()
		switch {
		case i > 0 && absent(err):
			fmt.Fprintf(stdout, "\nnot compared: %v\n", err)
			continue
		case err != nil:
			return 2, err
		case v.Bad():
			code = 1
		}
		if err := v.Write(stdout, known); err != nil {
			return 2, err
		}
	}
	return code, nil
}

// absent reports whether there is nothing to compare with: no headers, no compiler, no types, or those of a kernel that is too old.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) || errors.Is(err, headers.ErrOlder)
}

// specs compares our specs with those of a folder.
func specs(folder string, ours []*ir.Family, older bool) (*drift.Verdict, []*drift.Known, error) {
	theirs, release, err := drift.Read(folder)
	if err != nil {
		return nil, nil, err
	}
	known, err := drift.KnownSpecs()
	if err != nil {
		return nil, nil, err
	}
	v := drift.Judge(known, drift.CompareAll(ours, theirs), release)
	if older {
		v.Stale = nil
	}
	return v, known, nil
}

// policies compares our specs with the policies of the running kernel.
func policies(ctx context.Context, w io.Writer, ours []*ir.Family) (*drift.Verdict, []*drift.Known, error) {
	conn, err := nlconn.Open()
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	list, absent, err := policy.CompareAll(ctx, conn, ours)
	if err != nil {
		return nil, nil, err
	}
	known, err := policy.Known()
	if err != nil {
		return nil, nil, err
	}
	if absent != nil {
		fmt.Fprintf(w, "\nnot in this kernel: %s\n", strings.Join(absent, ", "))
	}
	return policy.Judge(known, list, policy.Release()), known, nil
}
