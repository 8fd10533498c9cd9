package tc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A bench is a namespace with a pair of links that have sixteen sending queues each, and a client.
type bench struct {
	*witness.Namespace
	tc    *tc.Client
	index int32  // of the link
	peer  uint32 // of the other end
	dev   string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	n := witness.NewNamespace(t)
	quiet(t)
	queues := nlattr.Some(uint32(16))
	a := n.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some("tc0"), NumTxQueues: queues, NumRxQueues: queues,
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some("tc1"), NumTxQueues: queues, NumRxQueues: queues},
		}},
	})
	b := n.Link("tc1")
	n.Up(a, b)
	return &bench{n, tc.New(n.Conn), a.Header.IfiIndex, uint32(b.Header.IfiIndex), "tc0"}
}

// quiet sees to it that nothing sends packets but the test.
func quiet(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// run is testing.T.Run with a bench.
func (b *bench) run(name string, f func(b *bench)) {
	b.T.Helper()
	b.Namespace.Run(name, func(n *witness.Namespace) {
		sub := *b
		sub.Namespace = n
		f(&sub)
	})
}

// lacks skips the test if the kernel knows nothing of the kind. A refusal in the virtual machine, whose kernel has all kinds but the
// newest, is an error.
func (b *bench) lacks(kind string, err error) {
	b.T.Helper()
	if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EOPNOTSUPP) {
		return
	}
	if !nettest.Guest() || kind == "dualpi2" {
		b.T.Skipf("this kernel does not have it: %v", err)
	}
}

// qdisc makes a qdisc, below the root if the request does not say where, and deletes it when the test ends.
func (b *bench) qdisc(req *tc.NewqdiscRequest) *tc.GetqdiscReply {
	b.T.Helper()
	req.Header.Ifindex = b.index
	if req.Header.Parent == 0 {
		req.Header.Parent, req.Header.Handle = tc.HandleRoot, 1<<16
	}
	err := b.tc.Newqdisc(b.Ctx, req, nlconn.Create, nlconn.Exclusive)
	b.lacks(kindOf(req), err)
	if err != nil {
		b.T.Fatal(err)
	}
	b.T.Cleanup(func() {
		err := b.tc.Delqdisc(b.Ctx, &tc.DelqdiscRequest{Header: req.Header})
		if err != nil && !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EINVAL) {
			b.T.Error(err)
		}
	})
	return b.getQdisc(req.Header)
}

func (b *bench) getQdisc(at tc.Tcmsg) *tc.GetqdiscReply {
	b.T.Helper()
	reply, err := b.tc.Getqdisc(b.Ctx, &tc.GetqdiscRequest{Header: tc.Tcmsg{Ifindex: at.Ifindex, Parent: at.Parent, Handle: at.Handle}}, nlconn.Echo)
	if err != nil {
		b.T.Fatal(err)
	}
	witness.Known(b, "qdisc", reply)
	return reply
}

// kindOf is the kind that a request asks for, be it in words or by the type of the options.
func kindOf(req *tc.NewqdiscRequest) string {
	if req.Kind.OK {
		return req.Kind.V
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", req.Options), "*tc."), "Attrs"))
}

// handleText is what tc prints for a handle.
func handleText(h uint32) string {
	switch {
	case h == tc.HandleRoot:
		return "root"
	case h == tc.HandleIngress:
		return "ingress"
	case h&0xffff == 0:
		return fmt.Sprintf("%x:", h>>16)
	case h>>16 == 0:
		return fmt.Sprintf(":%x", h)
	}
	return fmt.Sprintf("%x:%x", h>>16, h&0xffff)
}

func some[T any](v T) nlattr.Opt[T]   { return nlattr.Some(v) }
func u8(v uint8) nlattr.Opt[uint8]    { return nlattr.Some(v) }
func u16(v uint16) nlattr.Opt[uint16] { return nlattr.Some(v) }
func u32(v uint32) nlattr.Opt[uint32] { return nlattr.Some(v) }
func u64(v uint64) nlattr.Opt[uint64] { return nlattr.Some(v) }
