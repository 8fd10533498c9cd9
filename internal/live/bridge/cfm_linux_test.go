package bridge

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// An endPoint is a maintenance end point on a port of a bridge.
type endPoint struct {
	bridge, port   uint32
	instance, peer uint32 // this one and the other, which is its own number on the wire, too
	mac            net.HardwareAddr
}

// TestContinuity has two end points, on two bridges with a wire between them, watch each other by messages. No tool shows any of it, but
// the messages can be seen on the wire, and each end shows what it has got from the other.
func TestContinuity(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	other := l.Create(&rtlink.NewlinkRequest{Ifname: text("br1"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{}}})
	l.Up(other)
	far, wire := uint32(l.Link("far0").Header.IfiIndex), listen(t, uint32(l.Link("far0").Header.IfiIndex))
	l.enslave(far, uint32(other.Header.IfiIndex))
	l.know()
	l.forwarding()
	near := endPoint{l.bridge, l.ports[0], 11, 12, net.HardwareAddr{2, 0, 0, 0, 0, 11}}
	there := endPoint{uint32(other.Header.IfiIndex), far, 12, 11, net.HardwareAddr{2, 0, 0, 0, 0, 12}}

	type attrs = rtbridgelink.CfmAttrs
	cfm := func(a attrs) rtbridgelink.AfSpecBridgeAttrs { return rtbridgelink.AfSpecBridgeAttrs{Cfm: &a} }
	maid := append([]byte{1, 4, 6}, append([]byte("nlgen."), make([]byte, 39)...)...)
	group := net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 0x33}
	const level, portUp, linkUp = 3, 2, 1
	create := func(e endPoint) *rtbridgelink.CfmMepCreateAttrs {
		return &rtbridgelink.CfmMepCreateAttrs{Instance: u32(e.instance), Domain: nlattr.Some(rtbridgelink.CfmDomainPort),
			Direction: nlattr.Some(rtbridgelink.CfmMepDirectionDown), Ifindex: u32(e.port)}
	}
	config := func(e endPoint, level uint32) *rtbridgelink.CfmMepConfigAttrs {
		return &rtbridgelink.CfmMepConfigAttrs{Instance: u32(e.instance), UnicastMac: e.mac, Mdlevel: u32(level), Mepid: u32(e.instance)}
	}
	check := func(e endPoint) *rtbridgelink.CfmCcConfigAttrs {
		return &rtbridgelink.CfmCcConfigAttrs{Instance: u32(e.instance), Enable: u32(1), ExpInterval: nlattr.Some(rtbridgelink.CfmCcmInterval100Ms), ExpMaid: maid}
	}
	peer := func(e endPoint) *rtbridgelink.CfmCcPeerMepAttrs {
		return &rtbridgelink.CfmCcPeerMepAttrs{MepInstance: u32(e.instance), Mepid: u32(e.peer)}
	}
	rdi := func(e endPoint) *rtbridgelink.CfmCcRdiAttrs {
		return &rtbridgelink.CfmCcRdiAttrs{Instance: u32(e.instance), Rdi: u32(e.instance & 1)} // of the near one only
	}
	send := func(e endPoint, seconds uint32) *rtbridgelink.CfmCcCcmTxAttrs {
		return &rtbridgelink.CfmCcCcmTxAttrs{Instance: u32(e.instance), Dmac: group, SeqNoUpdate: u32(1), Period: u32(seconds),
			IfTlv: u32(1), IfTlvValue: u8(linkUp), PortTlv: u32(1), PortTlvValue: u8(portUp)}
	}
	for _, e := range []endPoint{near, there} {
		for _, a := range []attrs{
			{MepCreate: create(e)}, {MepConfig: config(e, level)}, {CcPeerMepAdd: peer(e)}, {CcRdi: rdi(e)}, {CcConfig: check(e)}, {CcCcmTx: send(e, 600)},
		} {
			l.extra(e.bridge, cfm(a))
		}
	}

	c := witness.NewTally(t)
	state := func(e endPoint, mask rtbridgelink.RtextFilter) *attrs {
		t.Helper()
		if spec := l.list(mask)[e.bridge].AfSpec; spec != nil && spec.Cfm != nil {
			return spec.Cfm
		}
		t.Fatal("the bridge shows nothing of end points")
		return nil
	}
	for _, e := range []endPoint{near, there} {
		c.Within("end point", &attrs{
			MepCreateInfo: []rtbridgelink.CfmMepCreateAttrs{*create(e)}, MepConfigInfo: []rtbridgelink.CfmMepConfigAttrs{*config(e, level)},
			CcConfigInfo: []rtbridgelink.CfmCcConfigAttrs{*check(e)}, CcPeerMepInfo: []rtbridgelink.CfmCcPeerMepAttrs{*peer(e)},
			CcRdiInfo: []rtbridgelink.CfmCcRdiAttrs{*rdi(e)}, CcCcmTxInfo: []rtbridgelink.CfmCcCcmTxAttrs{*send(e, 600)},
		}, state(e, rtbridgelink.RtextFilterCfmConfig))
	}
	// A message has its level, the opcode, flags (the defect, and 100 ms) and where its records are; a number that counts up; the end
	// point and the association.
	if b := frame(t, wire, 0x8902, level<<5, 1, 1<<7|3, 70); b != nil {
		want := append(binary.BigEndian.AppendUint16(nil, uint16(near.instance)), maid...)
		c.Field("message", bytes.Equal(b[8:8+len(want)], want), true)
		// Behind 16 bytes that are kept for others, the records of the port and the link: type, length, value.
		c.Field("records", bytes.Equal(b[74:83], []byte{2, 0, 1, portUp, 4, 0, 1, linkUp, 0}), true)
	}

	// until waits for a state of a peer and of its end point, each of which forgets what it has seen when it is read.
	until := func(what string, e endPoint, ok func(p rtbridgelink.CfmCcPeerStatusAttrs, m rtbridgelink.CfmMepStatusAttrs) bool) {
		t.Helper()
		var x *attrs
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			x = state(e, rtbridgelink.RtextFilterCfmStatus)
			if c.Fields++; len(x.CcPeerStatusInfo) == 1 && len(x.MepStatusInfo) == 1 && ok(x.CcPeerStatusInfo[0], x.MepStatusInfo[0]) {
				return
			}
		}
		t.Errorf("%s: end point %d sees its peer as %+v, and %+v", what, e.instance, x.CcPeerStatusInfo, x.MepStatusInfo)
	}
	type peerStatus = rtbridgelink.CfmCcPeerStatusAttrs
	type status = rtbridgelink.CfmMepStatusAttrs
	for _, e := range []endPoint{near, there} {
		until("both send", e, func(p peerStatus, m status) bool {
			return p.Instance == u32(e.instance) && p.PeerMepid == u32(e.peer) && p.CcmDefect == u32(0) && p.Rdi == u32(e.peer&1) && p.Seen == u32(1) &&
				p.TlvSeen == u32(1) && p.PortTlvValue == u8(portUp) && p.IfTlvValue == u8(linkUp) && p.SeqUnexpSeen == u32(0) &&
				m.Instance == u32(e.instance) && m.OpcodeUnexpSeen == u32(0) && m.VersionUnexpSeen == u32(0) && m.RxLevelLowSeen == u32(0)
		})
	}
	// Messages that are not as they should be.
	inject := func(begin ...byte) {
		l.sendFrame("far0", slices.Concat(group, there.mac, []byte{0x89, 0x02}, begin, make([]byte, 80)))
	}
	inject(level<<5, 99, 0, 70)
	until("opcode 99", near, func(_ peerStatus, m status) bool { return m.OpcodeUnexpSeen == u32(1) })
	inject(level<<5|1, 1, 3, 70)
	until("version 1", near, func(_ peerStatus, m status) bool { return m.VersionUnexpSeen == u32(1) })
	inject((level-1)<<5, 1, 3, 70)
	until("a lower level", near, func(_ peerStatus, m status) bool { return m.RxLevelLowSeen == u32(1) })
	l.sendFrame("far0", slices.Concat(group, there.mac, []byte{0x89, 0x02, level << 5, 1, 3, 70, 0, 1, 0, 0, 0, byte(there.instance)}, maid, make([]byte, 40)))
	until("another number", near, func(p peerStatus, _ status) bool { return p.SeqUnexpSeen == u32(1) })
	l.extra(there.bridge, cfm(attrs{CcCcmTx: send(there, 0)}))
	until("silence", near, func(p peerStatus, _ status) bool { return p.CcmDefect == u32(1) && p.Seen == u32(0) })

	for what, r := range map[string]struct {
		a     attrs
		errno syscall.Errno
		want  string
	}{
		"a second one":  {attrs{MepCreate: create(near)}, syscall.EEXIST, `rt-bridge-link: setlink: EEXIST: "bridge: MEP instance already exists"`},
		"none":          {attrs{CcRdi: &rtbridgelink.CfmCcRdiAttrs{Instance: u32(99), Rdi: u32(1)}}, syscall.ENOENT, `rt-bridge-link: setlink: ENOENT: "bridge: MEP instance does not exists"`},
		"without level": {attrs{MepConfig: &rtbridgelink.CfmMepConfigAttrs{Instance: u32(11), UnicastMac: near.mac}}, syscall.EINVAL, `rt-bridge-link: setlink: EINVAL: "bridge: Missing MDLEVEL attribute"`},
	} {
		witness.Refused(t, what, l.tryExtra(near.bridge, cfm(r.a)), r.errno, r.want)
	}
	l.extra(near.bridge, cfm(attrs{CcPeerMepRemove: peer(near)}))
	if list := state(near, rtbridgelink.RtextFilterCfmConfig).CcPeerMepInfo; len(list) != 0 {
		t.Errorf("there still is the peer %+v", list)
	}
	l.extra(near.bridge, cfm(attrs{MepDelete: &rtbridgelink.CfmMepDeleteAttrs{Instance: u32(near.instance)}}))
	if spec := l.list(rtbridgelink.RtextFilterCfmConfig)[near.bridge].AfSpec; spec != nil && spec.Cfm != nil && len(spec.Cfm.MepCreateInfo) > 0 {
		t.Errorf("there still is %+v", spec.Cfm)
	}
	c.Report("continuity")
}
