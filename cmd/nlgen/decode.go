package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// decodeFlags are the flags of the decode command.
type decodeFlags struct {
	spec           specFlag
	output         printer
	op             string
	do, dump       bool
	request, reply bool
	message        bool
	names, strict  bool
}

func newDecode() *cobra.Command {
	var f decodeFlags
	cmd := &cobra.Command{
		Use:   "decode -s SPEC (--op OP | --message) [HEX...]",
		Short: "Turn the bytes of messages into JSON",
		Long: `Decode prints messages as JSON. They are given as hex digits: each argument is one,
or @FILE for a file with one a line; without arguments they are the lines of the
standard input. Each line of the output is one JSON value.

With --op, a message is what stands behind the netlink header (struct nlmsghdr),
which for generic netlink begins with struct genlmsghdr. With --message, it is one
or more whole messages; the operation follows from their numbers, and several give
an array. Whether a message is a request follows from its flags, unless --request
or --reply says so; with --op alone it is taken for a reply.

An attribute that does not fit what the spec says is printed as an unknown one,
with a warning; with --strict it is an error. A message that cannot be decoded is
printed as null.`,
		Example: `  nlgen decode -s rt-link --op getlink --do --request 00000000000000000000000000000000070003006c6f0000
  nlgen decode -s nlctrl --message --names @messages.txt`,
	}
	f.spec.add(cmd)
	f.output.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.op, "op", "", "the operation")
	flags.BoolVar(&f.do, "do", false, "the messages belong to a do of the operation")
	flags.BoolVar(&f.dump, "dump", false, "the messages belong to a dump of the operation")
	flags.BoolVar(&f.request, "request", false, "the messages are requests")
	flags.BoolVar(&f.reply, "reply", false, "the messages are replies or notifications")
	flags.BoolVar(&f.message, "message", false, "the messages have netlink headers")
	flags.BoolVar(&f.names, "names", false, `print {"name": operation, "msg": {...}}`)
	flags.BoolVar(&f.strict, "strict", false, "refuse attributes that do not fit the spec")
	cmd.MarkFlagsMutuallyExclusive("do", "dump")
	cmd.MarkFlagsMutuallyExclusive("request", "reply")
	must(cmd.RegisterFlagCompletionFunc("op", f.spec.completeOps(func(*ir.Op) bool { return true })))
	cmd.Args = func(*cobra.Command, []string) error {
		if f.op == "" && !f.message {
			return errors.New("decode wants --op, or --message")
		}
		return f.output.check()
	}
	cmd.RunE = work(f.run)
	return cmd
}

func (f *decodeFlags) run(cmd *cobra.Command, args []string) error {
	codec, err := f.spec.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	d := decoder{decodeFlags: f, codec: codec, stderr: cmd.ErrOrStderr()}
	if f.op != "" {
		if d.op, err = operation(codec, f.op); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	failed := false
	err = lines(args, cmd.InOrStdin(), func(_ int, line string) error {
		d.line++
		v, err := d.decode(line)
		if err != nil {
			failed = true
			fmt.Fprintf(d.stderr, "nlgen: message %d: %v\n", d.line, err)
		}
		return f.output.write(out, v)
	})
	err = errors.Join(err, out.Flush())
	if err == nil && failed {
		err = errFindings
	}
	return err
}

// decoder decodes messages one after the other.
type decoder struct {
	*decodeFlags
	codec  *dynamic.Codec
	op     *ir.Op // nil if the numbers tell
	stderr io.Writer
	line   int
}

// decode returns what stands on a line; nil with an error.
func (d *decoder) decode(line string) (any, error) {
	b, err := hex.DecodeString(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.TrimPrefix(line, "0x")))
	if err != nil {
		return nil, fmt.Errorf("%q are no hex digits", line)
	}
	if !d.message {
		_, body, err := d.codec.Payload(0, b)
		if err != nil {
			return nil, err
		}
		return d.body(d.of(d.request), []*ir.Op{d.op}, body)
	}
	var all []any
	cur := nlmsg.NewCursor(b)
	for cur.Next() {
		v, err := d.whole(cur.Header(), cur.Body())
		if err != nil {
			return nil, fmt.Errorf("at offset %d: %w", cur.Offset(), err)
		}
		all = append(all, v)
	}
	if err := cur.Err(); err != nil {
		return nil, err
	}
	switch len(all) {
	case 0:
		return nil, errors.New("there is no message")
	case 1:
		return all[0], nil
	}
	return all, nil
}

// whole decodes a message with its header.
func (d *decoder) whole(h nlmsg.Header, payload []byte) (any, error) {
	switch {
	case h.Type == nlmsg.TypeError:
		c, err := nlmsg.ParseError(h, payload)
		return control(c), err
	case h.Type == nlmsg.TypeDone:
		c, err := nlmsg.ParseDone(h, payload)
		return control(c), err
	case h.Type < nlmsg.MinType:
		return nil, nil
	}
	number, body, err := d.codec.Payload(h.Type, payload)
	if err != nil {
		return nil, err
	}
	isRequest := h.Flags&nlmsg.FlagRequest != 0
	if d.request || d.reply {
		isRequest = d.request
	}
	ops, what := d.codec.Replies(number), "reply or notification"
	if isRequest {
		ops, what = d.codec.Requests(number), "request"
	}
	if d.op != nil {
		ops = []*ir.Op{d.op}
	}
	if len(ops) == 0 {
		return nil, fmt.Errorf("%s has no %s with number %d", d.codec.Family.Name, what, number)
	}
	return d.body(d.of(isRequest), ops, body)
}

// of returns the codec of requests, or of what answers them.
func (d *decoder) of(requests bool) *dynamic.Codec {
	if requests {
		return d.codec
	}
	return d.codec.ForReplies()
}

// body decodes what stands behind the headers, by the first operation that fits.
func (d *decoder) body(codec *dynamic.Codec, ops []*ir.Op, body []byte) (any, error) {
	op, o, err := codec.DecodeBest(ops, body)
	if err != nil && !d.strict {
		var misfits []error
		op = ops[0]
		o, misfits, err = codec.DecodeLenient(op, body)
		for _, m := range misfits {
			warn(d.stderr, fmt.Sprintf("message %d: %v", d.line, m))
		}
	}
	if err != nil {
		return nil, err
	}
	if d.names {
		return (&dynamic.Notification{Name: op.Name, Msg: o}).Object(), nil
	}
	return o, nil
}

// control returns what an ack, an error or the end of a dump says; nil if all went well.
func control(c nlmsg.Control) any {
	number := func(n uint64) json.Number { return json.Number(strconv.FormatUint(n, 10)) }
	o := new(dynamic.Object)
	if c.Errno != 0 {
		o.Add("errno", number(uint64(c.Errno)))
		o.Add("error", nlmsg.ErrnoName(int(c.Errno)))
	}
	if x := c.Ext; !x.Empty() {
		if x.Message != nil {
			o.Add("msg", string(x.Message))
		}
		if x.Offset != 0 {
			o.Add("bad-attr-offs", number(uint64(x.Offset)))
		}
		if x.HasMissing {
			o.Add("miss-type", number(uint64(x.MissingType)))
		}
		if x.MissingNest != 0 {
			o.Add("miss-nest", number(uint64(x.MissingNest)))
		}
	}
	if len(o.Keys) == 0 {
		return nil
	}
	return o
}
