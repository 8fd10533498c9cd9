package mptcppm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/mptcppm"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A monitor is a running ip mptcp monitor.
type monitor struct {
	lines chan string
}

// watch starts the monitor, and returns when it listens.
func watch(n *witness.Namespace) *monitor {
	path, err := exec.LookPath("ip")
	if err != nil {
		n.Skip(err)
	}
	cmd := exec.Command(path, "mptcp", "monitor")
	if unbuffer, err := exec.LookPath("stdbuf"); err == nil {
		cmd = exec.Command(unbuffer, "-oL", path, "mptcp", "monitor")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		n.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.Fatal(err)
	}
	m := &monitor{lines: make(chan string, 1000)}
	go func() {
		defer close(m.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			m.lines <- s.Text()
		}
	}()
	stop := sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	n.Cleanup(stop)
	return m
}

// next is the next line of the monitor.
func (m *monitor) next(ctx context.Context) string {
	select {
	case line, ok := <-m.lines:
		if !ok {
			return "the monitor has ended"
		}
		return line
	case <-ctx.Done():
		return "the monitor printed no more"
	}
}

// asMonitor is an event as ip mptcp monitor prints it. ip 6.1 does not know the listeners' events, nor who made a connection.
func asMonitor(ev mptcppm.Event) string {
	var b strings.Builder
	put := func(format string, v any, ok bool) {
		if ok {
			fmt.Fprintf(&b, " "+format, v)
		}
	}
	token := func(v nlattr.Opt[uint32]) { put("token=%08x", v.V, v.OK) }
	ends := func(s4, s6, d4, d6 nlattr.Opt[netip.Addr], sport, dport nlattr.Opt[uint16]) {
		put("saddr4=%v", s4.V, s4.OK)
		put("saddr6=%v", s6.V, s6.OK)
		put("daddr4=%v", d4.V, d4.OK)
		put("daddr6=%v", d6.V, d6.OK)
		put("sport=%d", sport.V, sport.OK)
		put("dport=%d", dport.V, dport.OK)
	}
	name := func(s string) { fmt.Fprintf(&b, "[%14s]", s) }
	connection := func(kind string, x *mptcppm.CreatedMessage) {
		name(kind)
		token(x.Token)
		put("remid=%d", x.RemID.V, x.RemID.OK)
		put("locid=%d", x.LocID.V, x.LocID.OK)
		ends(x.Saddr4, x.Saddr6, x.Daddr4, x.Daddr6, x.Sport, x.Dport)
		put("flags=%x", uint16(x.Flags.V), x.Flags.OK)
	}
	subflow := func(kind string, x *mptcppm.SubClosedMessage) {
		name(kind)
		token(x.Token)
		put("remid=%d", x.RemID.V, x.RemID.OK)
		put("locid=%d", x.LocID.V, x.LocID.OK)
		ends(x.Saddr4, x.Saddr6, x.Daddr4, x.Daddr6, x.Sport, x.Dport)
		put("backup=%d", x.Backup.V, x.Backup.OK)
		put("error=%d", x.Error.V, x.Error.OK)
		put("ifindex=%d", x.IfIdx.V, x.IfIdx.OK)
		put("reset_reason=%d", uint32(x.ResetReason.V), x.ResetReason.OK)
		put("reset_flags=0x%x", x.ResetFlags.V, x.ResetFlags.OK)
	}
	plain := func(x *mptcppm.SubEstablishedMessage) *mptcppm.SubClosedMessage {
		return &mptcppm.SubClosedMessage{
			Token: x.Token, LocID: x.LocID, RemID: x.RemID, Saddr4: x.Saddr4, Saddr6: x.Saddr6, Daddr4: x.Daddr4, Daddr6: x.Daddr6,
			Sport: x.Sport, Dport: x.Dport, Backup: x.Backup, Error: x.Error, IfIdx: x.IfIdx,
		}
	}
	switch x := ev.(type) {
	case *mptcppm.CreatedEvent:
		connection("CREATED", &x.CreatedMessage)
	case *mptcppm.EstablishedEvent:
		connection("ESTABLISHED", &x.CreatedMessage)
	case *mptcppm.ClosedEvent:
		name("CLOSED")
		token(x.Token)
	case *mptcppm.AnnouncedEvent:
		name("ANNOUNCED")
		token(x.Token)
		put("remid=%d", x.RemID.V, x.RemID.OK)
		put("daddr4=%v", x.Daddr4.V, x.Daddr4.OK)
		put("daddr6=%v", x.Daddr6.V, x.Daddr6.OK)
		put("dport=%d", x.Dport.V, x.Dport.OK)
	case *mptcppm.RemovedEvent:
		name("REMOVED")
		token(x.Token)
		put("remid=%d", x.RemID.V, x.RemID.OK)
	case *mptcppm.SubEstablishedEvent:
		subflow("SF_ESTABLISHED", plain(&x.SubEstablishedMessage))
	case *mptcppm.SubPriorityEvent:
		subflow("SF_PRIO", plain(&x.SubEstablishedMessage))
	case *mptcppm.SubClosedEvent:
		subflow("SF_CLOSED", &x.SubClosedMessage)
	case *mptcppm.ListenerCreatedEvent:
		return "[UNKNOWN 15]"
	case *mptcppm.ListenerClosedEvent:
		return "[UNKNOWN 16]"
	default:
		return fmt.Sprintf("%#v", ev)
	}
	return b.String()
}

// A connection is a connection of MPTCP with both ends here.
type connection struct {
	listener     net.Listener
	near, far    net.Conn
	token, other uint32 // of the near end, which connected, and the far end
}

// connect makes a connection to the first host of a family, and has both ends hear of each other, so that it is fully established.
func connect(t *testing.T, ctx context.Context, family uint16) *connection {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(true)
	listener, err := config.Listen(ctx, "tcp", netip.AddrPortFrom(hosts[family][0], 0).String())
	if err != nil {
		t.Fatal(err)
	}
	x := &connection{listener: listener}
	var dialer net.Dialer
	dialer.SetMultipathTCP(true)
	for {
		x.near, err = dialer.DialContext(ctx, "tcp", listener.Addr().String())
		if !errors.Is(err, unix.ENETUNREACH) {
			break
		}
		time.Sleep(time.Millisecond) // The kernel is still busy with a new IPv6 address.
	}
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := x.near.(*net.TCPConn).MultipathTCP(); !ok {
		t.Skipf("the connection is none of MPTCP: %v", err)
	}
	if x.far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, way := range [][2]net.Conn{{x.near, x.far}, {x.far, x.near}} {
		if _, err := way[0].Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := way[1].Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

func (x *connection) close(t *testing.T) {
	for _, c := range []interface{ Close() error }{x.near, x.far, x.listener} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An ear hears the events, and compares each with what the monitor prints.
type ear struct {
	*testing.T
	ctx     context.Context
	next    func() (mptcppm.Event, error, bool)
	monitor *monitor
	c       *witness.Tally
	seen    []string
}

// hear reads events until one of the type E is accepted.
func hear[E mptcppm.Event](e *ear, what string, accept func(E) bool) E {
	e.Helper()
	for {
		ev, err, ok := e.next()
		if !ok || err != nil {
			e.Fatalf("%s: no event: %v; before were %v", what, err, e.seen)
		}
		witness.Known(e.T, what, ev)
		e.seen = append(e.seen, fmt.Sprintf("%T", ev))
		ours, theirs := strings.Fields(asMonitor(ev)), strings.Fields(e.monitor.next(e.ctx))
		slices.Sort(ours)
		slices.Sort(theirs)
		e.c.Field(what, strings.Join(ours, " "), strings.Join(theirs, " "))
		e.c.Fields += max(0, len(ours)-2)
		if ev, ok := ev.(E); ok && accept(ev) {
			return ev
		}
	}
}

// TestConnections manages connections from here: announces addresses and withdraws them, makes subflows, changes and ends them. Both
// ends are here, so each step is told by events, which ip mptcp monitor prints, too.
func TestConnections(t *testing.T) {
	for family, name := range map[uint16]string{unix.AF_INET: "IPv4", unix.AF_INET6: "IPv6"} {
		t.Run(name, func(t *testing.T) {
			n, client := newNamespace(t)
			userspace(t)
			ctx, cancel := context.WithTimeout(n.Ctx, 20*time.Second)
			defer cancel()
			sub, err := client.Subscribe(ctx, mptcppm.GroupEvents)
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			e := &ear{T: t, ctx: ctx, monitor: watch(n), c: witness.NewTally(t)}
			events := make(chan mptcppm.Event, 1000)
			failed := make(chan error, 1)
			go func() {
				for ev, err := range sub.All(ctx) {
					if err != nil {
						failed <- err
						return
					}
					events <- ev
				}
			}()
			e.next = func() (mptcppm.Event, error, bool) {
				select {
				case ev := <-events:
					return ev, nil, true
				case err := <-failed:
					return nil, err, false
				}
			}
			e.ready(ctx)
			e.run(client, family)
			e.c.Report(name)
			t.Logf("%d events: %s", len(e.seen), strings.ReplaceAll(strings.Join(e.seen, " "), "*mptcppm.", ""))
		})
	}
}

// ready makes listeners until the monitor, which needs time to start, sees one of them, and forgets the events of the others.
func (e *ear) ready(ctx context.Context) {
	e.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(true)
	for {
		l, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
		if err != nil {
			e.Fatal(err)
		}
		_ = l.Close()
		if ev, err, ok := e.next(); !ok {
			e.Fatalf("no event of a listener: %v, %v", ev, err)
		}
		ev, err, ok := e.next()
		if _, closed := ev.(*mptcppm.ListenerClosedEvent); !ok || !closed {
			e.Fatalf("not the event of a listener that is closed: %T, %v", ev, err)
		}
		select {
		case <-e.monitor.lines:
			// It may have started between the two events.
			select {
			case <-e.monitor.lines:
			case <-time.After(100 * time.Millisecond):
			}
			return
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			e.Fatal("the monitor does not start")
		}
	}
}

// The steps. Each end has a token of its own: near made the connection, far accepted it.
func (e *ear) run(client *mptcppm.Client, family uint16) {
	x := connect(e.T, e.ctx, family)
	host := func(v4, v6 nlattr.Opt[netip.Addr]) netip.Addr {
		if family == unix.AF_INET {
			return v4.V
		}
		return v6.V
	}
	port := uint16(x.listener.Addr().(*net.TCPAddr).Port)
	listening := hear(e, "listen", func(ev *mptcppm.ListenerCreatedEvent) bool { return ev.Sport.V == port })
	e.c.Field("listener's address", host(listening.Saddr4, listening.Saddr6), hosts[family][0].String())
	e.c.Field("listener's family", listening.Family, float64(family))
	for x.token == 0 || x.other == 0 {
		ev := hear(e, "establish", func(*mptcppm.EstablishedEvent) bool { return true })
		e.c.Field("family", ev.Family, float64(family))
		if ev.Dport.V == port {
			x.token = ev.Token.V
			e.c.Field("server side of near", ev.ServerSide.V|uint8(ev.Flags.V&mptcppm.EventFlagsServerSide), float64(0))
		} else {
			x.other = ev.Token.V
			e.c.Field("server side of far", ev.ServerSide.V != 0 || ev.Flags.V&mptcppm.EventFlagsServerSide != 0, true)
		}
	}
	token, other := nlattr.Some(x.token), nlattr.Some(x.other)

	// The near end announces its second host, and withdraws it.
	second := address(family, hosts[family][1])
	second.ID, second.Flags = nlattr.Some(uint8(9)), nlattr.Some(mptcppm.AddrFlagsSignal)
	if err := client.Announce(e.ctx, &mptcppm.AnnounceRequest{Addr: second, Token: token}); err != nil {
		e.Fatal(err)
	}
	announced := hear(e, "announce", func(ev *mptcppm.AnnouncedEvent) bool { return ev.Token == other })
	e.c.Field("announced number", announced.RemID, float64(9))
	e.c.Field("announced host", host(announced.Daddr4, announced.Daddr6), hosts[family][1].String())
	e.known(client, token, second)
	if err := client.Remove(e.ctx, &mptcppm.RemoveRequest{Token: token, LocID: second.ID}); err != nil {
		e.Fatal(err)
	}
	removed := hear(e, "remove", func(ev *mptcppm.RemovedEvent) bool { return ev.Token == other })
	e.c.Field("removed number", removed.RemID, float64(9))

	// A second subflow, from the second host to the listener.
	local, remote := address(family, hosts[family][1]), address(family, hosts[family][0])
	local.ID, remote.Port = nlattr.Some(uint8(5)), nlattr.Some(port)
	if err := client.SubflowCreate(e.ctx, &mptcppm.SubflowCreateRequest{Addr: local, Token: token, AddrRemote: remote}); err != nil {
		e.Fatal(err)
	}
	made := hear(e, "subflow", func(ev *mptcppm.SubEstablishedEvent) bool { return ev.Token == token })
	e.c.Field("subflow from", host(made.Saddr4, made.Saddr6), hosts[family][1].String())
	e.c.Field("subflow to", host(made.Daddr4, made.Daddr6), hosts[family][0].String())
	e.c.Field("subflow's number", made.LocID, float64(5))
	e.c.Field("subflow's port", made.Dport, float64(port))

	// It becomes a backup, which the far end is told.
	backup := address(family, hosts[family][1])
	backup.ID, backup.Port, backup.Flags = local.ID, made.Sport, nlattr.Some(mptcppm.AddrFlagsBackup)
	if err := client.SetFlags(e.ctx, &mptcppm.SetFlagsRequest{Addr: backup, Token: token, AddrRemote: remote}); err != nil {
		e.Fatal(err)
	}
	priority := hear(e, "backup", func(ev *mptcppm.SubPriorityEvent) bool { return ev.Token == other })
	e.c.Field("backup's port", priority.Dport.V, float64(made.Sport.V))
	e.c.Field("backup", priority.Backup, float64(1))

	// A subflow that is not there, and then the one that is.
	local.Port = nlattr.Some(made.Sport.V ^ 1)
	err := client.SubflowDestroy(e.ctx, &mptcppm.SubflowDestroyRequest{Addr: local, Token: token, AddrRemote: remote})
	if !errors.Is(err, syscall.ESRCH) {
		e.Errorf("a subflow that is not there: %v", err)
	}
	local.Port = made.Sport
	if err := client.SubflowDestroy(e.ctx, &mptcppm.SubflowDestroyRequest{Addr: local, Token: token, AddrRemote: remote}, nlconn.NoValidate); err != nil {
		e.Fatal(err)
	}
	gone := hear(e, "destroy", func(ev *mptcppm.SubClosedEvent) bool { return ev.Token == token })
	e.c.Field("port of the one destroyed", gone.Sport.V, float64(made.Sport.V))

	// Another one, over a link of its own, which is torn down from outside.
	local.Port, local.ID, local.IfIdx = nlattr.Opt[uint16]{}, nlattr.Some(uint8(6)), nlattr.Some(int32(1))
	if err := client.SubflowCreate(e.ctx, &mptcppm.SubflowCreateRequest{Addr: local, Token: token, AddrRemote: remote}); err != nil {
		e.Fatal(err)
	}
	made = hear(e, "bound subflow", func(ev *mptcppm.SubEstablishedEvent) bool { return ev.Token == token })
	e.c.Field("link of the subflow", made.IfIdx, float64(1))
	witness.Output(e.T, "ss", "-K", "-t", "sport", "=", fmt.Sprint(":", made.Sport.V))
	reset := hear(e, "reset", func(ev *mptcppm.SubClosedEvent) bool { return ev.Token == other && ev.Dport == made.Sport })
	e.c.Field("why the far end lost it", reset.Error, float64(syscall.ECONNRESET))
	if !reset.ResetReason.OK || !reset.ResetFlags.OK {
		e.Errorf("the reset has no reason: %+v", reset)
	}

	x.close(e.T)
	left := map[uint32]bool{x.token: true, x.other: true}
	for len(left) > 0 {
		ev := hear(e, "close", func(*mptcppm.ClosedEvent) bool { return true })
		if !left[ev.Token.V] {
			e.Errorf("connection %#x was closed, it is none of ours or closed before", ev.Token.V)
		}
		delete(left, ev.Token.V)
	}
}

// known holds the addresses that the connection knows, which kernels tell since Linux 6.10.
func (e *ear) known(client *mptcppm.Client, token nlattr.Opt[uint32], want *mptcppm.AddressAttrs) {
	e.Helper()
	all, err := client.GetAddrCollect(e.ctx, &mptcppm.GetAddrDumpRequest{Token: token})
	if err != nil {
		e.Fatal(err)
	}
	for _, x := range all {
		if x.Addr.ID == want.ID {
			e.c.Within("an address of the connection", want, x.Addr)
			one, err := client.GetAddr(e.ctx, &mptcppm.GetAddrRequest{Token: token, Addr: &mptcppm.AddressAttrs{ID: want.ID}})
			if err != nil {
				e.Fatal(err)
			}
			e.c.Within("the same by do", x.Addr, one.Addr)
			return
		}
	}
	e.Errorf("the connection knows %d addresses, none with the number %d", len(all), want.ID.V)
}
