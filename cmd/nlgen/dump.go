package main

import (
	"bufio"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// dumpFlags are the flags of the dump command.
type dumpFlags struct {
	kernelFlags
	json  string
	flags messageFlags
}

func newDump() *cobra.Command {
	var f dumpFlags
	cmd := &cobra.Command{
		Use:   "dump -s SPEC OP [--json JSON]",
		Short: "Print all objects that an operation of the running kernel lists",
		Long: `Dump sends a dump request that JSON describes and prints what the kernel lists as
an array of JSON objects. Nothing has to be generated. If the kernel ends the dump
with an error, or what it lists changed meanwhile, what came before is printed all
the same.`,
		Example: `  nlgen dump -s rt-link getlink --output text
  nlgen dump -s rt-addr getaddr --json '{"ifa-family": 2}'
  nlgen dump -s nlctrl getfamily`,
		ValidArgsFunction: f.spec.completeOps(hasDump),
	}
	f.add(cmd)
	f.flags.add(cmd)
	cmd.Flags().StringVar(&f.json, "json", "{}", "the request, or @FILE, or @- for the standard input")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New("dump wants one operation")
		}
		return f.output.check()
	}
	cmd.RunE = work(f.run)
	return cmd
}

func (f *dumpFlags) run(cmd *cobra.Command, args []string) error {
	codec, err := f.spec.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	op, err := operation(codec, args[0])
	if err != nil {
		return err
	}
	if _, err := mode(cmd.ErrOrStderr(), op, true); err != nil {
		return err
	}
	o, err := request(f.json, cmd.InOrStdin())
	if err != nil {
		return err
	}
	client, conn, err := f.dial(cmd.ErrOrStderr(), codec)
	if err != nil {
		return err
	}
	defer conn.Close()
	out := bufio.NewWriter(cmd.OutOrStdout())
	w := arrayWriter{printer: f.output, w: out}
	var failed error
	for o, err := range client.Dump(cmd.Context(), op, o, nlconn.Flags(f.flags)) {
		if err != nil {
			failed = errors.Join(failed, err)
		} else if err := w.add(o); err != nil {
			return err
		}
	}
	if failed == nil || w.any {
		failed = errors.Join(w.end(), out.Flush(), failed)
	}
	return failed
}

// arrayWriter prints objects as an array while they come.
type arrayWriter struct {
	printer
	w   io.Writer
	any bool
}

func (w *arrayWriter) add(o *dynamic.Object) error {
	before := "[\n"
	if w.any {
		before = ",\n"
	}
	w.any = true
	if w.format == "text" {
		if before == "[\n" {
			before = ""
		} else {
			before = "\n"
		}
		_, err := w.w.Write(dynamic.AppendText([]byte(before), o))
		return err
	}
	_, err := w.w.Write(dynamic.AppendJSON([]byte(before), o))
	return err
}

func (w *arrayWriter) end() error {
	text := "\n]\n"
	switch {
	case w.format == "text":
		return nil
	case !w.any:
		text = "[]\n"
	}
	_, err := io.WriteString(w.w, text)
	return err
}
