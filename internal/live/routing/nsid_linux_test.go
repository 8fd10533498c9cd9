package routing

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// ids lists the numbers in the namespace of the socket, or in another one.
func ids(n *witness.Namespace, client *rtnsid.Client, req *rtnsid.GetnsidDumpRequest) map[rtnsid.Nsid]*rtnsid.GetnsidReply {
	n.T.Helper()
	list, err := client.GetnsidCollect(n.Ctx, req)
	if err != nil {
		n.T.Fatal(err)
	}
	out := map[rtnsid.Nsid]*rtnsid.GetnsidReply{}
	for _, x := range list {
		witness.Known(n.T, "nsid", x)
		out[x.Nsid.V] = x
	}
	return out
}

// TestNsids assigns numbers to namespaces and reads them in all the ways there are.
func TestNsids(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtnsid.New(n.Conn)
	a, b := witness.NewStranger(t), witness.NewStranger(t)
	get := func(req *rtnsid.GetnsidRequest) *rtnsid.GetnsidReply {
		t.Helper()
		reply, err := client.Getnsid(n.Ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(t, "nsid", reply)
		return reply
	}
	if got := get(&rtnsid.GetnsidRequest{Pid: u32(a.PID)}); got.Nsid != nlattr.Some(rtnsid.NsidNotAssigned) || got.Nsid.V.String() != "not-assigned" {
		t.Errorf("a namespace without a number has %v", got.Nsid)
	}
	if err := client.Newnsid(n.Ctx, &rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.Nsid(70)), Pid: u32(a.PID)}); err != nil {
		t.Fatal(err)
	}
	if err := client.Newnsid(n.Ctx, &rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.NsidNotAssigned), Fd: u32(uint32(b.Namespace.Fd()))}); err != nil {
		t.Fatal(err)
	}
	second := get(&rtnsid.GetnsidRequest{Fd: u32(uint32(b.Namespace.Fd()))}).Nsid
	if second.V < 0 || second.V == 70 {
		t.Errorf("the kernel chose %v", second)
	}
	for name, req := range map[string]*rtnsid.GetnsidRequest{
		"pid": {Pid: u32(a.PID)}, "fd": {Fd: u32(uint32(a.Namespace.Fd()))}, "nsid": {Nsid: nlattr.Some(rtnsid.Nsid(70))},
	} {
		c.Fields++
		if got := get(req); got.Nsid != nlattr.Some(rtnsid.Nsid(70)) || got.CurrentNsid.OK {
			t.Errorf("by %s: %+v", name, got)
		}
	}
	// The tool prints "nsid 70 (iproute2 netns name: a)", or without a name.
	theirs := map[string]bool{}
	for line := range strings.Lines(string(witness.Output(t, "ip", "netns", "list-id"))) {
		theirs[strings.Fields(line)[1]] = true
	}
	ours := ids(n, client, &rtnsid.GetnsidDumpRequest{})
	for id := range ours {
		c.Field("nsid "+fmt.Sprint(int32(id)), theirs[fmt.Sprint(int32(id))], true)
	}
	if len(ours) != len(theirs) || ours[70] == nil || ours[second.V] == nil {
		c.Errorf("we see %v, ip %v", ours, theirs)
	}

	// The second namespace gives the first a number of its own; from here both numbers are seen.
	_, there := witness.Dial(t, nlconn.WithNamespaceFD(int(b.Namespace.Fd())))
	if err := rtnsid.New(there).Newnsid(n.Ctx, &rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.Nsid(5)), Pid: u32(a.PID)}); err != nil {
		t.Fatal(err)
	}
	target := s32(int32(second.V))
	c.Fields += 4
	if got := get(&rtnsid.GetnsidRequest{Pid: u32(a.PID), TargetNsid: target}); got.Nsid.V != 5 || got.CurrentNsid != nlattr.Some(rtnsid.Nsid(70)) {
		t.Errorf("in the other namespace: %+v", got)
	}
	if got := ids(n, client, &rtnsid.GetnsidDumpRequest{TargetNsid: target})[5]; got == nil || got.CurrentNsid != nlattr.Some(rtnsid.Nsid(70)) {
		t.Errorf("list of the other namespace: %+v", got)
	}
	c.Report("numbers of namespaces")
}

func TestNsidRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	client := rtnsid.New(n.Conn)
	a, b := witness.NewStranger(t), witness.NewStranger(t)
	seven := nlattr.Some(rtnsid.Nsid(7))
	set := func(req *rtnsid.NewnsidRequest) func() error {
		return func() error { return client.Newnsid(n.Ctx, req) }
	}
	if err := set(&rtnsid.NewnsidRequest{Nsid: seven, Pid: u32(a.PID)})(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []refusal{
		{"a second number", set(&rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.Nsid(8)), Pid: u32(a.PID)}), syscall.EEXIST, `rt-nsid: newnsid: EEXIST: "Peer netns already has a nsid assigned" [attribute pid]`},
		{"a number that is taken", set(&rtnsid.NewnsidRequest{Nsid: seven, Pid: u32(b.PID)}), syscall.EEXIST, `rt-nsid: newnsid: EEXIST: "The specified nsid is already used" [attribute nsid]`},
		{"no number", set(&rtnsid.NewnsidRequest{Pid: u32(b.PID)}), syscall.EINVAL, `rt-nsid: newnsid: EINVAL: "nsid is missing"`},
		{"no namespace", set(&rtnsid.NewnsidRequest{Nsid: seven}), syscall.EINVAL, `rt-nsid: newnsid: EINVAL: "Peer netns reference is missing"`},
		{"a process that is not there", set(&rtnsid.NewnsidRequest{Nsid: seven, Pid: u32(1 << 30)}), syscall.ESRCH, `rt-nsid: newnsid: ESRCH: "Peer netns reference is invalid" [attribute pid]`},
		{"a file that is not open", set(&rtnsid.NewnsidRequest{Nsid: seven, Fd: u32(1 << 20)}), syscall.EBADF, `rt-nsid: newnsid: EBADF: "Peer netns reference is invalid" [attribute fd]`},
		{"nothing to look up", func() error {
			_, err := client.Getnsid(n.Ctx, &rtnsid.GetnsidRequest{})
			return err
		}, syscall.EINVAL, `rt-nsid: getnsid: EINVAL: "Peer netns reference is missing"`},
		{"the numbers of an unknown one", func() error {
			_, err := client.GetnsidCollect(n.Ctx, &rtnsid.GetnsidDumpRequest{TargetNsid: s32(99)})
			return err
		}, syscall.EINVAL, `rt-nsid: getnsid: EINVAL: "Invalid target network namespace id" [attribute target-nsid]`},
	} {
		r.check(t)
	}
}

// TestNsidEvents assigns a number and ends the namespace.
func TestNsidEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := rtnsid.New(n.Conn)
	sub, err := client.Subscribe(ctx, rtnsid.GroupNsid)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	a := witness.NewStranger(t)
	nine := nlattr.Some(rtnsid.Nsid(9))
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtnsid.Event]{
		witness.NewStep("assign", func() error {
			return client.Newnsid(n.Ctx, &rtnsid.NewnsidRequest{Nsid: nine, Pid: u32(a.PID)}, nlconn.Create)
		},
			func(ev rtnsid.Event) error {
				if x, ok := ev.(*rtnsid.NewnsidNtf); ok && x.Nsid == nine {
					return nil
				}
				return witness.ErrOther
			}),
		witness.NewStep("end", func() error {
			a.Leave()
			return nil
		}, func(ev rtnsid.Event) error {
			if x, ok := ev.(*rtnsid.DelnsidNtf); ok && x.Nsid == nine {
				return nil
			}
			return witness.ErrOther
		}),
	})
	// The number is free again.
	witness.Await(t, "a number that is free", func() bool { return ids(n, client, &rtnsid.GetnsidDumpRequest{})[9] == nil })
}
