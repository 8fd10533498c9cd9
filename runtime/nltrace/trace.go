// Package nltrace logs what a connection of package nlconn sends and receives,
// decoded by policy tables, to a structured logger:
//
//	conn, err := nlconn.Open(nlconn.WithHooks(nltrace.Hooks(slog.Default())))
//
// Each call is a few records: the request, each reply, the ack if it says
// anything, the end with the error if there is one. Contents are the JSON of the
// kernel's own ynl tool; what no table describes is hex digits. Logging is at
// [slog.LevelDebug] unless [Level] says otherwise. A logger that is not enabled
// at that level costs one check a message. Since the warnings of acks are logged,
// every request asks for an ack (see [nlconn.Hooks]).
//
// The package knows nothing of single families.
package nltrace

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nljson"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Option changes what is logged.
type Option func(*tracer)

// Level sets the level of the records.
func Level(l slog.Level) Option { return func(t *tracer) { t.level = l } }

// Raw also logs each datagram and message as hex digits, those of subscriptions
// included.
func Raw() Option { return func(t *tracer) { t.raw = true } }

// Operations tells which operations' replies the notifications of a family look
// like: those with the number of the reply are decoded by its policy. Without
// it notifications are hex digits. For generic netlink, whose ids the kernel
// chooses, the id is learned from the look-up of the family.
func Operations(ops ...*nlconn.Operation) Option {
	return func(t *tracer) { t.ops = append(t.ops, ops...) }
}

// maxBytes is how many bytes of a message are written as hex digits at most.
const maxBytes = 4 << 10

type tracer struct {
	log   *slog.Logger
	level slog.Level
	raw   bool
	ops   []*nlconn.Operation
	ids   ids
}

// Hooks returns hooks that log to a logger.
func Hooks(l *slog.Logger, opts ...Option) nlconn.Hooks {
	t := &tracer{log: l, level: slog.LevelDebug}
	for _, o := range opts {
		o(t)
	}
	h := nlconn.Hooks{
		Request:     t.request,
		In:          t.in,
		Valid:       t.reply,
		Ack:         t.ack,
		Finish:      t.finish,
		Interrupted: func(op *nlconn.Operation) { t.put("interrupted", operation(op)) },
		Overrun:     func(protocol int) { t.put("overrun", slog.Int("protocol", protocol)) },
		Stale: func(protocol int, h nlmsg.Header) {
			if h.Seq != 0 {
				t.put("stale", slog.Int("protocol", protocol), header(h))
			}
		},
		Foreign: func(protocol int, port uint32, b []byte) {
			if t.on() {
				t.put("foreign", slog.Int("protocol", protocol), slog.Uint64("port", uint64(port)), bytesAttr(b))
			}
		},
		Skipped: func(protocol int, h nlmsg.Header, b []byte) {
			if t.on() {
				t.put("skipped", slog.Int("protocol", protocol), header(h), bytesAttr(b))
			}
		},
	}
	if t.raw {
		h.Out = func(protocol int, b []byte) {
			if t.on() {
				t.put("send", slog.Int("protocol", protocol), bytesAttr(b))
			}
		}
	}
	return h
}

func (t *tracer) on() bool { return t.log.Enabled(context.Background(), t.level) }

// put logs a record.
func (t *tracer) put(what string, attrs ...slog.Attr) {
	t.log.LogAttrs(context.Background(), t.level, "netlink: "+what, attrs...)
}

func (t *tracer) request(op *nlconn.Operation, message []byte) {
	if !t.on() {
		return
	}
	h, _ := nlmsg.ParseHeader(message)
	m := op.Policy
	what := "request"
	if isDump(op, h) {
		what = "dump"
		if op.DumpPolicy != nil {
			m = op.DumpPolicy
		}
	}
	t.put(what, operation(op), header(h), content(m, op.Family, message))
}

// isDump reports whether a request is for a dump. The two bits of NLM_F_DUMP mean
// something else in requests that create, but these always ask for an ack.
func isDump(op *nlconn.Operation, h nlmsg.Header) bool {
	return h.Flags&nlmsg.FlagDump == nlmsg.FlagDump && (op.Family.Generic || h.Flags&nlmsg.FlagAck == 0)
}

func (t *tracer) reply(op *nlconn.Operation, message []byte) {
	if !t.on() {
		return
	}
	h, _ := nlmsg.ParseHeader(message)
	t.put("reply", operation(op), header(h), content(op.ReplyPolicy, op.Family, message))
}

func (t *tracer) ack(op *nlconn.Operation, a *nlmsg.Ack) {
	attrs := []slog.Attr{operation(op)}
	if a.Warning != "" {
		attrs = append(attrs, slog.String("warning", a.Warning))
	}
	if len(a.Cookie) > 0 {
		attrs = append(attrs, slog.String("cookie", hex.EncodeToString(a.Cookie)))
	}
	t.put("ack", attrs...)
}

func (t *tracer) finish(op *nlconn.Operation, err error) {
	if err != nil {
		t.put("failed", operation(op), slog.String("error", err.Error()))
		return
	}
	t.put("done", operation(op))
}

// in is called with every message that is received. Replies are logged when they
// have been decoded; what is left is notifications.
func (t *tracer) in(protocol int, h nlmsg.Header, message []byte) {
	if protocol == nlconn.ProtocolGeneric {
		t.ids.learn(h, message)
	}
	if !t.on() {
		return
	}
	if t.raw {
		t.put("receive", slog.Int("protocol", protocol), header(h), bytesAttr(message))
	}
	if h.Seq != 0 || h.Type < nlmsg.MinType {
		return
	}
	if op := t.find(protocol, h, message); op != nil {
		t.put("notification", slog.String("family", op.Family.Name), header(h), content(op.ReplyPolicy, op.Family, message))
		return
	}
	t.put("notification", slog.Int("protocol", protocol), header(h), bytesAttr(message))
}

// find returns the operation whose reply a notification looks like.
func (t *tracer) find(protocol int, h nlmsg.Header, message []byte) *nlconn.Operation {
	var first *nlconn.Operation
	for _, op := range t.ops {
		number := h.Type
		if op.Family.Protocol != protocol {
			continue
		}
		if op.Family.Generic {
			if len(message) < nlmsg.HeaderLen+nlmsg.GenericLen || t.ids.name(h.Type) != op.Family.Name {
				continue
			}
			number = uint16(message[nlmsg.HeaderLen])
		}
		switch {
		case op.Reply == number || op.DumpReply == number:
			return op
		case first == nil && op.Family.Generic && op.ReplyPolicy != nil:
			first = op
		}
	}
	return first
}

// operation says which operation a record is about.
func operation(op *nlconn.Operation) slog.Attr {
	return slog.String("op", op.Family.Name+": "+op.Name)
}

// header shows a header.
func header(h nlmsg.Header) slog.Attr {
	return slog.Group("header", slog.Int("type", int(h.Type)), slog.String("flags", flagNames(h.Flags)), slog.Uint64("seq", uint64(h.Seq)),
		slog.Uint64("len", uint64(h.Len)))
}

// content shows what a message holds.
func content(m *nlpolicy.Message, f *nlconn.Family, message []byte) slog.Attr {
	skip := nlmsg.HeaderLen
	if f.Generic {
		skip += nlmsg.GenericLen
	}
	h, _ := nlmsg.ParseHeader(message)
	body := message[min(skip, len(message)):min(max(int(h.Len), skip), len(message))]
	if m == nil {
		return bytesAttr(body)
	}
	b, err := nljson.Append(nil, m, body)
	if err != nil {
		return slog.Group("", bytesAttr(body), slog.String("malformed", err.Error()))
	}
	return slog.Any("content", json.RawMessage(b))
}

// bytesAttr shows bytes as hex digits.
func bytesAttr(b []byte) slog.Attr {
	s := hex.EncodeToString(b[:min(len(b), maxBytes)])
	if len(b) > maxBytes {
		s += "..."
	}
	return slog.String("bytes", s)
}

// flagNames names the flags of a header, as far as their names do not hang on
// the kind of the message.
func flagNames(flags uint16) string {
	names := []struct {
		flag uint16
		name string
	}{
		{nlmsg.FlagRequest, "request"}, {nlmsg.FlagMulti, "multi"}, {nlmsg.FlagAck, "ack"}, {nlmsg.FlagEcho, "echo"},
		{nlmsg.FlagDumpIntr, "interrupted"}, {nlmsg.FlagDumpFiltered, "filtered"}, {0x100, "0x100"}, {0x200, "0x200"},
		{0x400, "0x400"}, {0x800, "0x800"},
	}
	var out []string
	for _, n := range names {
		if flags&n.flag != 0 {
			out = append(out, n.name)
		}
	}
	return strings.Join(out, "|")
}
