package routing

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// daemon is the socket of a program that routes multicasts between the ends of a pair: what comes in at the first goes out of the second.
func (r *routing) daemon(source, group netip.Addr) {
	r.T.Helper()
	const init, addVif, addMfc, useIndex = 200, 202, 204, 8 // MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, VIFF_USE_IFINDEX
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_IGMP)
	if err != nil {
		r.T.Fatal(err)
	}
	r.T.Cleanup(func() { unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, init, 1); err != nil {
		r.T.Skip("this kernel routes no multicasts: ", err)
	}
	for i, index := range []uint32{r.first, uint32(r.Link("route1").Header.IfiIndex)} { // struct vifctl
		b := binary.NativeEndian.AppendUint16(nil, uint16(i))
		b = append(b, useIndex, 1, 0, 0, 0, 0)
		b = append(binary.NativeEndian.AppendUint32(b, index), 0, 0, 0, 0)
		if err := unix.SetsockoptString(fd, unix.IPPROTO_IP, addVif, string(b)); err != nil {
			r.T.Fatal(err)
		}
	}
	entry := struct { // struct mfcctl
		source, group [4]byte
		parent        uint16
		ttls          [32]byte
		_             [2]byte
		_             [4]uint32
	}{source: source.As4(), group: group.As4(), ttls: [32]byte{0, 1}}
	b := unsafe.Slice((*byte)(unsafe.Pointer(&entry)), unsafe.Sizeof(entry))
	if err := unix.SetsockoptString(fd, unix.IPPROTO_IP, addMfc, string(b)); err != nil {
		r.T.Fatal(err)
	}
}

// sendMulticast sends a packet for a group out of a link.
func sendMulticast(t *testing.T, link uint32, source, group netip.Addr) {
	t.Helper()
	frame := append(traffic.GroupMAC(group), 2, 0, 0, 0, 0, 9, 8, 0)
	packet := traffic.IPv4(source, group, unix.IPPROTO_UDP, 8, nil, []byte{0, 9, 0, 9, 0, 8, 0, 0})
	traffic.SendFrame(t, link, append(frame, packet...))
}

// TestMulticastForwarding routes a group, sends packets of it the right way and the wrong way, and compares the entry with what ip prints.
func TestMulticastForwarding(t *testing.T) {
	r := newRouting(t)
	source, group := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("239.1.1.1")
	r.daemon(source, group)
	second := uint32(r.Link("route1").Header.IfiIndex)
	c := witness.NewTally(t)
	type reply = *rtroute.GetrouteReply
	links := r.Dump()
	view := witness.View[reply]{
		"src": func(x reply) any { return x.Src }, "dst": func(x reply) any { return x.Dst },
		"iif":     func(x reply) any { return witness.LinkName(links, x.Iif.V) },
		"state":   func(x reply) any { return map[bool]string{true: "resolved", false: "unresolved"}[len(x.Multipath) > 0] },
		"packets": func(x reply) any { return x.MfcStats.MfcsPackets }, "bytes": func(x reply) any { return x.MfcStats.MfcsBytes },
		"wrong_if": func(x reply) any { return x.MfcStats.MfcsWrongIf },
		"expires":  func(x reply) any { return witness.Near(float64(x.Expires.V) / userHertz) },
		"table":    func(x reply) any { return tableName(tableOf(x)) },
		"multipath": func(x reply) any {
			var list []witness.Object
			for _, hop := range x.Multipath {
				list = append(list, witness.Object{"oif": witness.LinkName(links, uint32(hop.Header.RtnhIfindex))})
			}
			return list
		},
	}
	c.Steady(func(c *witness.Tally) {
		sendMulticast(t, second, source, group) // It comes in at the first link.
		sendMulticast(t, r.first, source, group)
		ours, theirs := r.list(familyIPMR), witness.IP(t, "-d", "-s", "mroute", "show", "table", "all")
		if len(ours) != 1 || len(theirs) != 1 {
			c.Errorf("we see %d entries, ip %d", len(ours), len(theirs))
			return
		}
		x := ours[0]
		witness.Known(t, "entry", x)
		if x.MfcStats == nil || x.MfcStats.MfcsPackets == 0 || x.MfcStats.MfcsBytes == 0 || x.MfcStats.MfcsWrongIf == 0 || !x.Expires.OK {
			c.Errorf("counters are %+v, idle for %v", x.MfcStats, x.Expires)
		}
		witness.Compare(c, "entry", x, view, theirs[0])
	})
	one, err := r.client.Getroute(r.Ctx, &rtroute.GetrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: familyIPMR, RtmSrcLen: 32, RtmDstLen: 32}, Src: addr("192.0.2.9"), Dst: addr("239.1.1.1"), Table: u32(253),
	})
	if err != nil || one.Iif != u32(r.first) || len(one.Multipath) != 1 {
		t.Errorf("the entry alone: %+v, %v", one, err)
	}
	c.Report("multicast forwarding")
}
