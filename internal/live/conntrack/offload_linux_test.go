package conntrack

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// TestOffload forwards packets of a flow that a flow table carries from then on.
func TestOffload(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("the kernel here is built without flow tables: only in the virtual machine")
	}
	n := witness.NewNamespace(t)
	ctx, c := client(t)
	here, there := side(n, "in", "10.9.1"), side(n, "out", "10.9.2")
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	witness.Output(t, "nft", "add table ip flows; add flowtable ip flows f { hook ingress priority 0; devices = { in0, out0 }; }; "+
		"add chain ip flows c { type filter hook forward priority 0; }; add rule ip flows c ip protocol udp flow add @f")
	t.Cleanup(func() { _ = exec.Command("nft", "delete table ip flows").Run() })
	// The first packet each way makes the flow, and the next one gives it to the table.
	here.send(t, there, 4000, 53)
	there.send(t, here, 53, 4000)
	here.send(t, there, 4000, 53)
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		x, err := c.Get(ctx, &conntrack.GetRequest{Header: header(unix.AF_INET), TupleOrig: tuple(here.host("2"), there.host("2"), unix.IPPROTO_UDP, 4000, 53)})
		if err != nil {
			t.Fatal(err)
		}
		// The table keeps the time.
		if x.Status.V&conntrack.NfCtStatusOffload == 0 || x.Timeout.OK {
			tally.Errorf("the flow is %v, for %v", x.Status, x.Timeout)
		}
		compareListed(ctx, t, c, tally, 1)
	})
	tally.Report("an offloaded flow")
}

// A network is one that a router, the test, has a link to. Its host has the number 2, and says what is sent out of far.
type network struct {
	prefix string
	router net.HardwareAddr
	far    uint32
}

func (x network) host(number string) string { return x.prefix + "." + number }

// side makes a network.
func side(n *witness.Namespace, name, prefix string) network {
	n.T.Helper()
	near, far := n.Veth(name+"0", name+"1")
	n.Up(near, far)
	witness.Output(n.T, "ip", "address", "add", prefix+".1/24", "dev", name+"0")
	witness.Output(n.T, "ip", "neighbour", "add", prefix+".2", "lladdr", far.Address.String(), "dev", name+"0")
	return network{prefix, near.Address, uint32(far.Header.IfiIndex)}
}

// send has the host send a datagram to that of another network.
func (x network) send(t *testing.T, to network, sport, dport uint16) {
	t.Helper()
	datagram := []byte{byte(sport >> 8), byte(sport), byte(dport >> 8), byte(dport), 0, 8, 0, 0}
	packet := traffic.IPv4(netip.MustParseAddr(x.host("2")), netip.MustParseAddr(to.host("2")), unix.IPPROTO_UDP, 64, nil, datagram)
	frame := append(append(append([]byte{}, x.router...), 2, 0, 0, 0, 0, 9, 0x08, 0x00), packet...)
	traffic.SendFrame(t, x.far, frame)
}
