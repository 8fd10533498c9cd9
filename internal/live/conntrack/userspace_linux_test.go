package conntrack

import (
	"bytes"
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A foreign request is of the subsystem for helpers in user space, without a spec here (linux/netfilter/nfnetlink_cthelper.h).
type foreign func(e *nlattr.Encoder)

func (f foreign) EncodeTo(e *nlattr.Encoder) {
	e.Append([]byte{unix.AF_INET, 0, 0, 0}) // struct nfgenmsg
	f(e)
}

func (f foreign) exec(ctx context.Context, t *testing.T, c *nlconn.Conn, name string, command uint16, opts ...nlconn.CallOption) {
	t.Helper()
	const subsystem = 9 // NFNL_SUBSYS_CTHELPER
	op := &nlconn.Operation{
		Family: &nlconn.Family{Name: "nfnetlink_cthelper", Protocol: unix.NETLINK_NETFILTER},
		Name:   name, Request: subsystem<<8 | command, Reply: subsystem << 8,
	}
	if err := nlconn.Exec(ctx, c, op, f, opts...); err != nil {
		t.Fatal(err)
	}
}

// TestUserspaceHelper gives a flow a helper in user space, and with it data that only the helper understands.
func TestUserspaceHelper(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("the kernel here is built without helpers in user space: only in the virtual machine")
	}
	const name, size = "nlgen", 24
	ctx, c := client(t)
	_, conn := witness.Dial(t)
	foreign(func(e *nlattr.Encoder) {
		e.String(1, name) // NFCTH_NAME
		tuple := e.Begin(2)
		e.Uint16BE(1, unix.AF_INET) // NFCTH_TUPLE_L3PROTONUM
		e.Uint8(2, unix.IPPROTO_TCP)
		e.End(tuple)
		policies := e.Begin(4)
		e.Uint32BE(1, 1) // NFCTH_POLICY_SET_NUM
		policy := e.Begin(2)
		e.String(1, "one") // NFCTH_POLICY_NAME
		e.Uint32BE(2, 1)
		e.Uint32BE(3, 60)
		e.End(policy)
		e.End(policies)
		e.Uint32BE(5, size) // NFCTH_PRIV_DATA_LEN
	}).exec(ctx, t, conn, "new", 0, nlconn.Create)
	t.Cleanup(func() {
		if err := c.Delete(ctx, nil); err != nil { // A helper that is used stays.
			t.Error(err)
		}
		foreign(func(e *nlattr.Encoder) { e.String(1, name) }).exec(ctx, t, conn, "delete", 2)
	})
	req := requests()["tcp"]
	req.Help = &conntrack.HelpAttrs{HelpName: nlattr.Some(name)}
	tally := witness.NewTally(t)
	create(ctx, t, c, tally, "a helper in user space", variant{req: req})
	// The kernel takes them only for a flow that is there.
	change := &conntrack.NewRequest{Header: req.Header, TupleOrig: req.TupleOrig, Help: &conntrack.HelpAttrs{
		HelpName: nlattr.Some(name), HelpInfo: bytes.Repeat([]byte{1, 2, 3}, size/3),
	}}
	if err := c.New(ctx, change); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, &conntrack.GetRequest{Header: req.Header, TupleOrig: req.TupleOrig})
	if err != nil {
		t.Fatal(err)
	}
	tally.Within("data", change.Help, got.Help)
	compareListed(ctx, t, c, tally, 1)
	tally.Report("helpers in user space")
}
