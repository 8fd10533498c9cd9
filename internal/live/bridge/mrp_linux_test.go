package bridge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// extra sets what a bridge has that Debian's has not; the test is skipped if this one has it neither.
func (l *lab) extra(index uint32, spec rtbridgelink.AfSpecBridgeAttrs) {
	l.T.Helper()
	err := l.tryExtra(index, spec)
	if errors.Is(err, syscall.EOPNOTSUPP) {
		l.T.Skip("the bridge of this kernel is built without it, see make bridge: ", err)
	}
	if err != nil {
		l.T.Fatal(err)
	}
}

func (l *lab) tryExtra(index uint32, spec rtbridgelink.AfSpecBridgeAttrs) error {
	spec.Flags = nlattr.Some(rtbridgelink.BridgeFlagsSelf)
	if index == l.ports[0] || index == l.ports[1] {
		spec.Flags = nlattr.Some(rtbridgelink.BridgeFlagsMaster)
	}
	return rtbridgelink.New(l.Conn).Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(index), AfSpec: &spec})
}

// frame returns the next frame of a type that comes in over a link and has these bytes at its begin, or nil if none comes.
func frame(t *testing.T, fd int, ethertype uint16, begin ...byte) []byte {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		b := make([]byte, 2000)
		n, from, err := unix.Recvfrom(fd, b, 0)
		if err != nil {
			continue
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		if ok && link.Pkttype != unix.PACKET_OUTGOING && link.Protocol == ethertype>>8|ethertype<<8 && bytes.HasPrefix(b[:n], begin) {
			return b[:n]
		}
	}
	t.Errorf("no frame of type %#x begins with % x", ethertype, begin)
	return nil
}

// TestRings manages a ring that leads through a second bridge, and an interconnection. No tool shows any of it, but the frames that the
// kernel sends for it can be seen on the wire, and it finds out when the ring is cut.
func TestRings(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	inter, far := l.Veth("port2", "far2")
	index := uint32(inter.Header.IfiIndex)
	l.enslave(index, l.bridge)
	l.Up(inter, far)
	other := l.Create(&rtlink.NewlinkRequest{Ifname: text("br1"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{}}})
	back := uint32(l.Link("far1").Header.IfiIndex)
	wires := map[string]int{}
	for _, name := range []string{"far0", "far1", "far2"} {
		wires[name] = listen(t, uint32(l.Link(name).Header.IfiIndex))
	}
	l.enslave(uint32(l.Link("far0").Header.IfiIndex), uint32(other.Header.IfiIndex))
	l.enslave(back, uint32(other.Header.IfiIndex))
	l.know()

	type attrs = rtbridgelink.MrpAttrs
	mrp := func(a attrs) rtbridgelink.AfSpecBridgeAttrs { return rtbridgelink.AfSpecBridgeAttrs{Mrp: &a} }
	const ring, in, prio, interval, misses = 7, 5, 0x9000, 50_000, 20
	instance := &rtbridgelink.MrpInstanceAttrs{RingID: u32(ring), PIfindex: u32(l.ports[0]), SIfindex: u32(l.ports[1]), Prio: u16(prio)}
	l.extra(l.bridge, mrp(attrs{Instance: instance}))
	closed, open := nlattr.Some(rtbridgelink.MrpRingStateClosed), nlattr.Some(rtbridgelink.MrpRingStateOpen)
	role := func(r rtbridgelink.MrpPortRole) attrs {
		return attrs{PortRole: &rtbridgelink.MrpPortRoleAttrs{Role: nlattr.Some(r)}}
	}
	state := func(s rtbridgelink.MrpPortState) attrs {
		return attrs{PortState: &rtbridgelink.MrpPortStateAttrs{State: nlattr.Some(s)}}
	}
	l.extra(l.ports[0], mrp(role(rtbridgelink.MrpPortRolePrimary)))
	l.extra(l.ports[1], mrp(role(rtbridgelink.MrpPortRoleSecondary)))
	l.extra(l.ports[0], mrp(state(rtbridgelink.MrpPortStateForwarding)))
	l.extra(l.ports[1], mrp(state(rtbridgelink.MrpPortStateBlocked)))
	l.Up(other) // Now there is no loop.
	for _, a := range []attrs{
		{RingRole: &rtbridgelink.MrpRingRoleAttrs{RingID: u32(ring), Role: nlattr.Some(rtbridgelink.MrpRingRoleMrm)}},
		{RingState: &rtbridgelink.MrpRingStateAttrs{RingID: u32(ring), State: closed}},
		{InRole: &rtbridgelink.MrpInRoleAttrs{RingID: u32(ring), InID: u16(in), Role: nlattr.Some(rtbridgelink.MrpInRoleMim), IIfindex: u32(index)}},
		{InState: &rtbridgelink.MrpInStateAttrs{InID: u32(in), State: closed}},
		{StartTest: &rtbridgelink.MrpStartTestAttrs{RingID: u32(ring), Interval: u32(interval), MaxMiss: u32(misses), Period: u32(60_000_000), Monitor: u32(0)}},
		{StartInTest: &rtbridgelink.MrpStartInTestAttrs{InID: u32(in), Interval: u32(2 * interval), MaxMiss: u32(misses + 1), Period: u32(60_000_000)}},
	} {
		l.extra(l.bridge, mrp(a))
	}

	c := witness.NewTally(t)
	rings := func() []rtbridgelink.MrpInfoAttrs {
		if spec := l.list(rtbridgelink.RtextFilterMrp)[l.bridge].AfSpec; spec != nil && spec.Mrp != nil {
			return spec.Mrp.Info
		}
		return nil
	}
	if list := rings(); len(list) != 1 {
		t.Errorf("there are the rings %+v", list)
	} else {
		c.Within("ring", &rtbridgelink.MrpInfoAttrs{
			RingID: u32(ring), PIfindex: instance.PIfindex, SIfindex: instance.SIfindex, Prio: instance.Prio,
			RingState: closed, RingRole: nlattr.Some(rtbridgelink.MrpRingRoleMrm), TestInterval: u32(interval), TestMaxMiss: u32(misses), TestMonitor: u32(0),
			IIfindex: u32(index), InState: closed, InRole: nlattr.Some(rtbridgelink.MrpInRoleMim), InTestInterval: u32(2 * interval), InTestMaxMiss: u32(misses + 1),
		}, &list[0])
	}
	blocked, err := os.ReadFile("/sys/class/net/port1/brport/state")
	if err != nil {
		t.Fatal(err)
	}
	c.Field("state of a blocked port", strings.TrimSpace(string(blocked)), strconv.Itoa(int(rtbridgelink.BrStateBlocking)))
	// A frame has its version, then the type of the test and its length; then the priority or the interconnection, the bridge's address,
	// the role of the port and the state.
	test := func(link string, kind byte, first, role uint16) {
		t.Helper()
		want := binary.BigEndian.AppendUint16([]byte{0, 1, kind, 18}, first)
		want = binary.BigEndian.AppendUint16(append(want, l.Link("br0").Address...), role)
		frame(t, wires[link], 0x88e3, binary.BigEndian.AppendUint16(want, uint16(closed.V))...)
		c.Fields++
	}
	test("far0", 2, prio, uint16(rtbridgelink.MrpPortRolePrimary))
	test("far1", 2, prio, uint16(rtbridgelink.MrpPortRoleSecondary))
	test("far2", 6, in, uint16(rtbridgelink.MrpPortRoleInter))

	// While the ring is whole, the tests come back. Those of the interconnection do so over the ring, since nobody is at its other end.
	ports := func(when string, want uint8) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			links := l.list(0)
			first, second, third := links[l.ports[0]].Protinfo, links[l.ports[1]].Protinfo, links[index].Protinfo
			if first.MrpRingOpen == u8(want) && second.MrpRingOpen == u8(want) && (want == 0 || third.MrpInOpen == u8(1)) {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%s: the ring is open: %v and %v, the interconnection %v, want %d", when, first.MrpRingOpen, second.MrpRingOpen, third.MrpInOpen, want)
				break
			}
		}
		c.Fields++
	}
	ports("whole", 0)
	l.enslave(back, 0)
	ports("cut", 1)
	l.extra(l.bridge, mrp(attrs{RingState: &rtbridgelink.MrpRingStateAttrs{RingID: u32(ring), State: open}}))
	l.enslave(back, uint32(other.Header.IfiIndex))
	ports("mended", 0)

	const missing = `rt-bridge-link: setlink: EINVAL: "bridge: Missing attribute: RING_ID or P_IFINDEX or S_IFINDEX"`
	witness.Refused(t, "half a ring", l.tryExtra(l.bridge, mrp(attrs{Instance: &rtbridgelink.MrpInstanceAttrs{RingID: u32(8)}})), syscall.EINVAL, missing)
	again := `rt-bridge-link: setlink: EINVAL: invalid argument`
	witness.Refused(t, "a ring that is there", l.tryExtra(l.bridge, mrp(attrs{Instance: instance})), syscall.EINVAL, again)
	del := mrp(attrs{Instance: instance})
	del.Flags = nlattr.Some(rtbridgelink.BridgeFlagsSelf)
	if err := rtbridgelink.New(l.Conn).Dellink(l.Ctx, &rtbridgelink.DellinkRequest{Header: header(l.bridge), AfSpec: &del}); err != nil {
		t.Error(err)
	}
	if list := rings(); len(list) != 0 {
		t.Errorf("there still are the rings %+v", list)
	}
	c.Report("rings")
}
