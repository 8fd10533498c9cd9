package bridge

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// listen opens a raw socket of a link, which reads for a moment at a time.
func listen(t *testing.T, index uint32) int {
	t.Helper()
	const all = unix.ETH_P_ALL << 8 // in network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: int(index), Protocol: all}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 300_000}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// tunnelled reads as many packets of VXLAN, and returns the remote end of each, its port and the network.
func tunnelled(fd, n int) (list []string) {
	for deadline := time.Now().Add(5 * time.Second); len(list) < n && time.Now().Before(deadline); {
		b := make([]byte, 2000)
		size, _, err := unix.Recvfrom(fd, b, 0)
		if err != nil || size < 20+8+8 || b[0] != 0x45 || b[9] != unix.IPPROTO_UDP {
			continue
		}
		vni := binary.BigEndian.Uint32(b[32:]) >> 8
		list = append(list, fmt.Sprint(netip.AddrFrom4([4]byte(b[16:20])), " ", binary.BigEndian.Uint16(b[22:]), " ", vni))
	}
	slices.Sort(list)
	return list
}

// TestTunnelPackets sends packets to groups over VXLAN links and looks on the wire to which remote ends they go.
func TestTunnelPackets(t *testing.T) {
	l := newLab(t, snooping())
	cases := l.vxlan()
	client := rtbridgemdb.New(l.Conn)
	for _, req := range cases {
		if err := client.Newmdb(l.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatal(err)
		}
	}
	l.Up(l.Link("vxlan0"))
	witness.Output(t, "ip", "address", "add", "192.0.2.1/24", "dev", "far0")
	for host := 8; host <= 10; host++ {
		witness.Output(t, "ip", "neigh", "add", fmt.Sprint("192.0.2.", host), "lladdr", fmt.Sprintf("02:00:00:00:00:%02x", host), "dev", "far0")
	}
	wire := listen(t, l.ports[0])
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"192.0.2.1", "239.1.1.1", []string{"192.0.2.8 5 9", "192.0.2.9 4789 7"}}, // both entries
		{"192.0.2.3", "239.1.1.3", []string{"192.0.2.8 4789 7"}},                  // of this source
		{"192.0.2.4", "239.1.1.3", []string{"192.0.2.10 4789 7"}},                 // of another, so as all other groups
		{"192.0.2.1", "239.1.1.9", []string{"192.0.2.10 4789 7"}},
	} {
		from, to := netip.MustParseAddr(c.from).As4(), netip.MustParseAddr(c.to).As4()
		ip := slices.Concat([]byte{0x45, 0, 0, 20, 0, 0, 0, 0, 1, 253, 0, 0}, from[:], to[:])
		binary.BigEndian.PutUint16(ip[10:], traffic.Checksum(ip))
		l.sendFrame("vxlan0", slices.Concat([]byte{1, 0, 0x5e, to[1] & 0x7f, to[2], to[3], 2, 0, 0, 0, 0, 0x99, 8, 0}, ip))
		if got := tunnelled(wire, len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("from %s to %s: to the remote ends %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
