package tc

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Of linux/netfilter.h.
const preRouting, ipv4Proto, ipv6Proto = 0, 2, 10

// policyMatch is a match of packets by the state of IPsec that has decrypted them: 4 elements of 76 bytes, of which the first may be in
// use, the flags and the number of elements (struct xt_policy_info). An element has 64 bytes of addresses, an SPI and the rest.
func policyMatch(reqid uint32, flags uint16) *tc.EmIpt {
	b := make([]byte, 4*76, 4*76+4)
	elements := uint16(0)
	if reqid != 0 {
		elements = 1
		binary.NativeEndian.PutUint32(b[68:], reqid)
		b[72], b[73] = unix.IPPROTO_ESP, 1 // mode tunnel
		b[74] = 1<<2 | 1<<3 | 1<<5         // compare the protocol, the mode and the reqid
		flags |= 8                         // strict: all elements
	}
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint16(b, elements)
	return &tc.EmIpt{Hook: preRouting, MatchName: "policy", Nfproto: ipv4Proto, MatchData: b}
}

// addrMatch is a match by the types of addresses (struct xt_addrtype_info_v1).
func addrMatch(proto uint8, source, destination uint16, flags uint32) *tc.EmIpt {
	b := binary.NativeEndian.AppendUint16(nil, source)
	b = binary.NativeEndian.AppendUint16(b, destination)
	b = binary.NativeEndian.AppendUint32(b, flags)
	return &tc.EmIpt{Hook: preRouting, MatchName: "addrtype", MatchRevision: 1, Nfproto: proto, MatchData: b}
}

// packet is a datagram of a protocol, without a checksum above IP.
func packet(from, to string, proto byte, payload []byte) []byte {
	src, dst := netip.MustParseAddr(from), netip.MustParseAddr(to)
	if src.Is6() {
		b := []byte{0x60, 0, 0, 0, 0, byte(len(payload)), proto, 64}
		return append(append(append(b, src.AsSlice()...), dst.AsSlice()...), payload...)
	}
	b := []byte{0x45, 0, 0, byte(20 + len(payload)), 0, 0, 0, 0, 64, proto, 0, 0}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum+sum>>16))
	return append(b, payload...)
}

// esp is a packet in an ESP tunnel that encrypts nothing.
func esp(spi, seq uint32, inner []byte) []byte {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, spi), seq)
	b = append(b, inner...)
	pad := byte(-(len(inner) + 2) & 3)
	for i := range pad {
		b = append(b, i+1)
	}
	return append(b, pad, unix.IPPROTO_IPIP)
}

// TestEmatchIpt makes matches of iptables, reads them back, sees tc show them and counts the packets that they match.
func TestEmatchIpt(t *testing.T) {
	b := newBench(t)
	at := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleIngress, Handle: 0xffff0000}
	if err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: at, Kind: some("clsact")}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	at = tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinIngress}
	witness.Output(t, "ip", "address", "add", "192.0.2.1/24", "dev", b.dev)

	const proto, invertDestination, limitIn = 253, 2, 4
	const local, broadcast, multicast = 1 << unix.RTN_LOCAL, 1 << unix.RTN_BROADCAST, 1 << unix.RTN_MULTICAST
	const in, none = 1, 4
	var frames [][]byte
	for _, to := range []string{"192.0.2.1", "255.255.255.255", "224.0.0.1"} {
		frames = append(frames, packet("192.0.2.2", to, proto, nil))
	}
	// The kernel decrypts this one and receives what is in it once more, at the same place.
	inner := packet("198.51.100.1", "192.0.2.1", proto, nil)
	frames = append(frames, packet("192.0.2.2", "192.0.2.1", unix.IPPROTO_ESP, esp(0x100, 1, inner)))
	received := uint64(len(frames) + 1)
	frames6 := [][]byte{packet("2001:db8::2", "2001:db8::1", proto, nil), packet("2001:db8::2", "ff02::1", proto, nil)}

	for _, c := range []struct {
		name    string
		matches []tc.EmatchContent
		flags   tc.EmatchFlags // of the first
		text    string         // of tc
		hits    uint64
	}{
		{"plain", []tc.EmatchContent{policyMatch(0, in|none)}, 0, "ipt( policy match dir in pol none)", 4},
		{"decrypted", []tc.EmatchContent{policyMatch(7, in)}, 0, "ipt( policy match dir in pol ipsec strict reqid 7 proto esp mode tunnel)", 1},
		{"by another", []tc.EmatchContent{policyMatch(8, in)}, 0, "ipt( policy match dir in pol ipsec strict reqid 8 proto esp mode tunnel)", 0},
		{"not decrypted", []tc.EmatchContent{policyMatch(7, in)}, tc.EmatchFlagsInvert, "NOT ipt(", 4},
		{"local", []tc.EmatchContent{addrMatch(ipv4Proto, 0, local, 0)}, 0, "ipt( ADDRTYPE match dst-type LOCAL)", 3},
		{"not multicast", []tc.EmatchContent{addrMatch(ipv4Proto, 0, multicast, invertDestination)}, 0, "ipt( ADDRTYPE match dst-type !MULTICAST)", 4},
		{"many", []tc.EmatchContent{addrMatch(ipv4Proto, 0, broadcast|multicast, limitIn)}, 0, "ipt( ADDRTYPE match dst-type BROADCAST,MULTICAST limit-in)", 2},
		{
			"two", []tc.EmatchContent{addrMatch(ipv4Proto, 0, local, 0), &tc.EmCmp{Val: proto, Off: 9, AlignFlags: 1, LayerOpnd: 1}}, tc.EmatchFlagsRelAnd,
			"ipt( ADDRTYPE match dst-type LOCAL)\n  AND cmp(u8 at 9 layer 1 eq 253)", 2,
		},
		{
			"six", []tc.EmatchContent{addrMatch(ipv6Proto, 0, multicast, 0), &tc.EmCmp{Val: proto, Off: 6, AlignFlags: 1, LayerOpnd: 1}}, tc.EmatchFlagsRelAnd,
			"ipt( ADDRTYPE match dst-type MULTICAST)\n  AND cmp(u8 at 6 layer 1 eq 253)", 1,
		},
	} {
		b.run(c.name, func(b *bench) {
			var list []tc.Ematch
			for i, content := range c.matches {
				m := ematch(content, 0)
				if i == 0 {
					m.Flags = c.flags
				}
				list = append(list, m)
			}
			ethertype, frames, least := ip, frames, received
			if c.matches[0].(*tc.EmIpt).Nfproto == ipv6Proto {
				ethertype, frames, least = ipv6, frames6, uint64(len(frames6))
			}
			header := at
			header.Info = info(7, ethertype)
			req := &tc.NewtfilterRequest{Header: header, Options: &tc.BasicAttrs{Classid: u32(1<<16 | 0x10), Ematches: tc.NewEmatchTree(list...)}}
			err := b.tc.Newtfilter(b.Ctx, req, nlconn.Create, nlconn.Exclusive)
			b.lacks("basic", err)
			if err != nil {
				b.Fatal(err)
			}
			b.T.Cleanup(func() {
				if err := b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: header}); err != nil {
					b.Error(err)
				}
			})
			// A state accepts a sequence number once.
			witness.Output(b.T, "ip", "xfrm", "state", "flush")
			witness.Output(b.T, "ip", "xfrm", "state", "add", "src", "192.0.2.2", "dst", "192.0.2.1", "proto", "esp", "spi", "0x100", "reqid", "7",
				"mode", "tunnel", "enc", "ecb(cipher_null)", "")
			for _, frame := range frames {
				b.receive(ethertype, frame)
			}
			var got *tc.BasicAttrs
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				if got = b.basic(at.Parent); got.Pcnt.V.Rcnt >= least || time.Now().After(deadline) {
					break
				}
			}
			if n := got.Pcnt.V; n.Rcnt < least || n.Rhit != c.hits {
				b.Errorf("%d packets of at least %d have come, of which %d match, want %d", n.Rcnt, least, n.Rhit, c.hits)
			}
			if len(got.Ematches.TreeList) != len(list) {
				b.Fatalf("there are %d matches", len(got.Ematches.TreeList))
			}
			for i, want := range c.matches {
				content, err := got.Ematches.TreeList[i].V.Content()
				if err != nil || !reflect.DeepEqual(content, want) {
					b.Errorf("got %+v, %v, want %+v", content, err, want)
				}
			}
			if _, err := os.Stat("/usr/lib/x86_64-linux-gnu/xtables/libxt_policy.so"); err != nil {
				b.Skip("tc shows such matches with plugins of the package iptables: ", err)
			}
			theirs := string(witness.Output(b.T, "tc", "-s", "-d", "filter", "show", "dev", b.dev, "ingress"))
			if !strings.Contains(theirs, c.text) {
				b.Errorf("tc shows %s, want %s", theirs, c.text)
			}
		})
	}

	// The kernel looks at some matches only, and there as the packet comes in.
	for what, m := range map[string]*tc.EmIpt{
		"another match": {MatchName: "mark", MatchRevision: 1, Nfproto: ipv4Proto, MatchData: make([]byte, 12)},
		"another hook":  {Hook: 4, MatchName: "policy", Nfproto: ipv4Proto, MatchData: policyMatch(0, in|none).MatchData},
		"too short":     {MatchName: "policy", Nfproto: ipv4Proto, MatchData: make([]byte, 8)},
		"no protocol":   {MatchName: "policy", MatchData: policyMatch(0, in|none).MatchData},
	} {
		header := at
		header.Info = info(7, ip)
		err := b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{Header: header, Options: &tc.BasicAttrs{Ematches: tc.NewEmatchTree(ematch(m, 0))}}, nlconn.Create)
		b.lacks("basic", err)
		if !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// receive has a packet come in over the link.
func (b *bench) receive(ethertype uint16, packet []byte) {
	b.T.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	to := &unix.SockaddrLinklayer{Ifindex: int(b.peer), Protocol: swap(ethertype), Halen: 6}
	copy(to.Addr[:], b.Link(b.dev).Address)
	if err := unix.Sendto(fd, packet, 0, to); err != nil {
		b.Fatal(err)
	}
}

// basic returns the only filter of a place, which is of the kind basic.
func (b *bench) basic(parent uint32) *tc.BasicAttrs {
	b.T.Helper()
	for _, f := range b.filters(parent, nil) {
		if o, ok := f.Options.(*tc.BasicAttrs); ok && f.Header.Handle != 0 {
			return o
		}
	}
	b.Fatal("there is no filter")
	return nil
}
