package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// kernelFlags are the flags of the commands that talk to the kernel.
type kernelFlags struct {
	spec   specFlag
	output printer
	netns  string
}

func (f *kernelFlags) add(cmd *cobra.Command) {
	f.spec.add(cmd)
	f.output.add(cmd)
	cmd.Flags().StringVar(&f.netns, "netns", "", "the network namespace: its name as ip-netns(8) has it, or the path of its file")
	must(cmd.RegisterFlagCompletionFunc("netns", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		entries, _ := os.ReadDir("/run/netns") // NB: without the folder there are no names.
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names, cobra.ShellCompDirectiveDefault
	}))
}

// dial returns a client of the family that the spec describes. The caller closes the connection.
func (f *kernelFlags) dial(stderr io.Writer, codec *dynamic.Codec) (*dynamic.Client, *nlconn.Conn, error) {
	var options []nlconn.Option
	switch {
	case strings.Contains(f.netns, "/"):
		options = append(options, nlconn.WithNamespace(f.netns))
	case f.netns != "":
		options = append(options, nlconn.WithNamedNamespace(f.netns))
	}
	conn, err := nlconn.Open(options...)
	if err != nil {
		return nil, nil, err
	}
	client := dynamic.NewClient(codec, conn)
	client.Misfit = func(err error) { warn(stderr, err) }
	return client, conn, nil
}

// warn prints a warning.
func warn(stderr io.Writer, what any) { fmt.Fprintf(stderr, "nlgen: warning: %v\n", what) }

// warnings returns the option that prints what the kernel says beside success.
func warnings(stderr io.Writer) nlconn.CallOption {
	return nlconn.OnAck(func(ack *nlmsg.Ack) {
		if ack.Warning != "" {
			warn(stderr, "kernel: "+ack.Warning)
		}
	})
}
