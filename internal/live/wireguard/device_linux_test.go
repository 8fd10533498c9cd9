package wireguard

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/wireguard"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// peer makes a peer with some ranges of addresses.
func peer(number int, flags wireguard.PeerFlags, ranges ...string) nlattr.Indexed[wireguard.PeerAttrs] {
	p := wireguard.PeerAttrs{PublicKey: key(number)}
	if flags != 0 {
		p.Flags = nlattr.Some(flags)
	}
	for _, text := range ranges {
		var a wireguard.AllowedIPAttrs
		a.SetPrefix(netip.MustParsePrefix(text))
		p.Allowedips = append(p.Allowedips, nlattr.Indexed[wireguard.AllowedIPAttrs]{V: a})
	}
	return nlattr.Indexed[wireguard.PeerAttrs]{V: p}
}

// summary is the peers and their addresses, in short.
func summary(x *wireguard.GetDeviceReply) string {
	var b strings.Builder
	for _, p := range x.Peers {
		fmt.Fprintf(&b, "%d:", p.V.PublicKey[31])
		for _, a := range p.V.Allowedips {
			r, _ := a.V.Prefix()
			fmt.Fprint(&b, " ", r)
		}
		b.WriteString("; ")
	}
	return b.String()
}

// TestDevice sets everything there is, and reads it.
func TestDevice(t *testing.T) {
	n := witness.NewNamespace(t)
	link := newDevice(n, "wg0")
	newDevice(n, "wg1")
	client := wireguard.New(n.Conn)
	if x := read(n, "wg0"); x.PrivateKey != nil || x.PublicKey != nil || x.Peers != nil || x.Ifindex.V != uint32(link.Header.IfiIndex) {
		t.Errorf("a new device: %+v", x)
	}
	compare(n, "wg0", "wg1")

	first := peer(1, 0, "10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32")
	first.V.PresharedKey = key(99)
	first.V.PersistentKeepaliveInterval = nlattr.Some(uint16(25))
	first.V.ProtocolVersion = nlattr.Some(uint32(1))
	second := peer(2, 0, "0.0.0.0/0", "::/0")
	third := peer(3, 0)
	for _, c := range []struct {
		peer *wireguard.PeerAttrs
		at   string
	}{{&first.V, "192.0.2.9:1234"}, {&second.V, "[2001:db8::9]:4321"}, {&third.V, fmt.Sprintf("[fe80::7%%%d]:9", link.Header.IfiIndex)}} {
		if err := c.peer.SetAddrPort(netip.MustParseAddrPort(c.at)); err != nil {
			t.Fatal(err)
		}
	}
	err := client.SetDevice(n.Ctx, &wireguard.SetDeviceRequest{
		Ifindex: nlattr.Some(uint32(link.Header.IfiIndex)), PrivateKey: key(7), ListenPort: nlattr.Some(uint16(51820)),
		Fwmark: nlattr.Some(uint32(0xcafe)), Peers: []nlattr.Indexed[wireguard.PeerAttrs]{first, second, third},
	})
	if err != nil {
		t.Fatal(err)
	}
	x := read(n, "wg0")
	if len(x.Peers) != 3 || len(x.PublicKey) != 32 || x.ListenPort.V != 51820 || x.Fwmark.V != 0xcafe {
		t.Fatalf("the device is %+v", x)
	}
	// Curve25519 makes a private key from any 32 bytes.
	if want := append([]byte{0}, key(7)[1:]...); !bytes.Equal(x.PrivateKey[:31], want[:31]) || x.PrivateKey[31] != 7|64 {
		t.Errorf("the private key is %x", x.PrivateKey)
	}
	for i, asked := range []*wireguard.PeerAttrs{&first.V, &second.V, &third.V} {
		got, _ := x.Peers[i].V.AddrPort()
		want, _ := asked.AddrPort()
		if got != want || !x.Peers[i].V.LastHandshakeTime.OK || x.Peers[i].V.ProtocolVersion != nlattr.Some(uint32(1)) {
			t.Errorf("peer %d is %+v", i, x.Peers[i].V)
		}
	}
	compare(n, "wg0", "wg1")

	// All zeros take a key away.
	none := peer(1, 0)
	none.V.PresharedKey = make([]byte, 32)
	none.V.PersistentKeepaliveInterval = nlattr.Some(uint16(0))
	err = client.SetDevice(n.Ctx, &wireguard.SetDeviceRequest{
		Ifname: nlattr.Some("wg0"), PrivateKey: make([]byte, 32), Fwmark: nlattr.Some(uint32(0)), Peers: []nlattr.Indexed[wireguard.PeerAttrs]{none},
	})
	if err != nil {
		t.Fatal(err)
	}
	if x := read(n, "wg0"); x.PrivateKey != nil || !bytes.Equal(x.Peers[0].V.PresharedKey, make([]byte, 32)) {
		t.Errorf("keys were taken away, and are %x, %x", x.PrivateKey, x.Peers[0].V.PresharedKey)
	}
}

// TestFlags sets each flag.
func TestFlags(t *testing.T) {
	n := witness.NewNamespace(t)
	newDevice(n, "wg0")
	client := wireguard.New(n.Conn)
	list := func(p ...nlattr.Indexed[wireguard.PeerAttrs]) []nlattr.Indexed[wireguard.PeerAttrs] { return p }
	for _, c := range []struct {
		name  string
		flags wireguard.DeviceFlags
		peers []nlattr.Indexed[wireguard.PeerAttrs]
		want  string
	}{
		{"two peers", 0, list(peer(1, 0, "10.1.0.0/16"), peer(2, 0, "10.2.0.0/16")), "1: 10.1.0.0/16; 2: 10.2.0.0/16; "},
		{"addresses are added", 0, list(peer(1, 0, "10.3.0.0/16")), "1: 10.1.0.0/16 10.3.0.0/16; 2: 10.2.0.0/16; "},
		{"addresses move", 0, list(peer(2, 0, "10.3.0.0/16")), "1: 10.1.0.0/16; 2: 10.2.0.0/16 10.3.0.0/16; "},
		{"bits behind the prefix", 0, list(peer(1, wireguard.PeerFlagsReplaceAllowedips, "10.9.8.7/8")), "1: 10.0.0.0/8; 2: 10.2.0.0/16 10.3.0.0/16; "},
		{"replace-allowedips", 0, list(peer(2, wireguard.PeerFlagsReplaceAllowedips, "10.4.0.0/16")), "1: 10.0.0.0/8; 2: 10.4.0.0/16; "},
		{"replace-allowedips by none", 0, list(peer(1, wireguard.PeerFlagsReplaceAllowedips)), "1:; 2: 10.4.0.0/16; "},
		{"update-only, no peer", 0, list(peer(3, wireguard.PeerFlagsUpdateOnly, "10.4.0.0/16")), "1:; 2: 10.4.0.0/16; "},
		{"update-only, a peer", 0, list(peer(1, wireguard.PeerFlagsUpdateOnly, "10.5.0.0/16")), "1: 10.5.0.0/16; 2: 10.4.0.0/16; "},
		{"remove-me", 0, list(peer(1, wireguard.PeerFlagsRemoveMe)), "2: 10.4.0.0/16; "},
		{"remove-me, no peer", 0, list(peer(1, wireguard.PeerFlagsRemoveMe)), "2: 10.4.0.0/16; "},
		{"replace-peers", wireguard.DeviceFlagsReplacePeers, list(peer(4, 0, "10.4.0.0/16"), peer(5, 0)), "4: 10.4.0.0/16; 5:; "},
		{"replace-peers by none", wireguard.DeviceFlagsReplacePeers, nil, ""},
	} {
		req := &wireguard.SetDeviceRequest{Ifname: nlattr.Some("wg0"), Peers: c.peers}
		if c.flags != 0 {
			req.Flags = nlattr.Some(c.flags)
		}
		if err := client.SetDevice(n.Ctx, req); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := summary(read(n, "wg0")); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
		compare(n, "wg0")
	}

	// Ranges that are taken away one by one: kernels before 6.16 do not know the attribute.
	req := &wireguard.SetDeviceRequest{Ifname: nlattr.Some("wg0"), Peers: list(peer(6, 0, "10.6.0.0/16", "10.7.0.0/16"))}
	if err := client.SetDevice(n.Ctx, req); err != nil {
		t.Fatal(err)
	}
	req.Peers[0].V.Allowedips = req.Peers[0].V.Allowedips[:1]
	req.Peers[0].V.Allowedips[0].V.Flags = nlattr.Some(wireguard.AllowedIPFlagsRemoveMe)
	switch err := client.SetDevice(n.Ctx, req); {
	case errors.Is(err, syscall.EINVAL):
		t.Logf("this kernel removes no single addresses: %v", err)
	case err != nil:
		t.Error(err)
	default:
		if got := summary(read(n, "wg0")); got != "6: 10.7.0.0/16; " {
			t.Errorf("after one range of two was removed: %s", got)
		}
	}
}

// TestMany has more peers than one message holds, and one peer with more addresses.
func TestMany(t *testing.T) {
	n := witness.NewNamespace(t)
	newDevice(n, "wg0")
	client := wireguard.New(n.Conn)
	req := &wireguard.SetDeviceRequest{Ifname: nlattr.Some("wg0"), Flags: nlattr.Some(wireguard.DeviceFlagsReplacePeers)}
	for i := range 1000 {
		ranges := []string{fmt.Sprintf("10.%d.%d.0/24", i/256, i%256), fmt.Sprintf("2001:db8:%x::/48", i), fmt.Sprintf("10.200.%d.%d/32", i/256, i%256)}
		if i == 500 {
			for j := range 3000 {
				ranges = append(ranges, fmt.Sprintf("10.201.%d.%d/32", j/256, j%256))
			}
		}
		req.Peers = append(req.Peers, peer(i+1, 0, ranges...))
	}
	if err := client.SetDevice(n.Ctx, req); !errors.Is(err, nlattr.ErrTooLong) {
		t.Errorf("all in one message: %v", err)
	}
	if err := client.Configure(n.Ctx, req); err != nil {
		t.Fatal(err)
	}
	x := read(n, "wg0")
	addresses := 0
	for i, p := range x.Peers {
		addresses += len(p.V.Allowedips)
		if !bytes.Equal(p.V.PublicKey, key(i+1)) {
			t.Fatalf("peer %d is %x", i, p.V.PublicKey)
		}
	}
	if len(x.Peers) != 1000 || addresses != 6000 {
		t.Errorf("%d peers with %d addresses", len(x.Peers), addresses)
	}
	messages, again := 0, 0
	var last []byte
	for part, err := range client.GetDeviceDump(n.Ctx, &wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some("wg0")}) {
		if err != nil {
			t.Fatal(err)
		}
		if first := messages == 0; part.ListenPort.OK != first || part.Ifname.OK != first {
			t.Errorf("message %d has the port %v and the name %v", messages, part.ListenPort, part.Ifname)
		}
		if bytes.Equal(last, part.Peers[0].V.PublicKey) {
			again++
		}
		last = part.Peers[len(part.Peers)-1].V.PublicKey
		messages++
	}
	if messages < 2 || again == 0 {
		t.Error("one message holds all peers, or each peer")
	}
	t.Logf("%d messages, of which %d go on with a peer", messages, again)
	compare(n, "wg0")
}

// TestHandshake has two devices talk to each other over lo.
func TestHandshake(t *testing.T) {
	n := witness.NewNamespace(t)
	lo, a, b := n.Link("lo"), newDevice(n, "wg0"), newDevice(n, "wg1")
	n.Up(lo, a, b)
	client := wireguard.New(n.Conn)
	ports := map[string]uint16{"wg0": 1001, "wg1": 1002}
	for i, name := range []string{"wg0", "wg1"} {
		err := client.SetDevice(n.Ctx, &wireguard.SetDeviceRequest{
			Ifname: nlattr.Some(name), PrivateKey: key(70 + i), ListenPort: nlattr.Some(ports[name]),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, pair := range [][2]string{{"wg0", "wg1"}, {"wg1", "wg0"}} {
		p := peer(0, 0, "10.0.0.0/8")
		p.V.PublicKey = read(n, pair[1]).PublicKey
		p.V.PersistentKeepaliveInterval = nlattr.Some(uint16(1))
		if pair[0] == "wg0" { // wg1 learns from where the other one is heard.
			if err := p.V.SetAddrPort(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), ports[pair[1]])); err != nil {
				t.Fatal(err)
			}
		}
		req := &wireguard.SetDeviceRequest{Ifname: nlattr.Some(pair[0]), Peers: []nlattr.Indexed[wireguard.PeerAttrs]{p}}
		if err := client.SetDevice(n.Ctx, req); err != nil {
			t.Fatal(err)
		}
	}
	var p *wireguard.PeerAttrs
	witness.Await(t, "a handshake", func() bool {
		p = &read(n, "wg1").Peers[0].V
		return p.LastHandshakeTime.V.Sec > 0 && p.RxBytes.V > 0 && p.TxBytes.V > 0
	})
	at := time.Unix(p.LastHandshakeTime.V.Sec, p.LastHandshakeTime.V.Nsec)
	if d := time.Since(at); d < 0 || d > time.Minute {
		t.Errorf("the handshake was %v ago", d)
	}
	if from, _ := p.AddrPort(); from != netip.MustParseAddrPort("127.0.0.1:1001") {
		t.Errorf("heard from %v", from)
	}
	compare(n, "wg0", "wg1")
}

func TestRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	newDevice(n, "wg0")
	client := wireguard.New(n.Conn)
	get := func(req *wireguard.GetDeviceDumpRequest) func() error {
		return func() error { _, err := client.Device(n.Ctx, req); return err }
	}
	set := func(req *wireguard.SetDeviceRequest) func() error {
		req.Ifname = nlattr.Some("wg0")
		return func() error { return client.SetDevice(n.Ctx, req, nlconn.NoValidate) }
	}
	onePeer := func(change func(p *wireguard.PeerAttrs)) *wireguard.SetDeviceRequest {
		p := peer(1, 0, "10.0.0.0/8")
		change(&p.V)
		return &wireguard.SetDeviceRequest{Peers: []nlattr.Indexed[wireguard.PeerAttrs]{p}}
	}
	for _, r := range []struct {
		name  string
		call  func() error
		errno syscall.Errno
		want  string
	}{
		{"no device", get(nil), syscall.EBADR, "wireguard: get-device: EBADR: invalid request descriptor"},
		{"name and index", get(&wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some("wg0"), Ifindex: nlattr.Some(uint32(2))}), syscall.EBADR,
			"wireguard: get-device: EBADR: invalid request descriptor"},
		{"no such device", get(&wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some("wg7")}), syscall.ENODEV, "wireguard: get-device: ENODEV: no such device"},
		{"another kind", get(&wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some("lo")}), syscall.EOPNOTSUPP,
			"wireguard: get-device: EOPNOTSUPP: operation not supported"},
		{"short key", set(&wireguard.SetDeviceRequest{PrivateKey: make([]byte, 31)}), syscall.ERANGE,
			`wireguard: set-device: ERANGE: "binary attribute size out of range" [attribute private-key, policy binary of 32 bytes]`},
		{"short key of a peer", set(onePeer(func(p *wireguard.PeerAttrs) { p.PublicKey = p.PublicKey[:31] })), syscall.ERANGE,
			"wireguard: set-device: ERANGE: numerical result out of range"}, // the family says no more of what is in a nest
		{"no key", set(onePeer(func(p *wireguard.PeerAttrs) { p.PublicKey = nil })), syscall.EINVAL, "wireguard: set-device: EINVAL: invalid argument"},
		{"another version", set(onePeer(func(p *wireguard.PeerAttrs) { p.ProtocolVersion = nlattr.Some(uint32(2)) })), syscall.EPFNOSUPPORT, "wireguard: set-device: EPFNOSUPPORT: protocol family not supported"},
		{"flags of a device", set(&wireguard.SetDeviceRequest{Flags: nlattr.Some(wireguard.DeviceFlags(2))}), syscall.EOPNOTSUPP, "wireguard: set-device: EOPNOTSUPP: operation not supported"},
		{"33 bits", set(onePeer(func(p *wireguard.PeerAttrs) { p.Allowedips[0].V.CidrMask.V = 33 })), syscall.EINVAL, "wireguard: set-device: EINVAL: invalid argument"},
		{"unknown attribute", set(&wireguard.SetDeviceRequest{Unknown: []nlattr.Attr{{Type: 77}}}), syscall.EINVAL, `wireguard: set-device: EINVAL: "Unknown attribute type" [attribute 77]`},
	} {
		witness.Refused(t, r.name, r.call(), r.errno, r.want)
	}
}
