package socket

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) { nettest.Main(m) }

func mustOpen(t testing.TB, protocol int, o Options) *Socket {
	t.Helper()
	s, err := Open(protocol, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// pair returns two sockets of which the second sends to the first.
func pair(t testing.TB, o Options) (to, from *Socket) {
	nettest.Isolate(t)
	to = mustOpen(t, unix.NETLINK_USERSOCK, o)
	return to, mustOpen(t, unix.NETLINK_USERSOCK, Options{Peer: to.PortID(), SendQueue: 8 << 20})
}

func packets(n, size int) []Packet {
	p := make([]Packet, n)
	for i := range p {
		p[i].Buf = make([]byte, size)
	}
	return p
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func TestReceive(t *testing.T) {
	to, from := pair(t, Options{ReceiveQueue: 32 << 20})
	for _, c := range []struct {
		sizes []int
		room  int // packets
		cut   int // index of a datagram that is cut, or -1
	}{
		{[]int{10}, 1, -1},
		{[]int{1024}, 1, -1},
		{[]int{1025}, 1, -1},
		{[]int{700 << 10}, 1, -1},
		{[]int{4<<20 + 1024}, 1, -1},
		{[]int{4<<20 + 1025}, 1, 0},
		{[]int{1 << 20, 1 << 20, 10, 1 << 20}, 4, -1},
		{[]int{10, 20}, 2, -1},
		{[]int{900 << 10, 900 << 10}, 2, -1},
		{[]int{10, 4 << 20}, 2, 1},
		{[]int{5, 6, 7, 60 << 10, 8}, 32, -1},
	} {
		if n, err := to.TryReceive(packets(c.room, 1024)); n != 0 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		for _, size := range c.sizes {
			if err := from.Send(pattern(size)); err != nil {
				t.Fatal(err)
			}
		}
		p := packets(c.room, 1024)
		n, err := to.TryReceive(p)
		if n != len(c.sizes) || err != nil {
			t.Fatalf("%v: %d, %v", c.sizes, n, err)
		}
		for i, size := range c.sizes {
			switch {
			case p[i].Len != size || p[i].Port != from.PortID() || p[i].Group != 0 || p[i].HasNSID:
				t.Errorf("%v: %d: %d bytes of port %d", c.sizes, i, p[i].Len, p[i].Port)
			case p[i].Truncated() != (i == c.cut):
				t.Errorf("%v: %d: truncated %v, %d bytes", c.sizes, i, p[i].Truncated(), len(p[i].Data))
			case !bytes.Equal(p[i].Data, pattern(size)[:len(p[i].Data)]):
				t.Errorf("%v: %d: other bytes", c.sizes, i)
			}
		}
	}
	if n, err := to.TryReceive(nil); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	p := packets(1, 4096)
	if n := testing.AllocsPerRun(100, func() {
		if err := from.Send(p[0].Buf[:100]); err != nil {
			t.Fatal(err)
		}
		if n, err := to.TryReceive(p); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What outgrows its buffer by as much as a socket has room for is whole, whatever
// the buffer's size, with and without memory for the room.
func TestReceiveLarge(t *testing.T) {
	to, from := pair(t, Options{ReceiveQueue: 32 << 20})
	room := to.room
	defer func() { to.room = room }()
	for _, size := range []int{0, 1, plainLen - 1, plainLen, plainLen + 1} {
		for _, has := range []bool{true, false} {
			most := size
			if to.room = nil; has {
				to.room, most = room, size+overflowSize
			}
			for _, n := range []int{1, size - 1, size, size + 1, most, most + 1} {
				if n < 1 || n > overflowSize+plainLen {
					continue
				}
				if err := from.Send(pattern(n)); err != nil {
					t.Fatal(err)
				}
				p := packets(1, size)
				if got, err := to.TryReceive(p); got != 1 || err != nil {
					t.Fatal(got, err)
				}
				if p[0].Len != n || p[0].Port != from.PortID() || !bytes.Equal(p[0].Data, pattern(n)[:min(n, most)]) {
					t.Errorf("buffer of %d, room %v: %d of %d bytes", size, has, len(p[0].Data), n)
				}
			}
		}
	}
}

func TestWait(t *testing.T) {
	for _, listen := range []bool{false, true} {
		to, from := pair(t, Options{Listen: listen})
		before := descriptors(t)
		for range 50 {
			// Something comes.
			go func() {
				time.Sleep(time.Millisecond)
				_ = from.Send([]byte("x"))
			}()
			if n, err := to.Receive(context.Background(), packets(2, 100)); n != 1 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			// The context ends.
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			if n, err := to.Receive(ctx, packets(1, 100)); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%d, %v", n, err)
			}
			cancel()
			// It has ended.
			if n, err := to.Receive(ctx, packets(1, 100)); n != 0 || err == nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if after := descriptors(t); after > before+1 {
			t.Errorf("%d descriptors, before %d", after, before)
		}
		// The socket is closed.
		done := make(chan error)
		go func() {
			_, err := to.Receive(context.Background(), packets(1, 100))
			done <- err
		}()
		time.Sleep(5 * time.Millisecond)
		if err := to.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if err := to.Close(); err != nil {
			t.Error(err)
		}
		for _, err := range []error{to.Send(nil), to.Join(1), to.Leave(1), to.SetOption(1, 1)} {
			if !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		}
		if _, err := to.Receive(context.Background(), packets(1, 1)); !errors.Is(err, ErrClosed) {
			t.Error(err)
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

func TestOptions(t *testing.T) {
	nettest.Isolate(t)
	s := mustOpen(t, unix.NETLINK_ROUTE, Options{Port: 4242, ReceiveQueue: 3 << 20, SendQueue: 2 << 20, NoOverrun: true, BroadcastError: true, ListenAllNSID: true})
	if s.PortID() != 4242 || !s.Strict() {
		t.Errorf("port %d, strict %v", s.PortID(), s.Strict())
	}
	for option, want := range map[int]int{unix.SO_RCVBUF: 6 << 20, unix.SO_SNDBUF: 4 << 20} {
		if got, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, option); got != want || err != nil {
			t.Errorf("option %d: %d, %v", option, got, err)
		}
	}
	if _, err := Open(unix.NETLINK_ROUTE, Options{Port: 4242}); !errors.Is(err, unix.EADDRINUSE) {
		t.Error(err)
	}
	if s := mustOpen(t, unix.NETLINK_ROUTE, Options{Lax: true}); s.Strict() {
		t.Error("strict all the same")
	}
	if _, err := Open(99, Options{}); err == nil {
		t.Error("protocol 99 was opened")
	}
	for _, group := range []uint32{1, 32, 33} {
		if err := s.Join(group); err != nil {
			t.Errorf("join %d: %v", group, err)
		}
		if err := s.Leave(group); err != nil {
			t.Errorf("leave %d: %v", group, err)
		}
	}
}

// A multicast tells its group, with and without control data.
func TestGroup(t *testing.T) {
	nettest.Isolate(t)
	from := mustOpen(t, unix.NETLINK_USERSOCK, Options{})
	for _, group := range []uint32{1, 7, 32} {
		for _, control := range []bool{false, true} {
			to := mustOpen(t, unix.NETLINK_USERSOCK, Options{Listen: true})
			if control {
				if err := to.SetOption(unix.NETLINK_PKTINFO, 1); err != nil {
					t.Fatal(err)
				}
				to.control.Store(true)
			}
			if err := to.Join(group); err != nil {
				t.Fatal(err)
			}
			if err := unix.Sendto(from.fd, []byte("hello"), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (group - 1)}); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
				t.Fatal(err)
			}
			p := packets(4, 100)
			if n, err := to.TryReceive(p); n != 1 || err != nil || p[0].Group != group || p[0].Port != from.PortID() {
				t.Errorf("group %d, control %v: %d, %v, %+v", group, control, n, err, p[0].Group)
			}
		}
	}
}

func TestOverrun(t *testing.T) {
	nettest.Isolate(t)
	to := mustOpen(t, unix.NETLINK_ROUTE, Options{Listen: true})
	if err := unix.SetsockoptInt(to.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096); err != nil {
		t.Fatal(err)
	}
	// The kernel's multicasts: many link changes.
	if err := to.Join(1); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, unix.NETLINK_ROUTE, Options{})
	up := []byte{32, 0, 0, 0, 16, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" && runtime.GOARCH != "arm64" {
		t.Skip("bytes of a little-endian machine")
	}
	for i := range 60 {
		up[24] = byte(i & 1)
		if err := s.Send(up); err != nil {
			t.Fatal(err)
		}
	}
	seen := false
	for range 100 {
		n, err := to.TryReceive(packets(1, 8192))
		seen = seen || errors.Is(err, ErrOverrun)
		if n == 0 && err == nil {
			break
		}
	}
	if !seen {
		t.Error("no overrun was reported")
	}
}

// A socket that is forgotten lets its descriptor and its port go.
func TestForgotten(t *testing.T) {
	nettest.Isolate(t)
	const port = 4711
	if _, err := Open(unix.NETLINK_ROUTE, Options{Port: port}); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		s, err := Open(unix.NETLINK_ROUTE, Options{Port: port})
		if err == nil {
			s.Close()
			return
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			t.Fatal(err)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	t.Error("the port is still taken")
}

func TestNamespace(t *testing.T) {
	nettest.Isolate(t)
	home, err := CurrentNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	// A namespace that exists only by its descriptor.
	var other *Namespace
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			other, err = CurrentNamespace()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skip(err)
	}
	defer other.Close()
	for range 20 {
		if err := other.Do(func() error {
			if !other.current() || home.current() {
				t.Error("f runs in the wrong namespace")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !home.current() {
			t.Fatal("the calling thread is in another namespace")
		}
	}
	want := errors.New("mine")
	if err := other.Do(func() error { return want }); err != want {
		t.Error(err)
	}
	// A port of one namespace is free in the other.
	mustOpen(t, unix.NETLINK_ROUTE, Options{Port: 77})
	mustOpen(t, unix.NETLINK_ROUTE, Options{Port: 77, Namespace: other})
	if _, err := Open(unix.NETLINK_ROUTE, Options{Port: 77, Namespace: home}); !errors.Is(err, unix.EADDRINUSE) {
		t.Error(err)
	}
	fd, err := NamespaceFD(int(other.file.Fd()))
	if err != nil || fd.ino != other.ino {
		t.Errorf("%+v, %v", fd, err)
	}
	fd.Close()
	if err := fd.Do(func() error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed namespace: %v", err)
	}
	// Who leaves by way of t.Fatal does not come back, and nobody waits for ever.
	left := make(chan bool, 1)
	go func() {
		defer func() { left <- true }()
		_ = other.Do(func() error {
			runtime.Goexit()
			return nil
		})
		left <- false
	}()
	if !<-left {
		t.Error("the goroutine went on")
	}
	for _, name := range []string{"", ".", "..", "../x"} {
		if _, err := OpenNamedNamespace(name); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, path := range []string{"/proc/self/ns/mnt", "/proc/self/status", t.TempDir()} {
		if _, err := OpenNamespace(path); !errors.Is(err, os.ErrInvalid) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := NamespaceFD(0); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("the standard input: %v", err)
	}
	self, err := OpenNamespace("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	self.Close()
	if _, err := OpenNamedNamespace("does-not-exist"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
