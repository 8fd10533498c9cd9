package routing

import (
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestListenAllNSID listens to the links of all namespaces that have a number in this one: each event says whose it is, and a namespace
// without a number is not heard.
func TestListenAllNSID(t *testing.T) {
	n := witness.NewNamespace(t, nlconn.WithListenAllNSID())
	ctx := witness.Patience(t)
	numbers := rtnsid.New(n.Conn)
	sub, err := n.Links.Subscribe(ctx, rtlink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()

	places := []struct {
		link   string
		number nlattr.Opt[int32]
	}{
		{"here", nlattr.Opt[int32]{}},
		{"unheard", nlattr.Opt[int32]{}},
		{"five", nlattr.Some(int32(5))},
		{"seventy", nlattr.Some(int32(70))},
	}
	for _, p := range places {
		links := n.Links
		if p.link != "here" {
			s := witness.NewStranger(t)
			if p.number.OK {
				req := &rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.Nsid(p.number.V)), Pid: u32(s.PID)}
				if err := numbers.Newnsid(ctx, req, nlconn.Create); err != nil {
					t.Fatal(err)
				}
			}
			_, conn := witness.Dial(t, nlconn.WithNamespaceFD(int(s.Namespace.Fd())))
			links = rtlink.New(conn)
		}
		veth := &rtlink.NewlinkRequest{Ifname: nlattr.Some(p.link), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("veth")}}
		if err := links.Newlink(ctx, veth, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatal(p.link, err)
		}
	}

	heard := map[string]nlattr.Opt[int32]{}
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if link, ok := ev.Value.(*rtlink.NewlinkNtf); ok {
			heard[link.Ifname.V] = ev.NSID
		}
		if _, last := heard["seventy"]; last {
			break
		}
	}
	for _, p := range places {
		got, ok := heard[p.link]
		if want := p.link != "unheard"; ok != want || got != p.number {
			t.Errorf("%s: heard %v from %v, not %v from %v", p.link, ok, got, want, p.number)
		}
	}
}
