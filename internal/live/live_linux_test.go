package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// connect returns a Conn for the test's own namespace. A request there takes milliseconds: the context ends what hangs.
func connect(t *testing.T, opts ...nlconn.Option) (context.Context, *nlconn.Conn) {
	t.Helper()
	nettest.Isolate(t)
	return dial(t, opts...)
}

// dial returns a Conn for the namespace of the process, whatever that is.
func dial(t *testing.T, opts ...nlconn.Option) (context.Context, *nlconn.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	c, err := nlconn.Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ctx, c
}

// output runs a tool. The test is skipped if the machine has none of that name.
func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no witness: %v", err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// ip runs ip with -j and more arguments, and returns the objects that it prints. Empty ones, which it prints for what its filters
// leave out, are dropped.
func ip(t *testing.T, args ...string) []object {
	t.Helper()
	out := output(t, "ip", append([]string{"-j"}, args...)...)
	if len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	var list []object
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
	return slices.DeleteFunc(list, func(o object) bool { return len(o) == 0 })
}

// A namespace is what the tests share to make links.
type namespace struct {
	*testing.T
	ctx   context.Context
	conn  *nlconn.Conn
	links *rtlink.Client
}

func newNamespace(t *testing.T, opts ...nlconn.Option) *namespace {
	t.Helper()
	ctx, conn := connect(t, opts...)
	return &namespace{T: t, ctx: ctx, conn: conn, links: rtlink.New(conn)}
}

// run is testing.T.Run with a namespace.
func (n *namespace) run(name string, f func(n *namespace)) {
	n.T.Helper()
	n.T.Run(name, func(t *testing.T) {
		sub := *n
		sub.T = t
		f(&sub)
	})
}

// create makes a link, and deletes it when the test ends. It skips the test if the kernel lacks the kind.
func (n *namespace) create(req *rtlink.NewlinkRequest) *rtlink.GetlinkReply {
	n.T.Helper()
	err := n.links.Newlink(n.ctx, req, nlconn.Create, nlconn.Exclusive)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EAFNOSUPPORT) {
		n.T.Skip(err)
	}
	if err != nil {
		n.T.Fatal(err)
	}
	link := n.link(req.Ifname.V)
	n.T.Cleanup(func() {
		err := n.links.Dellink(n.ctx, &rtlink.DellinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}})
		// It may be gone, with its peer or the link below.
		if err != nil && !errors.Is(err, syscall.ENODEV) && !errors.Is(err, syscall.EINVAL) {
			n.T.Error(err)
		}
	})
	return link
}

// plain makes a link without data; dummies are what every kernel has one way or another.
func (n *namespace) plain(name string) *rtlink.GetlinkReply {
	n.T.Helper()
	for _, kind := range []string{"dummy", "ifb"} {
		req := &rtlink.NewlinkRequest{Ifname: nlattr.Some(name), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some(kind)}}
		if err := n.links.Newlink(n.ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, syscall.EOPNOTSUPP) {
			if err != nil {
				n.T.Fatal(err)
			}
			break
		}
	}
	link := n.link(name)
	n.T.Cleanup(func() { _ = n.links.Dellink(n.ctx, &rtlink.DellinkRequest{Header: link.Header}) })
	return link
}

// veth makes a pair of links and returns both ends.
func (n *namespace) veth(name, peer string) (a, b *rtlink.GetlinkReply) {
	n.T.Helper()
	a = n.create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some(name),
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some(peer)},
		}},
	})
	return a, n.link(peer)
}

// link reads a link.
func (n *namespace) link(name string) *rtlink.GetlinkReply {
	n.T.Helper()
	reply, err := n.links.Getlink(n.ctx, &rtlink.GetlinkRequest{
		Ifname:  nlattr.Some(name),
		ExtMask: nlattr.Some(rtlink.RtextFilterVf),
	})
	if err != nil {
		n.T.Fatal(err)
	}
	return reply
}

// up brings links up.
func (n *namespace) up(links ...*rtlink.GetlinkReply) {
	n.T.Helper()
	for _, link := range links {
		n.setFlags(link, rtlink.IfinfoFlagsUp, rtlink.IfinfoFlagsUp)
	}
}

func (n *namespace) setFlags(link *rtlink.GetlinkReply, flags, change rtlink.IfinfoFlags) {
	n.T.Helper()
	err := n.links.Setlink(n.ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{
		IfiIndex: link.Header.IfiIndex, IfiFlags: flags, IfiChange: uint32(change),
	}})
	if err != nil {
		n.T.Fatal(err)
	}
}

// dump reads all links, by name.
func (n *namespace) dump() map[string]*rtlink.GetlinkReply {
	n.T.Helper()
	all, err := n.links.GetlinkCollect(n.ctx, &rtlink.GetlinkDumpRequest{ExtMask: nlattr.Some(rtlink.RtextFilterVf)})
	if err != nil {
		n.T.Fatal(err)
	}
	links := map[string]*rtlink.GetlinkReply{}
	for _, link := range all {
		links[link.Ifname.V] = link
	}
	return links
}
