package nfqueue

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestCommands gives the commands that kernels take for the sake of old programs, and one that they refuse.
func TestCommands(t *testing.T) {
	b := newBench(t, 28, nfqueue.ConfigModePacket)
	command := func(code nfqueue.ConfigCmds) error {
		req := config(28)
		req.Cmd = nlattr.Some(nfqueue.ConfigCmd{Command: code, Pf: unix.AF_INET})
		return b.queue.Config(b.ctx, req)
	}
	for _, code := range []nfqueue.ConfigCmds{nfqueue.ConfigCmdsPfBind, nfqueue.ConfigCmdsPfUnbind} {
		if err := command(code); err != nil {
			t.Errorf("%v: %v", code, err)
		}
	}
	if err := command(nfqueue.ConfigCmdsNone); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("no command: %v", err)
	}
}

// TestNone drops what is queued without being copied.
func TestNone(t *testing.T) {
	b := newBench(t, 29, nfqueue.ConfigModeNone)
	b.queueOutput("")
	_, _ = b.client.Write([]byte("lost")) // which may be told the sender
	b.silent()
}

// TestStop accepts a packet for the hooks that come later, too.
func TestStop(t *testing.T) {
	b := newBench(t, 30, nfqueue.ConfigModePacket)
	b.rules("inet", fmt.Sprintf("chain out { type filter hook output priority 0; udp dport %d jump q; }; chain late { type filter hook output priority 10; udp dport %d drop; };", b.port(), b.port()))
	b.send("dropped")
	b.decide(b.verdict(b.next().PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.silent()
	b.send("passed")
	b.decide(b.verdict(b.next().PacketHdr.V.PacketID, nfqueue.VerdictCodeStop))
	b.comes("passed")
}

// TestArrival gets a packet of IPv6 as it comes in, with the time of its arrival, which the kernel notes once a socket wants such times.
func TestArrival(t *testing.T) {
	b := newBench(t, 31, nfqueue.ConfigModePacket)
	server, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	raw, err := server.SyscallConn()
	if err == nil {
		err = errors.Join(raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMP, 1) }), err)
	}
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.DialUDP("udp6", nil, server.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b.rules("ip6", fmt.Sprintf("chain in { type filter hook input priority 0; udp dport %d jump q; };", server.LocalAddr().(*net.UDPAddr).Port))
	// Time stamps are switched on by a worker of the kernel.
	for start := time.Now(); ; {
		before := time.Now()
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		p := b.next()
		b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeDrop))
		if p.Header.NfgenFamily != nfqueue.NfprotoIpv6 || p.PacketHdr.V.HwProtocol != unix.ETH_P_IPV6 || len(p.Payload) != 40+8+5 {
			t.Fatalf("%v: header %+v, payload %x", p.Header, p.PacketHdr, p.Payload)
		}
		if !p.Timestamp.OK && time.Since(start) < 5*time.Second {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		at := time.Unix(int64(p.Timestamp.V.Sec), 1000*int64(p.Timestamp.V.Usec))
		if at.Before(before.Add(-time.Millisecond)) || at.After(time.Now()) {
			t.Errorf("sent after %v, arrived at %v", before, at)
		}
		return
	}
}

// TestSecctx gets a packet with the security context that a rule gave it.
func TestSecctx(t *testing.T) {
	b := newBench(t, 32, nfqueue.ConfigModePacket)
	flags := config(32)
	flags.Mask, flags.Flags = nlattr.Some(nfqueue.ConfigFlagsSecctx), nlattr.Some(nfqueue.ConfigFlagsSecctx)
	if err := b.queue.Config(b.ctx, flags); errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("this kernel sends no contexts: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	if modules, _ := os.ReadFile("/proc/self/attr/current"); len(modules) == 0 {
		t.Skip("this kernel has no security module that knows contexts")
	}
	b.rules("inet", fmt.Sprintf(`secmark s { "unconfined" }; chain out { type filter hook output priority 0; udp dport %d meta secmark set "s" jump q; };`, b.port()))
	b.send("hello")
	p := b.next()
	if p.Secctx != nlattr.Some("unconfined") {
		t.Errorf("the context is %v", p.Secctx)
	}
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("hello")
}

// TestCgroup gets a packet with the class of the control group of its sender. Control groups are the whole machine's, so this is for
// guests only.
func TestCgroup(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("control groups are made in the guest of make test-vm only")
	}
	dir := t.TempDir()
	if err := unix.Mount("cgroup", dir, "cgroup", 0, "net_cls"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	group := filepath.Join(dir, "queued")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(group, "net_cls.classid"), "0x100005")
	pid := strconv.Itoa(os.Getpid())
	write(filepath.Join(group, "cgroup.procs"), pid)
	t.Cleanup(func() {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(pid), 0)
		_ = os.Remove(group)
	})
	b := newBench(t, 33, nfqueue.ConfigModePacket)
	b.queueOutput("")
	b.send("hello")
	p := b.next()
	if p.CgroupClassid != nlattr.Some(uint32(0x100005)) {
		t.Errorf("the class is %v", p.CgroupClassid)
	}
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("hello")
}
