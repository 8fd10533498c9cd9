package tc

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// putProgram is a program of classic BPF with its code, or what the kernel tells of one that was loaded.
func putProgram(w *words, code *tc.SockFilters, id nlattr.Opt[uint32], tag []byte) {
	if code == nil {
		w.put("id %d name constant tag %x", id.V, tag)
		return
	}
	w.put("bytecode '%d", len(code.Instructions))
	for _, i := range code.Instructions {
		w.glue(",%d %d %d %d", i.Code, i.Jt, i.Jf, i.K)
	}
	w.glue("'")
}

func putPolice(w *words, o *tc.PoliceAttrs) {
	if o == nil {
		return
	}
	g, p := genOf(o), o.Tbf
	rate, peak := uint64(p.Rate.Rate), uint64(p.Peakrate.Rate)
	if o.Rate64.OK {
		rate = o.Rate64.V
	}
	if o.Peakrate64.OK {
		peak = o.Peakrate64.V
	}
	w.put("police 0x%x rate %s burst %s mtu %s", g.index, rateText(rate), size(float64(rate)*ticks(p.Burst)), size(float64(p.Mtu)))
	if peak != 0 {
		w.put("peakrate %s", rateText(peak))
	}
	if o.Avrate.OK {
		w.put("avrate %s", rateText(uint64(o.Avrate.V)))
	}
	if o.Pktrate64.OK {
		w.put("pkts_rate %d pkts_burst %d", o.Pktrate64.V, uint64(float64(o.Pktrate64.V)*ticks(uint32(o.Pktburst64.V))))
	}
	w.put("action %s", verdict(g.action))
	if o.Result.OK {
		w.glue("/%s", verdict(o.Result.V))
	}
	layer := map[tc.Linklayer]string{tc.LinklayerUnaware: "unspec", tc.LinklayerEthernet: "ethernet", tc.LinklayerAtm: "atm"}[p.Rate.Linklayer&15]
	w.put("overhead %s linklayer %s", size(float64(p.Rate.Overhead)), layer)
	g.used(w)
}

func putCt(w *words, g gen, o *tc.ActCtAttrs) {
	what := o.Action.V
	w.put("ct")
	if what&tc.CtActionClear != 0 {
		w.put("clear")
	}
	if what&tc.CtActionCommit != 0 {
		w.put("commit")
	}
	if what&tc.CtActionForce != 0 {
		w.put("force")
	}
	if o.Mark.OK {
		w.put("mark %d", o.Mark.V)
		if o.MarkMask.V != math.MaxUint32 {
			w.glue("/0x%x", o.MarkMask.V)
		}
	}
	opt(w, "zone %d", o.Zone)
	if o.Labels != nil {
		w.put("label %x/%x", o.Labels, o.LabelsMask)
	}
	if what&tc.CtActionNat != 0 {
		w.put("nat")
		low, high := o.NatIpv4Min, o.NatIpv4Max
		if o.NatIpv6Min.OK {
			low, high = o.NatIpv6Min, o.NatIpv6Max
		}
		switch {
		case what&tc.CtActionNatSrc != 0:
			w.put("src")
		case what&tc.CtActionNatDst != 0:
			w.put("dst")
		}
		if low.OK {
			w.put("addr %v", low.V)
			if high.OK && high != low {
				w.glue("-%v", high.V)
			}
		}
		if o.NatPortMin.OK {
			w.put("port %d", o.NatPortMin.V)
			if o.NatPortMax.OK && o.NatPortMax != o.NatPortMin {
				w.glue("-%d", o.NatPortMax.V)
			}
		}
	}
	w.word(verdict(g.action))
	g.tail(w)
}

func putGate(w *words, g gen, o *tc.ActGateAttrs) {
	// A number below 0 stands for any.
	any1 := func(v int32, unit string) string {
		if v < 0 {
			return "wildcard"
		}
		return strconv.Itoa(int(v)) + unit
	}
	w.put("priority %s clockid %s flags %x", any1(o.Priority.V, ""), clock(o.Clockid.V), o.Flags.V)
	w.put("base-time %s cycle-time %s cycle-time-ext %s schedule:", nanos(int64(o.BaseTime.V)), nanos(int64(o.CycleTime.V)), nanos(int64(o.CycleTimeExt.V)))
	for _, e := range o.EntryList.OneEntry {
		state := map[bool]string{true: "open", false: "close"}[e.Gate]
		w.put("number %d gate-state %s interval %s ipv %s max-octets %s", e.Index.V, state, nanos(int64(e.Interval.V)), any1(e.Ipv.V, ""), any1(e.MaxOctets.V, "b"))
	}
	w.word(verdict(g.action))
	g.tail(w)
}

func putPedit(w *words, g gen, o *tc.ActPeditAttrs) {
	p := o.Parms
	if o.ParmsEx != nil {
		p = o.ParmsEx
	}
	w.put("pedit action %s keys %d", verdict(g.action), len(p.Keys))
	g.tail(w)
	for i, k := range p.Keys {
		at, what := "", "val"
		if o.KeysEx != nil {
			ex := o.KeysEx.KeyEx[i]
			at = map[tc.PeditHtype]string{
				tc.PeditHtypeEth: "eth", tc.PeditHtypeIp4: "ipv4", tc.PeditHtypeIp6: "ipv6", tc.PeditHtypeTcp: "tcp", tc.PeditHtypeUdp: "udp",
			}[ex.Htype.V]
			if at != "" {
				at += "+"
			}
			if ex.Cmd.V == tc.PeditCmdAdd {
				what = "add"
			}
		}
		w.put("key #%d at %s%d: %s %08x mask %08x", i, at, int32(k.Off), what, k.Val, k.Mask)
	}
}

func putTunnelKey(w *words, g gen, o *tc.ActTunnelKeyAttrs) {
	p := o.Parms
	w.put("tunnel_key %s", map[tc.TunnelKeyAction]string{tc.TunnelKeyActionSet: "set", tc.TunnelKeyActionRelease: "unset"}[p.TAction])
	opt(w, "src_ip %v", o.EncIpv4Src)
	opt(w, "src_ip %v", o.EncIpv6Src)
	opt(w, "dst_ip %v", o.EncIpv4Dst)
	opt(w, "dst_ip %v", o.EncIpv6Dst)
	opt(w, "key_id %d", o.EncKeyID)
	opt(w, "dst_port %d", o.EncDstPort)
	if e := o.EncOpts; e != nil {
		switch {
		case e.Geneve != nil:
			w.put("geneve_opts %s", geneveText(e.Geneve))
		case e.Vxlan != nil:
			w.put("vxlan_opts %d", e.Vxlan.Gbp.V)
		case e.Erspan != nil:
			w.put("erspan_opts %s", erspanText(e.Erspan))
		}
	}
	if o.NoCsum.OK {
		w.word(map[bool]string{true: "nocsum", false: "csum"}[o.NoCsum.V != 0])
	}
	opt(w, "tos %#x", o.EncTos)
	opt(w, "ttl %d", o.EncTtl)
	w.word(verdict(g.action))
	g.tail(w)
}

// geneveText are options of geneve, which the kernel answers in one nest.
func geneveText(list []tc.GeneveOptAttrs) string {
	var out []string
	for _, o := range list {
		for i := range o.Class {
			out = append(out, fmt.Sprintf("%04x:%02x:%x", o.Class[i], o.Type[i], o.Data[i]))
		}
	}
	return strings.Join(out, ",")
}

func erspanText(o *tc.ErspanOptAttrs) string {
	return fmt.Sprintf("%d:%d:%d:%d", o.Ver.V, o.Index.V, o.Dir.V, o.Hwid.V)
}
