package bridge

import (
	"net"
	"testing"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestIntervals has an end point expect messages in each interval that there is.
func TestIntervals(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	type attrs = rtbridgelink.CfmAttrs
	set := func(a attrs) { t.Helper(); l.extra(l.bridge, rtbridgelink.AfSpecBridgeAttrs{Cfm: &a}) }
	set(attrs{MepCreate: &rtbridgelink.CfmMepCreateAttrs{
		Instance: u32(1), Domain: nlattr.Some(rtbridgelink.CfmDomainPort), Direction: nlattr.Some(rtbridgelink.CfmMepDirectionDown), Ifindex: u32(l.ports[0]),
	}})
	set(attrs{MepConfig: &rtbridgelink.CfmMepConfigAttrs{Instance: u32(1), UnicastMac: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Mdlevel: u32(1), Mepid: u32(1)}})
	c := witness.NewTally(t)
	for interval := rtbridgelink.CfmCcmInterval33Ms; interval <= rtbridgelink.CfmCcmInterval10Min; interval++ {
		want := &rtbridgelink.CfmCcConfigAttrs{Instance: u32(1), Enable: u32(0), ExpInterval: nlattr.Some(interval), ExpMaid: make([]byte, 48)}
		set(attrs{CcConfig: want})
		spec := l.list(rtbridgelink.RtextFilterCfmConfig)[l.bridge].AfSpec
		if spec == nil || spec.Cfm == nil || len(spec.Cfm.CcConfigInfo) != 1 {
			t.Fatalf("the bridge shows %+v", spec)
		}
		c.Within(interval.String(), want, spec.Cfm.CcConfigInfo[0])
	}
	c.Report("intervals")
}

// TestRoles gives a bridge each role in a ring, and in what connects it with another one.
func TestRoles(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	third, far := l.Veth("port2", "far2")
	l.enslave(uint32(third.Header.IfiIndex), l.bridge)
	l.Up(third, far)
	const ring, in = 7, 5
	set := func(a rtbridgelink.MrpAttrs) {
		t.Helper()
		l.extra(l.bridge, rtbridgelink.AfSpecBridgeAttrs{Mrp: &a})
	}
	instance := &rtbridgelink.MrpInstanceAttrs{RingID: u32(ring), PIfindex: u32(l.ports[0]), SIfindex: u32(l.ports[1])}
	set(rtbridgelink.MrpAttrs{Instance: instance})
	c := witness.NewTally(t)
	see := func(what string, want *rtbridgelink.MrpInfoAttrs) {
		t.Helper()
		spec := l.list(rtbridgelink.RtextFilterMrp)[l.bridge].AfSpec
		if spec == nil || spec.Mrp == nil || len(spec.Mrp.Info) != 1 {
			t.Fatalf("the bridge shows %+v", spec)
		}
		c.Within(what, want, spec.Mrp.Info[0])
	}
	for role := rtbridgelink.MrpRingRoleDisabled; role <= rtbridgelink.MrpRingRoleMra; role++ {
		set(rtbridgelink.MrpAttrs{RingRole: &rtbridgelink.MrpRingRoleAttrs{RingID: u32(ring), Role: nlattr.Some(role)}})
		see(role.String(), &rtbridgelink.MrpInfoAttrs{RingID: u32(ring), RingRole: nlattr.Some(role)})
	}
	for _, role := range []rtbridgelink.MrpInRole{rtbridgelink.MrpInRoleMic, rtbridgelink.MrpInRoleDisabled, rtbridgelink.MrpInRoleMim} {
		set(rtbridgelink.MrpAttrs{InRole: &rtbridgelink.MrpInRoleAttrs{
			RingID: u32(ring), InID: u16(in), Role: nlattr.Some(role), IIfindex: u32(uint32(third.Header.IfiIndex)),
		}})
		see(role.String(), &rtbridgelink.MrpInfoAttrs{RingID: u32(ring), InRole: nlattr.Some(role)})
	}
	c.Report("roles")
}
