package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// doFlags are the flags of the do command.
type doFlags struct {
	kernelFlags
	json  string
	flags messageFlags
	multi bool
}

func newDo() *cobra.Command {
	var f doFlags
	cmd := &cobra.Command{
		Use:   "do -s SPEC OP [--json JSON]",
		Short: "Carry out an operation of the running kernel",
		Long: `Do sends a request that JSON describes and prints the reply as JSON: null if the
kernel only acknowledges, an array if it answers several times. Nothing has to be
generated. The JSON is that of the kernel's own ynl tool; attributes are sent in
the order in which it has them.

With --multi, pairs of an operation and its JSON are sent together, and the replies
printed as an array. A request may have flags of its own, behind a colon. Requests
of nftables between batch-begin and batch-end are a transaction; without --multi, a
change of nftables is put between these by itself.`,
		Example: `  nlgen do -s rt-link getlink --json '{"ifname": "lo"}'
  nlgen do -s rt-link newlink --flags create,excl --json '{"ifname": "d0", "linkinfo": {"kind": "dummy"}}'
  nlgen do -s nftables.yaml newtable --flags create --json '{"nfgen-family": 1, "name": "t"}'
  nlgen do -s nftables.yaml --multi batch-begin '{"res-id": 10}' \
    newtable:create '{"nfgen-family": 1, "name": "t"}' batch-end '{"res-id": 10}'`,
		ValidArgsFunction: f.spec.completeOps(hasDo),
	}
	f.add(cmd)
	f.flags.add(cmd)
	cmd.Flags().StringVar(&f.json, "json", "{}", "the request, or @FILE, or @- for the standard input")
	cmd.Flags().BoolVar(&f.multi, "multi", false, "send several requests: OP JSON OP JSON ...")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case f.multi && (len(args) == 0 || len(args)%2 != 0):
			return errors.New("--multi wants an operation and JSON, or several such pairs")
		case f.multi && cmd.Flags().Changed("json"):
			return errors.New("--multi and --json exclude each other")
		case !f.multi && len(args) == 2:
			return errors.New("do wants one operation, and the JSON behind --json")
		case !f.multi && len(args) != 1:
			return errors.New("do wants one operation")
		}
		return f.output.check()
	}
	cmd.RunE = work(f.run)
	return cmd
}

func (f *doFlags) run(cmd *cobra.Command, args []string) error {
	codec, err := f.spec.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	calls, err := f.calls(cmd, codec, args)
	if err != nil {
		return err
	}
	client, conn, err := f.dial(cmd.ErrOrStderr(), codec)
	if err != nil {
		return err
	}
	defer conn.Close()
	if f.multi {
		replies, err := client.Multi(cmd.Context(), calls)
		return errors.Join(f.output.write(cmd.OutOrStdout(), list(replies)), err)
	}
	replies, err := client.Do(cmd.Context(), calls[0].Op, calls[0].Request, calls[0].Flags, warnings(cmd.ErrOrStderr()))
	if err != nil && len(replies) == 0 {
		return err
	}
	var result any
	switch len(replies) {
	case 0:
	case 1:
		result = replies[0]
	default:
		result = list(replies)
	}
	return errors.Join(f.output.write(cmd.OutOrStdout(), result), err)
}

// list returns replies as an array, with null for those that are missing.
func list(replies []*dynamic.Object) []any {
	all := make([]any, len(replies))
	for i, o := range replies {
		if o != nil {
			all[i] = o
		}
	}
	return all
}

// calls returns the requests that the arguments describe.
func (f *doFlags) calls(cmd *cobra.Command, codec *dynamic.Codec, args []string) ([]dynamic.Call, error) {
	if !f.multi {
		args = []string{args[0], f.json}
	}
	var calls []dynamic.Call
	for i := 0; i < len(args); i += 2 {
		name, text := args[i], args[i+1]
		flags := f.flags
		if base, own, ok := strings.Cut(name, ":"); ok && f.multi {
			name = base
			if err := flags.Set(own); err != nil {
				return nil, usageError{err}
			}
		}
		op, err := operation(codec, name)
		if err != nil {
			return nil, err
		}
		if _, err := mode(cmd.ErrOrStderr(), op, false); err != nil {
			return nil, err
		}
		o, err := request(text, cmd.InOrStdin())
		if err != nil {
			return nil, usageError{fmt.Errorf("the request of %s: %w", name, err)}
		}
		calls = append(calls, dynamic.Call{Op: op, Request: o, Flags: nlconn.Flags(flags)})
	}
	return calls, nil
}
