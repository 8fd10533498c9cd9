package nlconn

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A real process that knows the port can send to it. It is not believed.
func TestLiveSpoof(t *testing.T) {
	foreign := 0
	ctx, c := live(t, WithHooks(Hooks{Foreign: func(int, uint32, []byte) { foreign++ }}))
	x, err := c.borrow(ProtocolRoute, false)
	if err != nil {
		t.Fatal(err)
	}
	evil, err := c.OpenSocket(ProtocolRoute, SocketOptions{Peer: x.sock.PortID()})
	if err != nil {
		t.Fatal(err)
	}
	defer evil.Close()
	for _, seq := range []uint32{x.seq + 1, x.seq + 2} {
		h := nlmsg.Header{Seq: seq}
		if err := evil.Send(datagram(newlink(h, 0, "evil"), ack(h, 0)).Data); err != nil {
			t.Fatal(err)
		}
	}
	c.giveBack(x)
	for _, op := range []*Operation{&opGetlink, acked(opGetlink)} {
		if l, err := Do[link](ctx, c, op, &link{Index: 1}); err != nil || nameOf(l) != "lo" {
			t.Errorf("%+v, %v", l, err)
		}
	}
	if foreign != 2 {
		t.Errorf("%d foreign datagrams", foreign)
	}
}

// A small queue overruns, says so, and goes on.
func TestLiveOverrun(t *testing.T) {
	ctx, c := live(t)
	sub, err := Subscribe(ctx, c, &rtLink, func(n *Notification) (string, error) {
		var l link
		err := n.DecodeBorrowed(&l)
		return l.Name, err
	}, groupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if err := syscall.SetsockoptInt(fdOf(t, sub.sock), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096); err != nil {
		t.Fatal(err)
	}
	dummies(t, ctx, c, "ov", 40)
	overrun, last := 0, ""
	for name, err := range sub.All(ctx) {
		switch {
		case errors.Is(err, ErrOverrun):
			overrun++
			if err := Exec(ctx, c, &opSetlink, &link{Name: "ov0", MTU: nlattr.Some(uint32(1400))}); err != nil {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatal(err)
		}
		if last = name; overrun > 0 && last == "ov0" {
			break
		}
	}
	if overrun == 0 {
		t.Error("no overrun")
	}
}

// fdOf finds the descriptor of a socket by its port.
func fdOf(t *testing.T, s Socket) int {
	t.Helper()
	for fd := range 1000 {
		name, err := syscall.Getsockname(fd)
		if nl, ok := name.(*syscall.SockaddrNetlink); err == nil && ok && nl.Pid == s.PortID() {
			return fd
		}
	}
	t.Fatal("no such socket")
	return -1
}

// Many goroutines share a Conn.
func TestLiveConcurrent(t *testing.T) {
	ctx, c := live(t)
	dummies(t, ctx, c, "co", 10)
	var wg sync.WaitGroup
	for g := range 100 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 20 {
				name := fmt.Sprintf("co%d", (g+i)%10)
				var err error
				switch i % 5 {
				case 0, 1:
					var l *link
					if l, err = Do[link](ctx, c, &opGetlink, &link{Name: name}); err == nil && l.Name != name {
						err = fmt.Errorf("got %s, not %s", l.Name, name)
					}
				case 2:
					err = Exec(ctx, c, &opSetlink, &link{Name: name, MTU: nlattr.Some(uint32(1400 + g))})
				case 3:
					for _, e := range Dump[link](ctx, c, &opGetlink, nil) {
						if err = e; errors.Is(e, ErrDumpInterrupted) {
							err = nil
						}
						if i == 8 {
							break
						}
					}
				case 4:
					_, err = c.Families(ctx)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if n := len(c.open); n > 2*maxIdle {
		t.Errorf("%d sockets are open", n)
	}
}
