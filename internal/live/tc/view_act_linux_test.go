package tc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net"
	"reflect"
	"strings"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// seeActions compares all actions of a kind with what tc shows of them.
//
// Version 6.1 says nothing of the block of mirred, the range of queues of skbedit, no-frag of tunnel_key and the names of programs: these
// are only compared with the request.
func (b *bench) seeActions(tally *witness.Tally, kind string) {
	b.T.Helper()
	list := b.actions(kind)
	w := new(words)
	w.put("total acts %d", len(list))
	b.putActs(w, list, false)
	w.same(tally, kind, witness.Output(b.T, "tc", "-s", "-d", "actions", "list", "action", kind))
}

// putActs are actions as tc prints them, bound to a filter or alone.
func (b *bench) putActs(w *words, list []nlattr.Indexed[tc.ActAttrs], bound bool) {
	for _, a := range list {
		w.put("action order %d:", a.Index)
		b.putAct(w, a.V.Options)
		putActStats(w, &a.V, bound)
	}
}

// putActStats is what all actions have. Of those that are bound to a filter tc does not say where they work.
func putActStats(w *words, a *tc.ActAttrs, bound bool) {
	if a.Stats != nil {
		w.put("Action statistics:")
		putStats(w, a.Stats.Basic, a.Stats.BasicHw, a.Stats.Queue, a.Stats.RateEst)
	}
	if a.Cookie != nil {
		w.put("cookie %x", a.Cookie)
	}
	if f := a.Flags.V; f.Selector&uint32(tc.ActFlagsNoPercpuStats) != 0 {
		w.put("no_percpu")
	}
	if flags := tc.ActFlags(a.Flags.V.Value); !bound {
		if flags&tc.ActFlagsSkipHw != 0 {
			w.word("skip_hw")
		}
		if flags&tc.ActFlagsSkipSw != 0 {
			w.word("skip_sw")
		}
		if a.InHwCount == some(uint32(0)) {
			w.word("not_in_hw")
		} else if a.InHwCount.OK {
			w.put("in_hw in_hw_count %d", a.InHwCount.V)
		}
	}
	hwStats := func(name string, s nlattr.Opt[nlattr.Bitfield32]) {
		if !s.OK {
			return
		}
		w.word(name)
		for _, f := range []tc.ActHwStats{tc.ActHwStatsImmediate, tc.ActHwStatsDelayed} {
			if s.V.Value&uint32(f) != 0 {
				w.word(f.String())
			}
		}
		if s.V.Value == 0 {
			w.put("disabled")
		}
	}
	hwStats("hw_stats", a.HwStats)
	hwStats("used_hw_stats", a.UsedHwStats)
}

// general is the struct that every kind has, which begins with the same members.
func general(o tc.ActOptionsMsg) reflect.Value {
	for _, name := range []string{"Parms", "Act", "Tbf", "ParmsEx"} {
		if f := reflect.ValueOf(o).Elem().FieldByName(name); f.IsValid() && !f.IsNil() {
			return f.Elem()
		}
	}
	panic(fmt.Sprintf("%T has nothing in common with other actions", o))
}

// A gen is what all actions have.
type gen struct {
	index       uint32
	action      tc.ActVerdict
	refs, binds int32
	tm          *tc.ActTimes
}

func genOf(o tc.ActOptionsMsg) gen {
	v := general(o)
	return gen{
		uint32(v.FieldByName("Index").Uint()), v.FieldByName("Action").Interface().(tc.ActVerdict),
		int32(v.FieldByName("Refcnt").Int()), int32(v.FieldByName("Bindcnt").Int()),
		reflect.ValueOf(o).Elem().FieldByName("Tm").Interface().(*tc.ActTimes),
	}
}

// tail is what most actions end with.
func (g gen) tail(w *words) {
	w.put("index %d", g.index)
	g.used(w)
}

func (g gen) used(w *words) {
	w.put("ref %d bind %d", g.refs, g.binds)
	g.times(w)
}

// times are in hundredths of a second, which tc cuts. It leaves out those that are 0.
func (g gen) times(w *words) {
	for _, x := range []struct {
		what string
		time uint64
	}{{"installed", g.tm.Install}, {"used", g.tm.Lastuse}, {"firstused", g.tm.Firstuse}, {"expires", g.tm.Expires}} {
		if x.time != 0 {
			w.put("%s %d sec", x.what, x.time/100)
		}
	}
}

// verdict is tc's word for one.
func verdict(v tc.ActVerdict) string {
	words := map[tc.ActVerdict]string{
		tc.ActVerdictUnspec: "continue", tc.ActVerdictOk: "pass", tc.ActVerdictReclassify: "reclassify", tc.ActVerdictShot: "drop",
		tc.ActVerdictPipe: "pipe", tc.ActVerdictStolen: "stolen", tc.ActVerdictTrap: "trap",
	}
	switch word, ok := words[v]; {
	case ok:
		return word
	case v>>28 == 1:
		return fmt.Sprintf("jump %d", v&0xfffffff)
	case v>>28 == 2:
		return fmt.Sprintf("goto chain %d", v&0xfffffff)
	}
	return fmt.Sprint(int32(v))
}

// ethertype is tc's name of one.
func ethertype(v uint16) string {
	name, ok := map[uint16]string{
		ip: "ip", all: "all", ipv6: "ipv6", arp: "arp", vlan: "802.1Q", ad: "802.1ad", mpls: "mpls_uc", 0x8864: "ppp_ses",
	}[v]
	if !ok {
		return fmt.Sprintf("[%d]", v)
	}
	return name
}

func putMAC(w *words, name string, a net.HardwareAddr) {
	if a != nil {
		w.put("%s %v", name, a)
	}
}

// putAct is the action itself.
func (b *bench) putAct(w *words, options tc.ActOptionsMsg) {
	g := genOf(options)
	switch o := options.(type) {
	case *tc.ActGactAttrs:
		prob := o.Prob.V
		w.put("gact action %s random type %s %s val %d", verdict(g.action), []string{"none", "netrand", "determ"}[prob.Ptype], verdict(prob.Paction), prob.Pval)
		g.tail(w)
	case *tc.ActMirredAttrs:
		p := o.Parms
		what := map[tc.MirredAction]string{
			tc.MirredActionEgressMirror: "Egress Mirror", tc.MirredActionEgressRedir: "Egress Redirect",
			tc.MirredActionIngressMirror: "Ingress Mirror", tc.MirredActionIngressRedir: "Ingress Redirect",
		}[p.Eaction]
		w.put("mirred (%s to device %s) %s", what, b.linkName(p.Ifindex), verdict(g.action))
		g.tail(w)
	case *tc.PoliceAttrs:
		putPolice(w, o)
	case *tc.ActCsumAttrs:
		p := o.Parms
		var what []string
		for _, c := range []struct {
			flag tc.CsumFlags
			name string
		}{
			{tc.CsumFlagsIpv4hdr, "iph"}, {tc.CsumFlagsIcmp, "icmp"}, {tc.CsumFlagsIgmp, "igmp"}, {tc.CsumFlagsTcp, "tcp"}, {tc.CsumFlagsUdp, "udp"},
			{tc.CsumFlagsUdplite, "udplite"}, {tc.CsumFlagsSctp, "sctp"},
		} {
			if p.UpdateFlags&c.flag != 0 {
				what = append(what, c.name)
			}
		}
		w.put("csum (%s) action %s", strings.Join(what, ", "), verdict(g.action))
		g.tail(w)
	case *tc.ActConnmarkAttrs:
		p := o.Parms
		w.put("connmark zone %d %s", p.Zone, verdict(g.action))
		g.tail(w)
	case *tc.ActCtAttrs:
		putCt(w, g, o)
	case *tc.ActCtinfoAttrs:
		w.put("ctinfo")
		opt(w, "zone %d", o.Zone)
		w.put("%s index %d ref %d bind %d", verdict(g.action), g.index, g.refs, g.binds)
		if o.ParmsDscpMask.OK {
			w.put("dscp 0x%08x 0x%08x", o.ParmsDscpMask.V, o.ParmsDscpStatemask.V)
		}
		opt(w, "cpmark 0x%08x", o.ParmsCpmarkMask)
		g.times(w)
		w.put("DSCP set %d error %d CPMARK set %d", o.StatsDscpSet.V, o.StatsDscpError.V, o.StatsCpmarkSet.V)
	case *tc.ActGateAttrs:
		putGate(w, g, o)
	case *tc.ActIfeAttrs:
		p := o.Parms
		w.put("ife %s action %s", p.Flags, verdict(g.action))
		w.put("type %s", strings.ToUpper(hexText(uint32(o.Type.V))))
		for _, m := range []struct {
			name  string
			value []byte
		}{{"mark", o.Metalst.Skbmark}, {"tcindex", o.Metalst.Tcindex}, {"prio", o.Metalst.Prio}} {
			switch {
			case len(m.value) > 0:
				w.put("use %s %d", m.name, binary.NativeEndian.Uint32(m.value))
			case m.value != nil:
				w.put("allow %s", m.name)
			}
		}
		putMAC(w, "dst", o.Dmac)
		putMAC(w, "src", o.Smac)
		g.tail(w)
	case *tc.ActMplsAttrs:
		p := o.Parms
		w.put("mpls %s", strings.ReplaceAll(p.MAction.String(), "-", "_"))
		if p.MAction != tc.MplsActionModify && p.MAction != tc.MplsActionDecTtl {
			w.put("protocol %s", ethertype(o.Proto.V))
		}
		opt(w, "label %d", o.Label)
		opt(w, "tc %d", o.Tc)
		opt(w, "bos %d", o.Bos)
		opt(w, "ttl %d", o.Ttl)
		w.word(verdict(g.action))
		g.tail(w)
	case *tc.ActNatAttrs:
		p := o.Parms
		way := "ingress"
		if p.Flags&tc.NatFlagsEgress != 0 {
			way = "egress"
		}
		// tc takes the mask for a number in host byte order.
		w.put("nat %s %v/%d %v %s", way, ipv4(p.OldAddr), 32-bits.TrailingZeros32(binary.NativeEndian.Uint32(big4(p.Mask))), ipv4(p.NewAddr), verdict(g.action))
		g.tail(w)
	case *tc.ActPeditAttrs:
		putPedit(w, g, o)
	case *tc.ActSampleAttrs:
		w.put("sample rate 1/%d group %d", o.Rate.V, o.PsampleGroup.V)
		opt(w, "trunc_size %d", o.TruncSize)
		w.word(verdict(g.action))
		g.tail(w)
	case *tc.ActSimpleAttrs:
		w.put("Simple <%s>", o.Data.V)
		g.tail(w)
	case *tc.ActSkbeditAttrs:
		w.put("skbedit")
		opt(w, "queue_mapping %d", o.QueueMapping)
		if o.Priority.OK {
			w.put("priority %x:%x", o.Priority.V>>16, o.Priority.V&0xffff)
		}
		if o.Mark.OK {
			w.put("mark %d", o.Mark.V)
		}
		if o.Mask.OK {
			w.glue("/0x%x", o.Mask.V)
		}
		if o.Ptype.OK {
			w.put("ptype %s", []string{"host", "broadcast", "multicast", "otherhost"}[o.Ptype.V])
		}
		if o.Flags.V&tc.SkbeditFlagsInheritdsfield != 0 {
			w.put("inheritdsfield")
		}
		w.word(verdict(g.action))
		g.tail(w)
	case *tc.ActSkbmodAttrs:
		p := o.Parms
		w.put("skbmod %s", verdict(g.action))
		opt(w, "set etype 0x%X", o.Etype)
		putMAC(w, "set dmac", o.Dmac)
		putMAC(w, "set smac", o.Smac)
		if p.Flags&tc.SkbmodFlagsSwapmac != 0 {
			w.put("swap mac")
		}
		if p.Flags&tc.SkbmodFlagsEcn != 0 {
			w.put("ecn")
		}
		g.tail(w)
	case *tc.ActTunnelKeyAttrs:
		putTunnelKey(w, g, o)
	case *tc.ActVlanAttrs:
		p := o.Parms
		w.put("vlan %s", strings.ReplaceAll(p.VAction.String(), "-", "_"))
		opt(w, "id %d", o.PushVlanID)
		if o.PushVlanProtocol.OK {
			w.put("protocol %s", ethertype(o.PushVlanProtocol.V))
		}
		opt(w, "priority %d", o.PushVlanPriority)
		putMAC(w, "dst_mac", o.PushEthDst)
		putMAC(w, "src_mac", o.PushEthSrc)
		w.word(verdict(g.action))
		g.tail(w)
	case *tc.ActBpfAttrs:
		w.word("bpf")
		if o.Ops == nil {
			w.word(o.Name.V)
		}
		putProgram(w, o.Ops, o.ID, o.Tag)
		w.put("default-action %s", verdict(g.action))
		g.tail(w)
	default:
		w.put("%T", options)
	}
}
