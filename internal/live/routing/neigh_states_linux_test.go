package routing

import (
	"fmt"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestNeighbourStates puts neighbours into each state, and reads what the kernel tells of it. It also tells a program that is to find
// one, as far as the link's parameters have it ask programs.
func TestNeighbourStates(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := rtneigh.New(n.Conn)
	link, far := n.Veth("state0", "state1")
	n.Up(link, far)
	header := func(state rtneigh.NudState, flags rtneigh.NtfFlags) rtneigh.Ndmsg {
		return rtneigh.Ndmsg{NdmFamily: unix.AF_INET, NdmIfindex: link.Header.IfiIndex, NdmState: state, NdmFlags: flags}
	}
	local := &rtaddr.NewaddrRequest{
		Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: uint32(link.Header.IfiIndex)}, Local: addr("192.0.2.200"),
	}
	if err := rtaddr.New(n.Conn).Newaddr(n.Ctx, local, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	if err := client.Setneightbl(n.Ctx, &rtneigh.SetneightblRequest{Header: rtneigh.Ndtmsg{Family: unix.AF_INET}, Name: text("arp_cache"),
		Parms: &rtneigh.NdtpaAttrs{Ifindex: u32(uint32(link.Header.IfiIndex)), AppProbes: u32(3), RetransTime: u64(20)}}); err != nil {
		t.Fatal(err)
	}
	sub, err := client.Subscribe(ctx, rtneigh.GroupNeigh)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	told := func(dst string, state rtneigh.NudState) func(ev rtneigh.Event) error {
		return func(ev rtneigh.Event) error {
			if x, ok := ev.(*rtneigh.NewneighNtf); ok && x.Dst == addr(dst) && x.Header.NdmState == state {
				return nil
			}
			return witness.ErrOther
		}
	}
	var steps []witness.Step[rtneigh.Event]
	for i, state := range []rtneigh.NudState{
		rtneigh.NudStateReachable, rtneigh.NudStateStale, rtneigh.NudStateDelay, rtneigh.NudStateProbe,
		rtneigh.NudStateNoarp, rtneigh.NudStatePermanent,
	} {
		dst := fmt.Sprintf("192.0.2.%d", i+1)
		steps = append(steps, witness.NewStep(state.String(), func() error {
			return client.Newneigh(n.Ctx, &rtneigh.NewneighRequest{Header: header(state, 0), Dst: addr(dst), Lladdr: mac(byte(i + 1))}, nlconn.Create)
		}, told(dst, state)))
	}
	steps = append(steps, witness.NewStep("use", func() error {
		return client.Newneigh(n.Ctx, &rtneigh.NewneighRequest{Header: header(0, rtneigh.NtfFlagsUse), Dst: addr("192.0.2.99")}, nlconn.Create)
	}, func(ev rtneigh.Event) error {
		if x, ok := ev.(*rtneigh.GetneighNtf); ok && x.Dst == addr("192.0.2.99") && x.Header.NdmState == rtneigh.NudStateIncomplete {
			return nil
		}
		return witness.ErrOther
	}), witness.NewStep("no answer", func() error { return nil }, told("192.0.2.99", rtneigh.NudStateFailed)))
	witness.Play(t, ctx, sub.All(ctx), steps)
}

// TestNeighbourFlags makes neighbours by each program and with each flag, and compares them with what was asked for and with what ip prints.
func TestNeighbourFlags(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtneigh.New(n.Conn)
	link, far := n.Veth("state0", "state1")
	n.Up(link, far)
	var cases []*rtneigh.NewneighRequest
	add := func(state rtneigh.NudState, flags rtneigh.NtfFlags, more rtneigh.NtfExtFlags, protocol rtneigh.RtProtocol) {
		req := &rtneigh.NewneighRequest{
			Header: rtneigh.Ndmsg{NdmFamily: unix.AF_INET, NdmIfindex: link.Header.IfiIndex, NdmState: state, NdmFlags: flags},
			Dst:    addr(fmt.Sprintf("192.0.2.%d", len(cases)+1)), Lladdr: mac(byte(len(cases) + 1)),
			Protocol: nlattr.Some(protocol),
		}
		if more != 0 {
			req.FlagsExt = nlattr.Some(more)
		}
		err := client.Newneigh(n.Ctx, req, nlconn.Create, nlconn.Exclusive)
		if more == rtneigh.NtfExtFlagsExtValidated && err != nil { // Linux 6.17 has it.
			t.Logf("%v: %v", more, err)
			return
		}
		if err != nil {
			t.Fatalf("%v %v %v: %v", state, flags, more, err)
		}
		cases = append(cases, req)
	}
	for p := range 256 {
		if protocol := rtneigh.RtProtocol(p); protocol.String() != strconv.Itoa(p) && p != 0 {
			add(rtneigh.NudStatePermanent, 0, 0, protocol)
		}
	}
	add(rtneigh.NudStateStale, rtneigh.NtfFlagsExtLearned, rtneigh.NtfExtFlagsExtValidated, rtneigh.RtProtocolZebra)
	add(rtneigh.NudStateReachable, 0, rtneigh.NtfExtFlagsManaged, rtneigh.RtProtocolStatic)
	links := n.Dump()
	c.Steady(func(c *witness.Tally) {
		ours := listNeighbours(n, client, unix.AF_INET, 0)
		theirs := witness.List(t, "ip", "-d", "-s", "-j", "-4", "neigh", "show", "nud", "all")
		if len(ours) != len(theirs) {
			c.Errorf("we see %d, ip %d", len(ours), len(theirs))
			return
		}
		view := neighView(links)
		view["protocol"] = func(x *rtneigh.GetneighReply) any {
			return witness.OneOf{x.Protocol.V, strconv.Itoa(int(x.Protocol.V))}
		}
		for i, x := range ours {
			witness.Compare(c, fmt.Sprint("neighbour ", x.Dst.V), x, view, theirs[i])
			for _, req := range cases {
				if isNeighbour(x, req) && req.Header.NdmState != rtneigh.NudStateReachable {
					sameNeighbour(c, req, x)
				}
			}
		}
	})
	c.Report("flags of neighbours")
}
