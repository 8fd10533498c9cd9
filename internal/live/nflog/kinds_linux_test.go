package nflog

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nflog"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// connections asks for the connections of packets, and skips the test if the kernel sends none.
func (b *bench) connections() {
	b.Helper()
	req := config(b.group)
	req.Flags = nlattr.Some(nflog.ConfigFlagsConntrack)
	if err := b.log.Config(b.ctx, req); errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAGAIN) {
		b.Skipf("this kernel sends no connections: %v", err)
	} else if err != nil {
		b.Fatal(err)
	}
}

// TestConnections logs packets of connections of every kind, and compares each with what the family conntrack says of the connection.
func TestConnections(t *testing.T) {
	b := newBench(t, 34)
	b.connections()
	b.rules("inet", `
		chain labels { ct label set 127; };
		secmark s { "unconfined" };
		chain zone { type filter hook output priority raw; ip6 daddr 2001:db8::2 ct zone set 3; };
		chain out { type filter hook output priority 0; meta secmark set "s"; ct secmark set meta secmark;
			ip daddr 10.0.0.2 log group 34; ip6 daddr 2001:db8::2 log group 34; };
		chain in { type filter hook input priority 0; ip daddr 10.0.0.2 drop; ip6 daddr 2001:db8::2 drop; };`)
	traffic.Tracked(t, func(name string) ([]byte, error) {
		p := b.next()
		witness.Known(t, name, p)
		if p.Ct == nil {
			t.Fatalf("%s: no connection: %+v", name, p)
		}
		return (&nflog.PacketMessage{Ct: p.Ct}).AppendBinary(nil)
	})
}

// TestStates reads how packets stand towards their connection.
func TestStates(t *testing.T) {
	b := newBench(t, 36)
	b.connections()
	b.rules("inet", "chain out { type filter hook output priority 0; meta l4proto { udp, icmp } ct state new,established,related log group 36; };")
	client, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	state := func(what string, want nflog.CtInfo, send func() error) {
		t.Helper()
		if err := send(); err != nil {
			t.Fatal(err)
		}
		if p := b.next(); p.CtInfo != nlattr.Some(want) || p.Ct == nil {
			t.Errorf("%s: state %v, want %v", what, p.CtInfo, want)
		}
	}
	state("first", nflog.CtInfoNew, func() error { _, err := client.Write([]byte("x")); return err })
	state("error about it", nflog.CtInfoRelatedReply, func() error { return nil })
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	other, err := net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	write := func() error { _, err := other.Write([]byte("x")); return err }
	reply := func() error { _, err := server.WriteTo([]byte("x"), other.LocalAddr()); return err }
	state("first", nflog.CtInfoNew, write)
	state("reply", nflog.CtInfoEstablishedReply, reply)
	state("next", nflog.CtInfoEstablished, write)
	other.Close()
	state("reply to nobody", nflog.CtInfoEstablishedReply, reply)
	state("error about that", nflog.CtInfoRelated, func() error { return nil })
}

// TestBridge logs a frame with a VLAN tag on its way through a bridge, and as it comes into a device, in part.
func TestBridge(t *testing.T) {
	n := witness.NewNamespace(t)
	bridge := traffic.NewBridge(n)
	b := newBench(t, 37)
	b.rules("bridge", "chain c { type filter hook forward priority 0; ether saddr 02:00:00:00:00:08 meta mark set 5 log group 37; };")
	bridge.From.Send(traffic.Tagged("plain"))
	p := b.next()
	tally := witness.NewTally(t)
	tally.Field("family", p.Header.NfgenFamily, "bridge")
	tally.Field("protocol", p.PacketHdr.V.HwProtocol, float64(0x88b5))
	tally.Field("payload", p.Payload, "706c61696e")
	tally.Field("link layer header", p.L2hdr, "02000000000902000000000888b5")
	tally.Field("indev", p.IfindexIndev, float64(bridge.Link.Header.IfiIndex))
	tally.Field("outdev", p.IfindexOutdev, float64(bridge.Link.Header.IfiIndex))
	tally.Field("physindev", p.IfindexPhysindev, float64(bridge.In.Header.IfiIndex))
	tally.Field("physoutdev", p.IfindexPhysoutdev, float64(bridge.Out.Header.IfiIndex))
	tally.Field("sender", net.HardwareAddr(p.Hwaddr.V.HwAddr[:p.Hwaddr.V.HwAddrlen]), "02:00:00:00:00:08")
	tally.Field("mark", p.Mark, 5.0)
	if p.Vlan == nil {
		t.Fatalf("a frame without its tag: %+v", p)
	}
	tally.Field("vlan protocol", p.Vlan.Proto, float64(unix.ETH_P_8021Q))
	tally.Field("vlan tag", p.Vlan.Tci.V&^0x1000, float64(0x2005)) // but for a bit that only the kernel knows
	tally.Report("bridge")
	witness.Known(t, "message", p)
}

// TestFamilies logs packets of the other families.
func TestFamilies(t *testing.T) {
	n := witness.NewNamespace(t)
	a, z := n.Veth("log0", "log1")
	n.Up(a, z)
	b := newBench(t, 38)
	mode := config(38)
	mode.Mode = nlattr.Some(nflog.ConfigMode{CopyMode: nflog.CopyModePacket, CopyRange: 20})
	b.config(mode)
	from := traffic.NewWire(t, z.Header.IfiIndex)
	mac, err := net.ParseMAC(strings.TrimSpace(string(readFile(t, "/sys/class/net/log0/address"))))
	if err != nil {
		t.Fatal(err)
	}
	frame := func(protocol uint16, payload ...byte) []byte {
		f := append(append([]byte{}, mac...), 0x02, 0, 0, 0, 0, 8, byte(protocol>>8), byte(protocol))
		return append(append(f, payload...), make([]byte, 60)...)
	}
	arp := []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 8, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2}
	ip6 := append([]byte{0x60, 0, 0, 0, 0, 8, 17, 64}, append(append(net.ParseIP("2001:db8::8"), net.ParseIP("2001:db8::9")...), 0, 7, 0, 7, 0, 8, 0, 0)...)
	for _, c := range []struct {
		family, chain string
		want          nflog.Nfproto
		frame         []byte
	}{
		{"netdev", `chain c { type filter hook ingress device "log0" priority 0; ether saddr 02:00:00:00:00:08 log group 38; };`, nflog.NfprotoNetdev, frame(0x88b5, []byte("plain")...)},
		{"arp", "chain c { type filter hook input priority 0; log group 38; };", nflog.NfprotoArp, frame(unix.ETH_P_ARP, arp...)},
		{"ip6", "chain c { type filter hook prerouting priority 0; udp dport 7 log group 38; };", nflog.NfprotoIpv6, frame(unix.ETH_P_IPV6, ip6...)},
	} {
		t.Run(c.family, func(t *testing.T) {
			sub := *b
			sub.T = t
			sub.rules(c.family, c.chain)
			from.Send(c.frame)
			p := sub.next()
			if p.Header.NfgenFamily != c.want || len(p.Payload) != 20 || fmt.Sprintf("%x", p.Payload) != fmt.Sprintf("%x", c.frame[14:34]) {
				t.Errorf("family %v, payload %x of %x", p.Header.NfgenFamily, p.Payload, c.frame)
			}
			witness.Known(t, "message", p)
		})
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCommands has the kernel log a family's packets by this subsystem, and give that up.
func TestCommands(t *testing.T) {
	b := newBench(t, 39)
	command := func(family nflog.Nfproto, code nflog.ConfigCmds) error {
		req := config(39)
		req.Header.NfgenFamily = family
		req.Cmd = nlattr.Some(nflog.ConfigCmd{Command: code})
		return b.log.Config(b.ctx, req)
	}
	const file = "/proc/sys/net/netfilter/nf_log/2" // AF_INET
	for _, c := range []struct {
		code nflog.ConfigCmds
		want string
	}{{nflog.ConfigCmdsPfBind, "nfnetlink_log"}, {nflog.ConfigCmdsPfUnbind, "NONE"}} {
		if err := command(nflog.NfprotoIpv4, c.code); err != nil {
			t.Fatalf("%v: %v", c.code, err)
		}
		if got := strings.TrimSpace(string(readFile(t, file))); got != c.want {
			t.Errorf("after %v packets are logged by %s", c.code, got)
		}
	}
	// ENOTSUPP, a number that is not for programs.
	if err := command(nflog.NfprotoIpv4, nflog.ConfigCmdsNone); !errors.Is(err, unix.Errno(524)) {
		t.Errorf("no command: %v", err)
	}
}
