package main

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	_ "unsafe" // for linkname

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/netlink"
	vish "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/bench/internal/measure"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// newlinkText holds RTM_NEWLINK messages of a veth, a bridge and a vxlan device
// as a 6.12 kernel on x86-64 sent them, netlink header included, a name and
// hexadecimal digits a line.
//
//go:embed testdata/newlink.hex
var newlinkText string

// newlink returns the recorded message of the veth device without its netlink
// header. It is in little-endian byte order.
func newlink() []byte {
	line, _, _ := strings.Cut(newlinkText, "\n")
	_, digits, _ := strings.Cut(line, " ")
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) < unix.SizeofNlMsghdr {
		panic(fmt.Sprintf("testdata/newlink.hex is damaged: %v", err))
	}
	return b[unix.SizeofNlMsghdr:]
}

// newroute returns a route to 10.1.2.0/24 as the kernel sends it, without
// netlink header: 68 bytes with it.
func newroute() []byte {
	e := nlattr.NewEncoder(nil)
	copy(e.Extend(unix.SizeofRtMsg), []byte{unix.AF_INET, 24, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST})
	e.Uint32(unix.RTA_TABLE, unix.RT_TABLE_MAIN)
	e.Addr(unix.RTA_DST, netip.MustParseAddr("10.1.2.0"))
	e.Uint32(unix.RTA_PRIORITY, 100)
	e.Addr(unix.RTA_GATEWAY, netip.MustParseAddr("192.0.2.1"))
	e.Uint32(unix.RTA_OIF, 3)
	b, err := e.Finish()
	if err != nil {
		panic(err)
	}
	return b
}

// repeat makes a contender of a function that handles one message.
func repeat(f func() error) func(int) (int, error) {
	return func(count int) (int, error) {
		for range count {
			if err := f(); err != nil {
				return 0, err
			}
		}
		return 1, nil
	}
}

//go:linkname vishRoute github.com/vishvananda/netlink.deserializeRoute
func vishRoute(m []byte) (vish.Route, error)

func decodeRoute(dir string) []measure.Contender {
	b := newroute()
	var reused rtroute.GetrouteReply
	var d nlattr.Decoder
	scratch := nlattr.NewScratch()
	limit := program("C, one switch", dir, "decode", "route", "2000000")
	limit.Stdin = b
	return []measure.Contender{
		limit,
		{Name: "nlgen into a struct", Run: repeat(func() error {
			scratch.Rewind()
			reused = rtroute.GetrouteReply{}
			d.Reset(b, scratch)
			reused.DecodeFrom(&d)
			return d.Err()
		})},
		{Name: "nlgen UnmarshalBinary", Run: repeat(func() error {
			var r rtroute.GetrouteReply
			return r.UnmarshalBinary(b)
		})},
		{Name: "mdlayher", Run: repeat(func() error { _, err := mdlayherRoute(b); return err })},
		{Name: "jsimonetti", Run: repeat(func() error { var m rtnetlink.RouteMessage; return m.UnmarshalBinary(b) })},
		{Name: "vishvananda", Run: repeat(func() error { _, err := vishRoute(b); return err })},
	}
}

func decodeLink(dir string) []measure.Contender {
	b := newlink()
	var reused rtlink.GetlinkReply
	var d nlattr.Decoder
	scratch := nlattr.NewScratch()
	limit := program("C, one switch", dir, "decode", "link", "200000")
	limit.Stdin = b
	return []measure.Contender{
		limit,
		{Name: "nlgen into a struct", Run: repeat(func() error {
			scratch.Rewind()
			reused = rtlink.GetlinkReply{}
			d.Reset(b, scratch)
			reused.DecodeFrom(&d)
			return d.Err()
		})},
		{Name: "nlgen UnmarshalBinary", Run: repeat(func() error {
			var r rtlink.GetlinkReply
			return r.UnmarshalBinary(b)
		})},
		{Name: "mdlayher (12 attributes)", Run: repeat(func() error { _, err := mdlayherLink(b); return err })},
		{Name: "jsimonetti", Run: repeat(func() error { var m rtnetlink.LinkMessage; return m.UnmarshalBinary(b) })},
		{Name: "vishvananda", Run: repeat(func() error { _, err := vish.LinkDeserialize(nil, b); return err })},
	}
}

// link is what mdlayherLink reads: the attributes that most programs want.
type link struct {
	Index                     int32
	Name, Qdisc, Kind         string
	MTU, TxQueueLen, Group    uint32
	Operstate                 uint8
	Address, Broadcast, Stats []byte
	Master, Link              uint32
}

func mdlayherLink(b []byte) (link, error) {
	var l link
	l.Index = int32(native.Uint32(b[4:]))
	d, err := netlink.NewAttributeDecoder(b[unix.SizeofIfInfomsg:])
	if err != nil {
		return l, err
	}
	for d.Next() {
		switch d.Type() {
		case unix.IFLA_IFNAME:
			l.Name = d.String()
		case unix.IFLA_QDISC:
			l.Qdisc = d.String()
		case unix.IFLA_MTU:
			l.MTU = d.Uint32()
		case unix.IFLA_TXQLEN:
			l.TxQueueLen = d.Uint32()
		case unix.IFLA_GROUP:
			l.Group = d.Uint32()
		case unix.IFLA_OPERSTATE:
			l.Operstate = d.Uint8()
		case unix.IFLA_ADDRESS:
			l.Address = d.Bytes()
		case unix.IFLA_BROADCAST:
			l.Broadcast = d.Bytes()
		case unix.IFLA_STATS64:
			l.Stats = d.Bytes()
		case unix.IFLA_MASTER:
			l.Master = d.Uint32()
		case unix.IFLA_LINK:
			l.Link = d.Uint32()
		case unix.IFLA_LINKINFO:
			d.Nested(func(n *netlink.AttributeDecoder) error {
				for n.Next() {
					if n.Type() == unix.IFLA_INFO_KIND {
						l.Kind = n.String()
					}
				}
				return nil
			})
		}
	}
	return l, d.Err()
}

func encodeRoute() []measure.Contender {
	dst, gateway := netip.MustParseAddr("10.1.2.0"), netip.MustParseAddr("192.0.2.1")
	req := &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{
			RtmFamily: unix.AF_INET, RtmDstLen: 24, RtmTable: unix.RT_TABLE_MAIN, RtmProtocol: unix.RTPROT_STATIC,
			RtmType: unix.RTN_UNICAST,
		},
		Table:    nlattr.Some(uint32(unix.RT_TABLE_MAIN)),
		Dst:      nlattr.Some(dst),
		Priority: nlattr.Some(uint32(100)),
		Gateway:  nlattr.Some(gateway),
		Oif:      nlattr.Some(uint32(3)),
	}
	var e nlattr.Encoder
	var buf []byte
	jsim := rtnetlink.RouteMessage{
		Family: unix.AF_INET, DstLength: 24, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST,
		Attributes: rtnetlink.RouteAttributes{
			Dst: net.IP(dst.AsSlice()), Gateway: net.IP(gateway.AsSlice()), OutIface: 3, Priority: 100, Table: unix.RT_TABLE_MAIN,
		},
	}
	dst4, gateway4 := dst.As4(), gateway.As4()
	return []measure.Contender{
		{Name: "nlgen into a buffer", Run: repeat(func() error {
			e.Reset(buf[:0])
			req.EncodeTo(&e)
			var err error
			buf, err = e.Finish()
			return err
		})},
		{Name: "mdlayher", Run: repeat(func() error {
			a := netlink.NewAttributeEncoder()
			a.Uint32(unix.RTA_TABLE, unix.RT_TABLE_MAIN)
			a.Bytes(unix.RTA_DST, dst4[:])
			a.Uint32(unix.RTA_PRIORITY, 100)
			a.Bytes(unix.RTA_GATEWAY, gateway4[:])
			a.Uint32(unix.RTA_OIF, 3)
			_, err := a.Encode()
			return err
		})},
		{Name: "jsimonetti", Run: repeat(func() error { _, err := jsim.MarshalBinary(); return err })},
	}
}
