package traffic

import (
	"encoding/binary"
	"net/netip"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A Packet has a connection that is to be made before.
type Packet struct {
	Flow  *conntrack.NewRequest
	Bytes []byte // behind the IP header
}

func tuple(src, dst string, proto conntrack.TupleProtoAttrs, number uint8) *conntrack.TupleAttrs {
	s, d := nlattr.Some(netip.MustParseAddr(src)), nlattr.Some(netip.MustParseAddr(dst))
	addr := &conntrack.TupleIpAttrs{IpV4Src: s, IpV4Dst: d}
	if s.V.Is6() {
		addr = &conntrack.TupleIpAttrs{IpV6Src: s, IpV6Dst: d}
	}
	proto.ProtoNum = nlattr.Some(number)
	return &conntrack.TupleAttrs{TupleIp: addr, TupleProto: &proto}
}

func ports(src, dst uint16) conntrack.TupleProtoAttrs {
	return conntrack.TupleProtoAttrs{ProtoSrcPort: nlattr.Some(src), ProtoDstPort: nlattr.Some(dst)}
}

// Packets have all that a connection can have.
func Packets() map[string]Packet {
	u8, u32 := nlattr.Some[uint8], nlattr.Some[uint32]
	pair := func(dst []byte, src, to uint16) []byte {
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, src), to)
	}
	liberal := nlattr.Some(conntrack.NfCtTcpFlagsMask{Flags: conntrack.NfCtTcpFlagsBeLiberal, Mask: conntrack.NfCtTcpFlagsBeLiberal})
	tcp := &conntrack.NewRequest{
		Header:     conntrack.Nfgenmsg{NfgenFamily: unix.AF_INET},
		TupleOrig:  tuple("10.0.0.1", "10.0.0.2", ports(1000, 21), unix.IPPROTO_TCP),
		TupleReply: tuple("10.0.0.2", "10.0.0.1", ports(21, 1000), unix.IPPROTO_TCP),
		Status:     nlattr.Some(conntrack.NfCtStatusConfirmed | conntrack.NfCtStatusSeenReply | conntrack.NfCtStatusAssured | conntrack.NfCtStatusFixedTimeout),
		Timeout:    u32(1000), Mark: u32(7), Labels: []byte{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80},
		Help: &conntrack.HelpAttrs{HelpName: nlattr.Some("ftp")},
		Protoinfo: &conntrack.ProtoinfoAttrs{ProtoinfoTcp: &conntrack.ProtoinfoTcpAttrs{
			TcpState: nlattr.Some(conntrack.NfCtTcpStateEstablished), TcpWscaleOriginal: u8(7), TcpWscaleReply: u8(8),
			TcpFlagsOriginal: liberal, TcpFlagsReply: liberal,
		}},
		SeqAdjOrig:  &conntrack.SeqadjAttrs{CorrectionPos: u32(1000), OffsetBefore: u32(3), OffsetAfter: u32(7)},
		SeqAdjReply: &conntrack.SeqadjAttrs{CorrectionPos: u32(2000), OffsetBefore: u32(4), OffsetAfter: u32(8)},
		Synproxy:    &conntrack.SynproxyAttrs{Isn: u32(1), Its: u32(2), Tsoff: u32(3)},
	}
	segment := append(pair(nil, 1000, 21), 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 255, 255, 0, 0, 0, 0)
	udp6 := &conntrack.NewRequest{
		Header:     conntrack.Nfgenmsg{NfgenFamily: unix.AF_INET6},
		TupleOrig:  tuple("2001:db8::1", "2001:db8::2", ports(53, 99), unix.IPPROTO_UDP),
		TupleReply: tuple("2001:db8::2", "2001:db8::1", ports(99, 53), unix.IPPROTO_UDP),
		Timeout:    u32(500), Zone: nlattr.Some(uint16(3)),
	}
	echo := func(typ uint8) conntrack.TupleProtoAttrs {
		return conntrack.TupleProtoAttrs{ProtoIcmpType: u8(typ), ProtoIcmpCode: u8(0), ProtoIcmpID: nlattr.Some(uint16(77))}
	}
	echo6 := func(typ uint8) conntrack.TupleProtoAttrs {
		return conntrack.TupleProtoAttrs{ProtoIcmpv6Type: u8(typ), ProtoIcmpv6Code: u8(0), ProtoIcmpv6ID: nlattr.Some(uint16(78))}
	}
	return map[string]Packet{
		"a tcp":  {tcp, segment},
		"b udp6": {udp6, append(pair(nil, 53, 99), 0, 8, 0, 0)},
		"c icmp": {&conntrack.NewRequest{
			Header:     tcp.Header,
			TupleOrig:  tuple("10.0.0.1", "10.0.0.2", echo(8), unix.IPPROTO_ICMP),
			TupleReply: tuple("10.0.0.2", "10.0.0.1", echo(0), unix.IPPROTO_ICMP),
			Timeout:    u32(500), TupleMaster: tcp.TupleOrig,
		}, []byte{8, 0, 0xf7, 0xb2, 0, 77, 0, 0}},
		"d icmp6": {&conntrack.NewRequest{
			Header:     udp6.Header,
			TupleOrig:  tuple("2001:db8::1", "2001:db8::2", echo6(128), unix.IPPROTO_ICMPV6),
			TupleReply: tuple("2001:db8::2", "2001:db8::1", echo6(129), unix.IPPROTO_ICMPV6),
			Timeout:    u32(500), Zone: udp6.Zone,
		}, []byte{128, 0, 0, 0, 0, 78, 0, 0}},
		"e sctp": {&conntrack.NewRequest{
			Header:     tcp.Header,
			TupleOrig:  tuple("10.0.0.1", "10.0.0.2", ports(7000, 7001), unix.IPPROTO_SCTP),
			TupleReply: tuple("10.0.0.2", "10.0.0.1", ports(7001, 7000), unix.IPPROTO_SCTP),
			Timeout:    u32(500),
			Protoinfo: &conntrack.ProtoinfoAttrs{ProtoinfoSctp: &conntrack.ProtoinfoSctpAttrs{
				SctpState: nlattr.Some(conntrack.NfCtSctpStateEstablished), VtagOriginal: u32(5), VtagReply: u32(6)}},
		}, append(pair(nil, 7000, 7001), 0, 0, 0, 5, 0, 0, 0, 0, 0, 3, 0, 16, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 0, 0)},
		"f dccp": {&conntrack.NewRequest{
			Header:     tcp.Header,
			TupleOrig:  tuple("10.0.0.1", "10.0.0.2", ports(8000, 8001), unix.IPPROTO_DCCP),
			TupleReply: tuple("10.0.0.2", "10.0.0.1", ports(8001, 8000), unix.IPPROTO_DCCP),
			Timeout:    u32(500),
			Protoinfo: &conntrack.ProtoinfoAttrs{ProtoinfoDccp: &conntrack.ProtoinfoDccpAttrs{
				DccpState: nlattr.Some(conntrack.NfCtDccpStateOpen), DccpRole: nlattr.Some(conntrack.NfCtDccpRoleServer), DccpHandshakeSeq: nlattr.Some(uint64(5))}},
		}, append(pair(nil, 8000, 8001), 4, 0, 0, 0, 2<<1|1, 0, 0, 0, 0, 0, 0, 9)},
	}
}

// Send sends the packet as if it came from the source of its connection.
func (s Packet) Send(t *testing.T) {
	t.Helper()
	ip, proto := s.Flow.TupleOrig.TupleIp, s.Flow.TupleOrig.TupleProto.ProtoNum.V
	if ip.IpV4Src.OK {
		header := make([]byte, 20, 64)
		header[0], header[8], header[9] = 0x45, 64, proto
		copy(header[12:], ip.IpV4Src.V.AsSlice())
		copy(header[16:], ip.IpV4Dst.V.AsSlice())
		sendTo(t, unix.AF_INET, &unix.SockaddrInet4{Addr: ip.IpV4Dst.V.As4()}, append(header, s.Bytes...))
		return
	}
	header := make([]byte, 40, 64)
	header[0], header[5], header[6], header[7] = 0x60, byte(len(s.Bytes)), proto, 64
	copy(header[8:], ip.IpV6Src.V.AsSlice())
	copy(header[24:], ip.IpV6Dst.V.AsSlice())
	sendTo(t, unix.AF_INET6, &unix.SockaddrInet6{Addr: ip.IpV6Dst.V.As16()}, append(header, s.Bytes...))
}

func sendTo(t *testing.T, family int, to unix.Sockaddr, packet []byte) {
	t.Helper()
	fd, err := unix.Socket(family, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, packet, 0, to); err != nil {
		t.Fatal(err)
	}
}

// Addresses gives lo those that the packets go to, until the test ends.
func Addresses(t *testing.T) {
	t.Helper()
	for _, addr := range []string{"10.0.0.2/32", "2001:db8::2/128"} {
		witness.Output(t, "ip", "addr", "add", addr, "dev", "lo")
		t.Cleanup(func() { _ = exec.Command("ip", "addr", "del", addr, "dev", "lo").Run() })
	}
}
