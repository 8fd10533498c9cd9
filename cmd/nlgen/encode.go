package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// encodeFlags are the flags of the encode command.
type encodeFlags struct {
	spec     specFlag
	json     string
	do, dump bool
	message  bool
	flags    messageFlags
	seq      uint32
	familyID uint16
}

func newEncode() *cobra.Command {
	var f encodeFlags
	cmd := &cobra.Command{
		Use:   "encode -s SPEC OP (--do|--dump) [--json JSON]",
		Short: "Turn the JSON of a request into the bytes of the message",
		Long: `Encode prints a request as hex digits: what stands behind the netlink header
(struct nlmsghdr), which for generic netlink begins with struct genlmsghdr. With
--message it prints the whole message, which of generic netlink has the type that
--family-id gives.

Without --json, each line of the standard input is the JSON of a request, and each
line of the output its hex digits.`,
		Example: `  nlgen encode -s rt-link getlink --do --json '{"ifname": "lo"}'
  nlgen encode -s nlctrl getfamily --do --message --json '{"family-name": "ethtool"}'
  nlgen encode -s rt-addr getaddr --dump < requests.json`,
		ValidArgsFunction: f.spec.completeOps(func(op *ir.Op) bool { return hasDo(op) || hasDump(op) }),
	}
	f.spec.add(cmd)
	f.flags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.json, "json", "", "the request, or @FILE, or @- for the standard input, in which each line is one")
	flags.BoolVar(&f.do, "do", false, "encode a do request; the default, unless the operation only has a dump")
	flags.BoolVar(&f.dump, "dump", false, "encode a dump request")
	flags.BoolVar(&f.message, "message", false, "print the netlink header, too")
	flags.Uint32Var(&f.seq, "seq", 1, "sequence number of a whole message")
	flags.Uint16Var(&f.familyID, "family-id", 0, "type of a whole message of generic netlink (that of nlctrl is known)")
	cmd.MarkFlagsMutuallyExclusive("do", "dump")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New("encode wants one operation")
		}
		return nil
	}
	cmd.RunE = work(f.run)
	return cmd
}

func (f *encodeFlags) run(cmd *cobra.Command, args []string) error {
	codec, err := f.spec.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	op, err := operation(codec, args[0])
	if err != nil {
		return err
	}
	dump := f.dump || !f.do && op.Do == nil && op.Dump != nil
	m, err := mode(cmd.ErrOrStderr(), op, dump)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	one := func(src []byte) error {
		o, err := object(src)
		if err != nil {
			return err
		}
		b, err := f.encode(codec, op, m, dump, o)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, hex.EncodeToString(b))
		return err
	}
	if cmd.Flags().Changed("json") && f.json != "@-" {
		src, err := jsonText(f.json, cmd.InOrStdin())
		if err == nil {
			err = one(src)
		}
		return errors.Join(err, out.Flush())
	}
	err = lines(nil, cmd.InOrStdin(), func(n int, line string) error {
		if err := one([]byte(line)); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		return nil
	})
	return errors.Join(err, out.Flush())
}

// encode returns the payload of a request, or the whole message.
func (f *encodeFlags) encode(codec *dynamic.Codec, op *ir.Op, m *ir.Mode, dump bool, o *dynamic.Object) ([]byte, error) {
	if !f.message {
		return codec.AppendPayload(nil, op, m.RequestNumber, o)
	}
	h := nlmsg.Header{Type: f.familyID, Flags: nlmsg.FlagRequest | nlmsg.FlagAck | uint16(f.flags), Seq: f.seq}
	if dump {
		h.Flags |= nlmsg.FlagDump
	}
	if f.familyID == 0 && codec.Family.Name == "nlctrl" {
		h.Type = nlmsg.TypeControl
	}
	return codec.AppendMessage(nil, h, op, m.RequestNumber, o)
}
