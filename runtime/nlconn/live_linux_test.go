package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// live returns a Conn to the real kernel and a context that ends.
func live(t testing.TB, opts ...nlconn.Option) (context.Context, *nlconn.Conn) {
	t.Helper()
	nettest.Isolate(t)
	c, err := nlconn.Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx, c
}

// linkKind finds out which kind of link that needs nothing else this kernel has.
var linkKind = sync.OnceValues(func() (string, error) {
	c, err := nlconn.Open()
	if err != nil {
		return "", err
	}
	defer c.Close()
	ctx := context.Background()
	for _, kind := range []string{"dummy", "ifb", "bridge"} {
		probe := &link{Name: "probe", Info: &linkInfo{Kind: kind}}
		if err = nlconn.Exec(ctx, c, &opNewlink, probe, nlconn.Create, nlconn.Exclusive); err == nil {
			return kind, nlconn.Exec(ctx, c, &opDellink, probe)
		}
	}
	return "", err
})

// plain is the link info of a link that needs nothing else.
func plain(t testing.TB) *linkInfo {
	t.Helper()
	kind, err := linkKind()
	if err != nil {
		t.Skip("this kernel has no plain kind of link: ", err)
	}
	return &linkInfo{Kind: kind}
}

// plainLinks makes n links and removes them with the test.
func plainLinks(t testing.TB, ctx context.Context, c *nlconn.Conn, prefix string, n int) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("%s%d", prefix, i)
		err := nlconn.Exec(ctx, c, &opNewlink, &link{Name: name, Info: plain(t)}, nlconn.Create, nlconn.Exclusive)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := nlconn.Exec(context.Background(), c, &opDellink, &link{Name: name}); err != nil && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

func TestLiveDo(t *testing.T) {
	ctx, c := live(t)
	for _, op := range []*nlconn.Operation{&opGetlink, acked(opGetlink)} {
		for _, o := range [][]nlconn.CallOption{nil, {nlconn.WantAck}, {nlconn.Lax}} {
			l, err := nlconn.Do[link](ctx, c, op, &link{Index: 1}, o...)
			if err != nil || l == nil || l.Name != "lo" || l.Index != 1 {
				t.Errorf("Do: %+v, %v", l, err)
			}
		}
		// The flags of a dump make one of it, and the kernel acknowledges no dump.
		for l, err := range nlconn.DoAll[link](ctx, c, op, nil, nlconn.Root|nlconn.Match) {
			if err != nil || l.Index == 1 && l.Name != "lo" {
				t.Errorf("DoAll: %+v, %v", l, err)
			}
		}
		var l link
		if found, err := nlconn.DoInto(ctx, c, op, &link{Index: 1}, &l); !found || err != nil || l.Name != "lo" {
			t.Errorf("DoInto: %v, %+v, %v", found, l, err)
		}
		if l, err := nlconn.Do[link](ctx, c, op, &link{Name: "none"}); l != nil || !errors.Is(err, syscall.ENODEV) {
			t.Errorf("Do: %+v, %v", l, err)
		}
		n := 0
		for l, err := range nlconn.DoAll[link](ctx, c, op, &link{Index: 1}) {
			if err != nil || l.Name != "lo" {
				t.Errorf("DoAll: %+v, %v", l, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("DoAll: %d replies", n)
		}
	}
}

// An operation that was wrongly said to answer always does not hang, thanks to
// the fence.
func TestLiveFence(t *testing.T) {
	ctx, c := live(t)
	op := opSetlink
	op.Reply, op.Single = 16, true
	for range 3 {
		l, err := nlconn.Do[link](ctx, c, &op, &link{Index: 1, MTU: nlattr.Some(uint32(65535))})
		if l != nil || err != nil {
			t.Fatalf("Do: %+v, %v", l, err)
		}
	}
	// All protocols know the fence.
	for _, protocol := range []int{0, 4, 6, 12, 16} {
		if ok, err := c.Fence(ctx, protocol); err != nil {
			t.Logf("protocol %d: %v", protocol, err)
		} else if !ok {
			t.Errorf("protocol %d: the fence is not answered", protocol)
		}
	}
}

func TestLiveExec(t *testing.T) {
	ctx, c := live(t)
	plainLinks(t, ctx, c, "ex", 1)
	err := nlconn.Exec(ctx, c, &opNewlink, &link{Name: "ex0", Info: plain(t)}, nlconn.Create, nlconn.Exclusive)
	if want := "rt-link: newlink: EEXIST"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, os.ErrExist) || !errors.Is(err, syscall.EEXIST) {
		t.Errorf("%v is not os.ErrExist", err)
	}
	err = nlconn.Exec(ctx, c, &opNewlink, &link{Name: "ex1", Info: &linkInfo{Kind: "no-such-kind"}}, nlconn.Create)
	if want := `rt-link: newlink: EOPNOTSUPP: "Unknown device type"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	var nl *nlmsg.Error
	// Validation comes before the kernel.
	err = nlconn.Exec(ctx, c, &opNewlink, &link{Name: "name-that-is-too-long", Info: plain(t)}, nlconn.Create)
	if err == nil || errors.As(err, &nl) {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	err = nlconn.Exec(ctx, c, &opNewlink, &link{Name: "name-that-is-too-long", Info: plain(t)}, nlconn.Create, nlconn.NoValidate)
	if !errors.As(err, &nl) || nl.Attr != "ifname" || nl.Policy == nil {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	// A string with a NUL cannot be encoded.
	err = nlconn.Exec(ctx, c, &opNewlink, &link{Name: "x\x00y"})
	var enc *nlattr.Error
	if !errors.As(err, &enc) || enc.Name != "ifname" {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	// Echo.
	ntf, err := nlconn.Do[link](ctx, c, &opNewlink, &link{Name: "ex2", Info: plain(t)}, nlconn.Create, nlconn.Echo)
	if err != nil || ntf == nil || ntf.Name != "ex2" {
		t.Errorf("echo: %+v, %v", ntf, err)
	}
	if err := nlconn.Exec(ctx, c, &opDellink, &link{Name: "ex2"}); err != nil {
		t.Error(err)
	}
}

func TestLiveDump(t *testing.T) {
	ctx, c := live(t)
	plainLinks(t, ctx, c, "du", 100)
	count := 0
	for l, err := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Name == "" {
			t.Error("link without a name")
		}
		count++
		if count%30 == 0 { // a request inside the loop
			if _, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: l.Index}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if count < 101 {
		t.Errorf("%d links", count)
	}
	all, err := nlconn.Collect[link](ctx, c, &opGetlink, (*link)(nil))
	if err != nil || len(all) != count {
		t.Errorf("Collect: %d links, %v", len(all), err)
	}
	var l link
	n := 0
	for err := range nlconn.DumpInto(ctx, c, &opGetlink, nil, &l) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Name != all[n].Name || l.Index != all[n].Index {
			t.Errorf("%s, not %s", l.Name, all[n].Name)
		}
		n++
	}
	if n != count {
		t.Errorf("DumpInto: %d links", n)
	}
	// Strict checking refuses a filter by index, in DONE or ERROR.
	for _, err := range nlconn.Dump[link](ctx, c, &opGetlink, &link{Index: 1}) {
		var nl *nlmsg.Error
		if !errors.As(err, &nl) || nl.Errno != syscall.EINVAL || nl.Message == "" {
			t.Errorf("strict dump: %v", err)
		}
		t.Log(err)
	}
	for _, err := range nlconn.Dump[link](ctx, c, &opGetlink, &link{Index: 1}, nlconn.Lax) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(d)
}

// Loops that are left, and calls that are cancelled, leave nothing behind.
func TestLiveBreak(t *testing.T) {
	ctx, c := live(t)
	plainLinks(t, ctx, c, "br", 60)
	var l link
	leave := func() {
		for range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
			break
		}
		for range nlconn.DumpInto(ctx, c, &opGetlink, nil, &l) {
			break
		}
		if l.Name == "" {
			t.Fatal("the reply of a loop that was left is gone")
		}
		inner, cancel := context.WithCancel(ctx)
		n, last := 0, error(nil)
		for _, err := range nlconn.Dump[link](inner, c, &opGetlink, nil) {
			n++
			last = err
			cancel()
		}
		cancel()
		if n == 0 || last != nil && !errors.Is(last, context.Canceled) {
			t.Fatalf("%d messages, %v", n, last)
		}
	}
	leave()
	before := descriptors(t)
	for range nettest.Rounds(10_000 / 3) {
		leave()
	}
	if after := descriptors(t); after > before+2 {
		t.Errorf("%d descriptors, before %d", after, before)
	}
	if l, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: 1}); err != nil || l.Name != "lo" {
		t.Errorf("%+v, %v", l, err)
	}
}

// A dump during which links come and go is interrupted, and says so.
func TestLiveInterrupted(t *testing.T) {
	ctx, c := live(t)
	plainLinks(t, ctx, c, "in", 200)
	interrupted := 0
	for range 20 {
		n := 0
		for _, err := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
			switch {
			case errors.Is(err, nlconn.ErrDumpInterrupted):
				interrupted++
			case err != nil:
				t.Fatal(err)
			}
			if n++; n == 5 {
				x := &link{Name: "inx", Info: plain(t)}
				if err := nlconn.Exec(ctx, c, &opNewlink, x, nlconn.Create); err != nil {
					t.Fatal(err)
				}
				if err := nlconn.Exec(ctx, c, &opDellink, x); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if interrupted == 0 {
		t.Error("no dump was interrupted")
	}
}

func TestLiveFamilies(t *testing.T) {
	ctx, c := live(t)
	f, err := c.Family(ctx, "nlctrl")
	if err != nil || f.ID != 16 || f.Name != "nlctrl" || len(f.Ops) == 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	if g, ok := f.Group("notify"); !ok || g.ID == 0 {
		t.Errorf("%+v", f.Groups)
	}
	all, err := c.Families(ctx)
	if err != nil || len(all) == 0 {
		t.Errorf("%v, %v", all, err)
	}
	_, err = c.Family(ctx, "no-such-family")
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	t.Log(err)
	// A stale id: the family is looked up anew, once.
	known := *f
	known.ID = 0x3ff
	known.Name = all[len(all)-1].Name
	c.Remember(&known)
	family := nlconn.Family{Name: known.Name, Protocol: 16, Generic: true}
	op := nlconn.Operation{Family: &family, Name: "anything", Request: 250}
	if err := nlconn.Exec(ctx, c, &op, nil); errors.Is(err, os.ErrNotExist) || err == nil {
		t.Error(err)
	} else {
		t.Log(err)
	}
	if f, err := c.Family(ctx, known.Name); err != nil || f.ID == 0x3ff {
		t.Errorf("%+v, %v", f, err)
	}
}

// A group above 32, which the sender's address cannot name, is told all the same.
func TestLiveGroupAbove32(t *testing.T) {
	const tunnel, newtunnel = 35, 120 // RTNLGRP_TUNNEL, RTM_NEWTUNNEL
	ctx, c := live(t)
	sub, err := nlconn.Subscribe(ctx, c, &rtLink, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil },
		nlconn.Group{Name: "rtnlgrp-tunnel", ID: tunnel})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for _, args := range []string{"ip link add vx35 type vxlan external vnifilter dstport 4789", "bridge vni add dev vx35 vni 100"} {
		args := strings.Fields(args)
		switch out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); {
		case errors.Is(err, exec.ErrNotFound):
			t.Skip(err)
		case strings.Contains(string(out), "Unknown device type"):
			t.Skipf("this kernel has no vxlan: %s", out)
		case err != nil:
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	for ev, err := range sub.Events(ctx) {
		if err != nil || ev.Group != tunnel || ev.Number != newtunnel {
			t.Errorf("%+v, %v", ev, err)
		}
		return
	}
	t.Error("no event")
}

func TestLiveSubscribe(t *testing.T) {
	ctx, c := live(t)
	info := plain(t) // Which kind there is is found out by making some.
	sub, err := nlconn.Subscribe(ctx, c, &rtLink, func(n *nlconn.Notification) (*link, error) {
		v := new(link)
		return v, n.DecodeInto(v)
	}, groupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		for range 3 {
			x := &link{Name: "sub0", Info: info}
			_ = nlconn.Exec(ctx, c, &opNewlink, x, nlconn.Create)
			_ = nlconn.Exec(ctx, c, &opDellink, x)
		}
	}()
	n := 0
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Group != 1 || ev.Number != 16 && ev.Number != 17 || ev.Value.Name != "sub0" {
			t.Errorf("%+v", ev)
		}
		if ev.Number == 17 {
			if n++; n == 3 {
				break
			}
		}
	}
	// Join and leave while the loop waits; then close.
	done := make(chan error, 1)
	go func() {
		for _, err := range sub.All(ctx) {
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	time.Sleep(20 * time.Millisecond)
	for _, err := range sub.All(ctx) {
		if !errors.Is(err, nlconn.ErrBusy) {
			t.Error(err)
		}
	}
	if err := sub.Join(ctx, nlconn.Group{Name: "rtnlgrp-nexthop", ID: 32}, nlconn.Group{Name: "rtnlgrp-brvlan", ID: 33}); err != nil {
		t.Error(err)
	}
	if err := sub.Leave(ctx, groupLink); err != nil {
		t.Error(err)
	}
	sub.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	sub, err = nlconn.Subscribe(ctx, c, &rtLink, func(n *nlconn.Notification) (*link, error) { return nil, nil }, groupLink)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range sub.All(short) {
		t.Error(err)
	}
	if short.Err() == nil {
		t.Error("the loop ended before its context")
	}
}

// A Conn that is forgotten lets its sockets go, those of subscriptions, too.
func TestLiveForgotten(t *testing.T) {
	ctx, _ := live(t)
	const port = 4712
	use := func() (*nlconn.Conn, error) {
		c, err := nlconn.Open(nlconn.WithPort(port))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: 1}); err != nil {
			return nil, err
		}
		sub, err := nlconn.Subscribe(ctx, c, &rtLink, borrowedName, groupLink)
		if err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		for range sub.All(ended) {
		}
		return c, nil
	}
	if _, err := use(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		c, err := use()
		if err == nil {
			c.Close()
			return
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	t.Error("the port is still taken")
}

func TestLiveClose(t *testing.T) {
	ctx, c := live(t)
	sub, err := nlconn.Subscribe(ctx, c, &rtLink, func(*nlconn.Notification) (int, error) { return 0, nil }, groupLink)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		for range sub.All(ctx) {
		}
		close(done)
	}()
	time.Sleep(10 * time.Millisecond)
	for _, err := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
		c.Close()
		if err != nil && !errors.Is(err, nlconn.ErrClosed) {
			t.Error(err)
		}
	}
	<-done
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: 1}); !errors.Is(err, nlconn.ErrClosed) {
		t.Error(err)
	}
}

func TestLiveBatch(t *testing.T) {
	ctx, c := live(t)
	for _, opts := range [][]nlconn.BatchOption{nil, {nlconn.AckLast()}} {
		b := c.NewBatch(nlconn.ProtocolRoute, opts...)
		for i := range 200 {
			b.Add(ctx, &opNewlink, &link{Name: fmt.Sprintf("ba%d", i), Info: plain(t)}, nlconn.Create, nlconn.Exclusive)
		}
		b.Add(ctx, &opNewlink, &link{Name: "ba7", Info: plain(t)}, nlconn.Create, nlconn.Exclusive)
		b.Add(ctx, &opNewlink, &link{Name: "ba-name-that-is-too-long"}, nlconn.Create)
		b.Add(ctx, &opDellink, &link{Name: "none"})
		var l link
		b.AddReply(ctx, &opGetlink, &link{Name: "ba3"}, &l)
		err := b.Do(ctx)
		var e *nlconn.BatchError
		if !errors.As(err, &e) || len(e.Failed) != 3 || e.Failed[0].Index != 200 || e.Failed[1].Index != 201 || e.Failed[2].Index != 202 {
			t.Fatal(err)
		}
		if !errors.Is(err, os.ErrExist) || !errors.Is(err, syscall.ENODEV) {
			t.Error(err)
		}
		if l.Name != "ba3" {
			t.Errorf("%+v", l)
		}
		b.Reset()
		for i := range 200 {
			b.Add(ctx, &opDellink, &link{Name: fmt.Sprintf("ba%d", i)})
		}
		if err := b.Do(ctx); err != nil {
			t.Fatal(err)
		}
		if err := b.Do(ctx); err == nil {
			t.Error("a batch was sent twice")
		}
	}
}
