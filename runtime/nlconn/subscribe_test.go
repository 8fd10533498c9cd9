package nlconn_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// borrowedName is a decode function.
func borrowedName(n *nlconn.Notification) (string, error) {
	var l link
	err := n.DecodeBorrowed(&l)
	return l.Name, err
}

func TestSubscribeFaults(t *testing.T) {
	s := nltest.NewScript(t)
	conn, seen := counted(s)
	sub, err := nlconn.Subscribe(soon(t), conn, &rtLink, borrowedName, groupLink, nlconn.Group{Name: "far", ID: 4000})
	if err != nil {
		t.Fatal(err)
	}
	if o := s.Options()[0]; !o.Listen || o.ReceiveQueue != nlconn.MinReceiveQueue || len(s.Joined()) != 2 || s.Joined()[1] != 4000 {
		t.Errorf("%+v, %v", o, s.Joined())
	}
	if err := sub.Join(soon(t), nlconn.Group{Name: "unknown"}); err == nil || err.Error() != `rt-link: join: group "unknown" has no number` {
		t.Error(err)
	}
	s.Push(
		datagram(newlink("a"), newlink("b")),
		datagram(newlink("evil")).From(4711),
		nltest.Lost(),
		datagram(newlink("c")),
		datagram(newlink("cut")).Truncated(1<<20),
		datagram(nltest.Noop(), nltest.Overrun()),
		datagram(newlink("d")).To(4000).NSID(3),
		datagram(newlink("e").Cut(4)),
		datagram(nltest.Typed(16, 0, []byte{1})),
		datagram(newlink("f")),
	)
	var got []string
	for ev, err := range sub.Events(soon(t)) {
		switch {
		case errors.Is(err, nlconn.ErrOverrun):
			got = append(got, "overrun")
		case errors.Is(err, nlconn.ErrTruncated):
			got = append(got, "truncated")
		case err != nil:
			got = append(got, "!")
		default:
			got = append(got, ev.Value)
		}
		if ev.Value == "d" && (ev.Group != 4000 || ev.NSID != nlattr.Some(int32(3))) {
			t.Errorf("%+v", ev)
		}
		if len(got) == 10 {
			break
		}
	}
	// The queue was full behind f.
	if want := "a b c truncated overrun d ! ! f overrun"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", strings.Join(got, " "), want)
	}
	if seen["foreign"] != 1 || seen["overrun"] != 2 || seen["skipped"] != 1 {
		t.Error(seen)
	}
	done := make(chan error)
	go func() {
		var last error
		for _, err := range sub.All(soon(t)) {
			last = err
		}
		done <- last
	}()
	time.Sleep(5 * time.Millisecond)
	sub.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s.Open() != 0 || conn.OpenSockets() != 0 {
		t.Errorf("%d sockets are open", s.Open())
	}
}

// Groups given as libnl's mask, and groups that no mask has room for.
func TestGroupMask(t *testing.T) {
	groups := nlconn.GroupsOf(1<<0 | 1<<31)
	if len(groups) != 2 || groups[0].ID != 1 || groups[1].ID != 32 {
		t.Errorf("%+v", groups)
	}
	far := nlconn.Group{Name: "far", ID: 33}
	mask, rest := nlconn.MaskOf(append(groups, far, nlconn.Group{Name: "by name"})...)
	if mask != 1<<0|1<<31 || len(rest) != 2 || rest[0] != far {
		t.Errorf("%#x, %+v", mask, rest)
	}
	if nlconn.GroupsOf(0) != nil {
		t.Error("a mask of 0 has groups")
	}
	k := nltest.NewKernel()
	k.Groups(&rtLink)
	conn := k.Conn(t)
	sub, err := nlconn.Subscribe(soon(t), conn, &rtLink, borrowedName, append(groups, far)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []nlconn.Group{{ID: 1}, {ID: 2}, {ID: 32}, far} {
		if err := k.Notify(t.Context(), &rtLink, 16, g, &link{Name: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	var got []uint32
	for ev, err := range sub.Events(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, ev.Group); len(got) == 3 {
			break
		}
	}
	if len(got) != 3 || got[0] != 1 || got[1] != 32 || got[2] != 33 {
		t.Error(got)
	}
}
