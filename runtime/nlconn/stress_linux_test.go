package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// A real process that knows the port can send to it. It is not believed.
func TestLiveSpoof(t *testing.T) {
	foreign := 0
	ctx, c := live(t, nlconn.WithHooks(nlconn.Hooks{Foreign: func(int, uint32, []byte) { foreign++ }}))
	port, seq, err := c.IdleSocket(nlconn.ProtocolRoute)
	if err != nil {
		t.Fatal(err)
	}
	evil, err := c.OpenSocket(nlconn.ProtocolRoute, nlconn.SocketOptions{Peer: port})
	if err != nil {
		t.Fatal(err)
	}
	defer evil.Close()
	for n := range uint32(2) {
		var b []byte
		for _, m := range []nltest.Message{newlink("evil"), nltest.Ack()} {
			b = append(b, m.Seq(seq+1+n)(nltest.Request{})...)
		}
		if err := evil.Send(b); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range []*nlconn.Operation{&opGetlink, acked(opGetlink)} {
		if l, err := nlconn.Do[link](ctx, c, op, &link{Index: 1}); err != nil || nameOf(l) != "lo" {
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
	for name, opts := range map[string][]nlconn.Option{"own socket": nil, "one socket": {nlconn.WithOneSocket()}} {
		t.Run(name, func(t *testing.T) {
			listening, err := nlconn.Open(opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer listening.Close()
			sub, err := nlconn.Subscribe(ctx, listening, &rtLink, func(n *nlconn.Notification) (uint32, error) {
				var l link
				err := n.DecodeInto(&l)
				return l.MTU.V, err
			}, groupLink)
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			if err := syscall.SetsockoptInt(fdOf(t, sub.PortID()), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096); err != nil {
				t.Fatal(err)
			}
			plainLinks(t, ctx, c, "ov", 40)
			soon, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			overrun, older, heard := 0, 0, false
			for mtu, err := range sub.All(soon) {
				switch {
				case errors.Is(err, nlconn.ErrOverrun):
					// Here a subscriber reads the state anew. What changes from now on it has
					// to hear, or to hear that it was lost.
					overrun++
					if err := nlconn.Exec(ctx, c, &opSetlink, &link{Name: "ov0", MTU: nlattr.Some[uint32](1400)}); err != nil {
						t.Fatal(err)
					}
				case err != nil:
					t.Fatal(err)
				case mtu == 1400:
					heard = true
				case overrun == 0:
					older++
				}
				if heard {
					break
				}
			}
			if overrun == 0 || older == 0 || !heard {
				t.Errorf("%d overruns behind %d events; what changed then was heard: %v", overrun, older, heard)
			}
		})
	}
}

// fdOf finds the descriptor of a socket by its port.
func fdOf(t *testing.T, port uint32) int {
	t.Helper()
	for fd := range 1000 {
		name, err := syscall.Getsockname(fd)
		if nl, ok := name.(*syscall.SockaddrNetlink); err == nil && ok && nl.Pid == port {
			return fd
		}
	}
	t.Fatal("no such socket")
	return -1
}

// Many goroutines share a Conn.
func TestLiveConcurrent(t *testing.T) {
	ctx, c := live(t)
	plainLinks(t, ctx, c, "co", 10)
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
					if l, err = nlconn.Do[link](ctx, c, &opGetlink, &link{Name: name}); err == nil && l.Name != name {
						err = fmt.Errorf("got %s, not %s", l.Name, name)
					}
				case 2:
					err = nlconn.Exec(ctx, c, &opSetlink, &link{Name: name, MTU: nlattr.Some(uint32(1400 + g))})
				case 3:
					for _, e := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
						if err = e; errors.Is(e, nlconn.ErrDumpInterrupted) {
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
	if n := c.OpenSockets(); n > 2*nlconn.MaxIdle {
		t.Errorf("%d sockets are open", n)
	}
}
