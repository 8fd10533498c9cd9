package main

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// flow returns both directions of the ith flow.
func flow(i int) (orig, reply *conntrack.TupleAttrs) {
	src, dst := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), netip.AddrFrom4([4]byte{192, 0, 2, 1})
	sport, dport := uint16(1024+i%60000), uint16(80)
	return direction(src, dst, sport, dport), direction(dst, src, dport, sport)
}

func direction(src, dst netip.Addr, sport, dport uint16) *conntrack.TupleAttrs {
	return &conntrack.TupleAttrs{
		TupleIp: &conntrack.TupleIpAttrs{IpV4Src: nlattr.Some(src), IpV4Dst: nlattr.Some(dst)},
		TupleProto: &conntrack.TupleProtoAttrs{
			ProtoNum: nlattr.Some(uint8(unix.IPPROTO_UDP)), ProtoSrcPort: nlattr.Some(sport), ProtoDstPort: nlattr.Some(dport),
		},
	}
}
