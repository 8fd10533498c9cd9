package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/coverage"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Connect returns a Conn for the test's own namespace. A request there takes milliseconds: the context ends what hangs.
func Connect(t *testing.T, opts ...nlconn.Option) (context.Context, *nlconn.Conn) {
	t.Helper()
	nettest.Isolate(t)
	return Dial(t, opts...)
}

// Dial returns a Conn for the namespace of the process, whatever that is.
func Dial(t *testing.T, opts ...nlconn.Option) (context.Context, *nlconn.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	c, err := nlconn.Open(append(recorded(t), opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ctx, c
}

// recorded returns an option for a connection whose messages are counted, if that is asked for. A test with hooks of its own goes without,
// but for those of [Listen].
func recorded(t *testing.T) []nlconn.Option {
	if file := os.Getenv(coverage.Env); file != "" {
		return []nlconn.Option{nlconn.WithHooks(recorder(t, file).Hooks())}
	}
	return nil
}

// recorder returns a recorder that appends its messages to a file when the test ends.
func recorder(t *testing.T, file string) *coverage.Recorder {
	r := coverage.New()
	t.Cleanup(func() {
		if err := r.Append(file); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Listen returns an option for a connection that calls a function with each message it receives.
func Listen(t *testing.T, in func(protocol int, h nlmsg.Header, message []byte)) nlconn.Option {
	file := os.Getenv(coverage.Env)
	if file == "" {
		return nlconn.WithHooks(nlconn.Hooks{In: in})
	}
	hooks := recorder(t, file).Hooks()
	record := hooks.In
	hooks.In = func(protocol int, h nlmsg.Header, message []byte) {
		record(protocol, h, message)
		in(protocol, h, message)
	}
	return nlconn.WithHooks(hooks)
}

// Output runs a tool. The test is skipped if the machine has none of that name.
func Output(t *testing.T, name string, args ...string) []byte {
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

// IP is [List] of ip -j with more arguments.
func IP(t *testing.T, args ...string) []Object {
	t.Helper()
	return List(t, "ip", append([]string{"-j"}, args...)...)
}

// List runs a tool that prints a JSON array, and returns the objects in it. Empty ones, which ip prints for what its filters leave
// out, are dropped; a tool that prints nothing has listed nothing.
func List(t *testing.T, name string, args ...string) []Object {
	t.Helper()
	out := Output(t, name, args...)
	if len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	var list []Object
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return slices.DeleteFunc(list, func(o Object) bool { return len(o) == 0 })
}

// A Namespace is what the tests share to make links.
type Namespace struct {
	*testing.T
	Ctx   context.Context
	Conn  *nlconn.Conn
	Links *rtlink.Client
}

func NewNamespace(t *testing.T, opts ...nlconn.Option) *Namespace {
	t.Helper()
	ctx, conn := Connect(t, opts...)
	return &Namespace{T: t, Ctx: ctx, Conn: conn, Links: rtlink.New(conn)}
}

// Run is testing.T.Run with a namespace.
func (n *Namespace) Run(name string, f func(n *Namespace)) {
	n.T.Helper()
	n.T.Run(name, func(t *testing.T) {
		sub := *n
		sub.T = t
		f(&sub)
	})
}

// Create makes a link, and deletes it when the test ends. It skips the test if the kernel lacks the kind.
func (n *Namespace) Create(req *rtlink.NewlinkRequest) *rtlink.GetlinkReply {
	n.T.Helper()
	err := n.Links.Newlink(n.Ctx, req, nlconn.Create, nlconn.Exclusive)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EAFNOSUPPORT) {
		n.T.Skip(err)
	}
	if err != nil {
		n.T.Fatal(err)
	}
	link := n.Link(req.Ifname.V)
	n.T.Cleanup(func() {
		err := n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}})
		// It may be gone, with its peer or the link below.
		if err != nil && !errors.Is(err, syscall.ENODEV) && !errors.Is(err, syscall.EINVAL) {
			n.T.Error(err)
		}
	})
	return link
}

// Plain makes a link without data; dummies are what every kernel has one way or another.
func (n *Namespace) Plain(name string) *rtlink.GetlinkReply {
	n.T.Helper()
	for _, kind := range []string{"dummy", "ifb"} {
		req := &rtlink.NewlinkRequest{Ifname: nlattr.Some(name), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some(kind)}}
		if err := n.Links.Newlink(n.Ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, syscall.EOPNOTSUPP) {
			if err != nil {
				n.T.Fatal(err)
			}
			break
		}
	}
	link := n.Link(name)
	n.T.Cleanup(func() { _ = n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Header: link.Header}) })
	return link
}

// Veth makes a pair of links and returns both ends.
func (n *Namespace) Veth(name, peer string) (a, b *rtlink.GetlinkReply) {
	n.T.Helper()
	a = n.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some(name),
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some(peer)},
		}},
	})
	return a, n.Link(peer)
}

// Link reads a link.
func (n *Namespace) Link(name string) *rtlink.GetlinkReply {
	n.T.Helper()
	reply, err := n.Links.Getlink(n.Ctx, &rtlink.GetlinkRequest{
		Ifname:  nlattr.Some(name),
		ExtMask: nlattr.Some(rtlink.RtextFilterVf),
	})
	if err != nil {
		n.T.Fatal(err)
	}
	return reply
}

// Up brings links up.
func (n *Namespace) Up(links ...*rtlink.GetlinkReply) {
	n.T.Helper()
	for _, link := range links {
		n.SetFlags(link, rtlink.IfinfoFlagsUp, rtlink.IfinfoFlagsUp)
	}
}

func (n *Namespace) SetFlags(link *rtlink.GetlinkReply, flags, change rtlink.IfinfoFlags) {
	n.T.Helper()
	err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{
		IfiIndex: link.Header.IfiIndex, IfiFlags: flags, IfiChange: uint32(change),
	}})
	if err != nil {
		n.T.Fatal(err)
	}
}

// Dump reads all links, by name.
func (n *Namespace) Dump() map[string]*rtlink.GetlinkReply {
	n.T.Helper()
	all, err := n.Links.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{ExtMask: nlattr.Some(rtlink.RtextFilterVf)})
	if err != nil {
		n.T.Fatal(err)
	}
	links := map[string]*rtlink.GetlinkReply{}
	for _, link := range all {
		links[link.Ifname.V] = link
	}
	return links
}
