package connection

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// other is set in the environment of the second process, and says what it does.
const other = "NLGEN_CONNECTION_OTHER"

func TestMain(m *testing.M) {
	switch os.Getenv(other) {
	case "":
		nettest.Main(m)
	case "echo":
		run(echo())
	default:
		run(spoof(os.Getenv(other)))
	}
}

func run(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// echo answers each datagram of a process with the same bytes backwards, until its input ends.
func echo() error {
	conn, err := nlconn.Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	// Who listens takes datagrams from anybody.
	s, err := conn.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Listen: true})
	if err != nil {
		return err
	}
	fmt.Println(s.PortID())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	pkts := []nlconn.Packet{{Buf: make([]byte, 64<<10)}}
	for {
		n, err := s.Receive(ctx, pkts)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range pkts[:n] {
			b := append([]byte(nil), p.Data...)
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
			back, err := conn.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: p.Port})
			if err != nil {
				return err
			}
			if err := back.Send(b); err != nil {
				return err
			}
			back.Close()
		}
	}
}

// spoof sends to a port what looks like an answer of the kernel, a thousand times, with every sequence number near the one given.
func spoof(what string) error {
	var port, seq uint32
	if _, err := fmt.Sscanf(what, "%d %d", &port, &seq); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for i := range uint32(64) {
		b := make([]byte, 20) // an ack
		binary.NativeEndian.PutUint32(b, 36)
		b = append(b, make([]byte, 16)...)
		binary.NativeEndian.PutUint16(b[4:], unix.NLMSG_ERROR)
		binary.NativeEndian.PutUint32(b[8:], seq+i)
		code := int32(-int32(unix.EIO)) // that nothing else would answer
		binary.NativeEndian.PutUint32(b[16:], uint32(code))
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port}); err != nil {
			return err
		}
	}
	return nil
}

// start starts this binary as another process.
func start(t *testing.T, what string) (*exec.Cmd, io.ReadCloser, io.WriteCloser) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), other+"="+what)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out, in
}

// TestProcesses sends raw datagrams to another process by its port, in a protocol that no spec describes.
func TestProcesses(t *testing.T) {
	ctx, conn := witness.Connect(t)
	cmd, out, in := start(t, "echo")
	defer func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var port uint32
	if _, err := fmt.Sscan(line, &port); err != nil {
		t.Fatal(err)
	}
	s, err := conn.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: port})
	if err != nil {
		t.Fatal(err)
	}
	pkts := []nlconn.Packet{{Buf: make([]byte, 64<<10)}}
	for _, text := range []string{"x", "any bytes", strings.Repeat("many ", 8000)} {
		if err := s.Send([]byte(text)); err != nil {
			t.Fatal(err)
		}
		n, err := s.Receive(ctx, pkts)
		if n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		for i := range pkts[0].Data {
			if pkts[0].Data[i] != text[len(text)-1-i] {
				t.Fatalf("%d bytes came back, the %dth is wrong", len(pkts[0].Data), i)
			}
		}
	}
}

// TestSpoofingProcess lets another process send answers to our ports while requests are under way.
func TestSpoofingProcess(t *testing.T) {
	foreign := 0
	var mu sync.Mutex
	n := witness.NewNamespace(t, nlconn.WithHooks(nlconn.Hooks{
		Foreign: func(int, uint32, []byte) { mu.Lock(); foreign++; mu.Unlock() },
	}))
	var seq, port uint32
	conn, err := nlconn.Open(nlconn.WithPort(4711), nlconn.WithHooks(nlconn.Hooks{
		Foreign: func(int, uint32, []byte) { mu.Lock(); foreign++; mu.Unlock() },
		Out:     func(_ int, b []byte) { seq = binary.NativeEndian.Uint32(b[8:]) },
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	links := rtlink.New(conn)
	get := func() {
		t.Helper()
		link, err := links.Getlink(n.Ctx, &rtlink.GetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 1}})
		if err != nil || link.Ifname.V != "lo" {
			t.Fatalf("%+v, %v", link, err)
		}
	}
	get()
	port = 4711
	cmd, _, in := start(t, fmt.Sprintf("%d %d", port, seq+1))
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	// Its answers stand in the queue before the kernel's.
	for range 64 {
		get()
	}
	if foreign != 64 {
		t.Errorf("%d foreign datagrams were seen, want 64", foreign)
	}
}

// TestNamespaces uses three namespaces and two protocols in one process, by name, by path and by descriptor. No thread is left behind in
// another namespace.
func TestNamespaces(t *testing.T) {
	ctx, here := witness.Connect(t)
	names := []string{"nlgen-a", "nlgen-b", "nlgen-c"}
	for _, name := range names {
		witness.Output(t, "ip", "netns", "add", name)
		defer witness.Output(t, "ip", "netns", "del", name)
		witness.Output(t, "ip", "-n", name, "link", "add", "only-"+name[len(name)-1:], "type", "veth", "peer", "name", "peer")
	}
	fd, err := unix.Open("/run/netns/"+names[2], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	conns := map[string]*nlconn.Conn{"": here}
	for name, option := range map[string]nlconn.Option{
		"a": nlconn.WithNamedNamespace(names[0]),
		"b": nlconn.WithNamespace(filepath.Join("/run/netns", names[1])),
		"c": nlconn.WithNamespaceFD(fd),
	} {
		c, err := nlconn.Open(option)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[name] = c
	}
	before := threads(t)
	var wg sync.WaitGroup
	for g := range 64 {
		for name, c := range conns {
			wg.Add(1)
			go func() {
				defer wg.Done()
				want := "only-" + name
				reply, err := rtlink.New(c).Getlink(ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some(want)})
				if name == "" {
					if err == nil {
						t.Errorf("our own namespace has %v", reply.Ifname.V)
					}
				} else if err != nil || reply.Ifname.V != want {
					t.Errorf("%s: %v", want, err)
				}
				family, err := nlctrl.New(c).Getfamily(ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("nlctrl")})
				if err != nil || family.FamilyID.V != 16 {
					t.Errorf("%s, round %d: %v", want, g, err)
				}
			}()
		}
	}
	wg.Wait()
	for thread, ns := range threads(t) {
		if first, ok := before[thread]; ok && ns != first || ns != before["self"] {
			t.Errorf("thread %s is in %s", thread, ns)
		}
	}
}

// threads returns the namespace of each thread of this process.
func threads(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		if ns, err := os.Readlink("/proc/self/task/" + e.Name() + "/ns/net"); err == nil {
			all[e.Name()] = ns
		}
	}
	if all["self"], err = os.Readlink("/proc/self/ns/net"); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestThousand lets a thousand goroutines make a hundred calls each on one Conn: requests, changes, dumps that are read and dumps that
// are left, calls that are cancelled, lookups of families. Each gets its own answer.
func TestThousand(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	const links, calls = 8, 100
	goroutines := nettest.Rounds(1000)
	index := map[string]int32{}
	for i := range links / 2 {
		a, b := n.Veth(fmt.Sprintf("many%d", 2*i), fmt.Sprintf("many%d", 2*i+1))
		index[a.Ifname.V], index[b.Ifname.V] = a.Header.IfiIndex, b.Header.IfiIndex
	}
	rtlinks, addrs, routes, families := rtlink.New(n.Conn), rtaddr.New(n.Conn), rtroute.New(n.Conn), nlctrl.New(n.Conn)
	descriptors := countDescriptors(t)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range calls {
				name := fmt.Sprintf("many%d", (g+i)%links)
				var err error
				switch (g + i) % 7 {
				case 0, 1:
					var l *rtlink.GetlinkReply
					if l, err = rtlinks.Getlink(ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some(name)}); err == nil && l.Ifname.V != name {
						err = fmt.Errorf("got %s, not %s", l.Ifname.V, name)
					}
				case 2:
					err = rtlinks.Setlink(ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: index[name]}, Group: nlattr.Some(uint32(g))})
				case 3:
					for _, e := range rtlinks.GetlinkDump(ctx, nil) {
						if e != nil && !strings.Contains(e.Error(), nlconn.ErrDumpInterrupted.Error()) {
							err = e
						}
						if i%2 == 0 {
							break
						}
					}
				case 4:
					for _, e := range addrs.GetaddrDump(ctx, nil) {
						if e != nil && !strings.Contains(e.Error(), nlconn.ErrDumpInterrupted.Error()) {
							err = e
						}
					}
				case 5:
					var f *nlctrl.GetfamilyReply
					if f, err = families.Getfamily(ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("nlctrl")}); err == nil && f.FamilyID.V != 16 {
						err = fmt.Errorf("got family %v", f.FamilyName.V)
					}
				case 6:
					ended, cancel := context.WithCancel(ctx)
					cancel()
					if _, e := routes.GetrouteCollect(ended, nil); e == nil {
						err = fmt.Errorf("a call whose context had ended went well")
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	// What is kept are the sockets of the pools, 32 a protocol.
	if now := countDescriptors(t); now > descriptors+2*32+8 {
		t.Errorf("%d descriptors are open, there were %d", now, descriptors)
	}
}

func countDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
