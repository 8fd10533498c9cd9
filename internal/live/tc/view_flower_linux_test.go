package tc

import (
	"fmt"
	"math"
	"math/bits"
	"net"
	"net/netip"
	"strings"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// putFlower is what flower compares, as tc prints it.
//
// Version 6.1 says nothing of hash, l2-miss, l2tpv3-sid, spi, cfm, the source port and the flags of tunnels and the options of pfcp:
// these are only compared with the request.
func putFlower(w *words, x *tc.FlowerAttrs) {
	opt(w, "num_of_vlans %d", x.KeyNumOfVlans)
	opt(w, "vlan_id %d", x.KeyVlanID)
	opt(w, "vlan_prio %d", x.KeyVlanPrio)
	putEthertype(w, "vlan_ethtype", x.KeyVlanEthType)
	opt(w, "cvlan_id %d", x.KeyCvlanID)
	opt(w, "cvlan_prio %d", x.KeyCvlanPrio)
	putEthertype(w, "cvlan_ethtype", x.KeyCvlanEthType)
	putMaskedMAC(w, "dst_mac", x.KeyEthDst, x.KeyEthDstMask)
	putMaskedMAC(w, "src_mac", x.KeyEthSrc, x.KeyEthSrcMask)
	if t := x.KeyEthType; t.OK {
		name, ok := map[uint16]string{ip: "ipv4", ipv6: "ipv6", arp: "arp"}[t.V]
		if !ok {
			name = fmt.Sprintf("%04x", t.V)
		}
		w.put("eth_type %s", name)
	}
	opt(w, "pppoe_sid %d", x.KeyPppoeSid)
	if x.KeyPppProto.OK {
		w.put("ppp_proto %s", map[uint16]string{0x21: "ip", 0x57: "ipv6"}[x.KeyPppProto.V])
	}
	if p := x.KeyIpProto; p.OK {
		name, ok := map[uint8]string{1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}[p.V]
		if !ok {
			name = fmt.Sprintf("%02x", p.V)
		}
		w.put("ip_proto %s", name)
	}
	masked(w, "ip_tos", x.KeyIpTos, x.KeyIpTosMask, math.MaxUint8)
	masked(w, "ip_ttl", x.KeyIpTtl, x.KeyIpTtlMask, math.MaxUint8)
	if x.KeyMplsOpts != nil {
		w.put("mpls")
		for _, e := range x.KeyMplsOpts.Lse {
			w.put("lse depth %d", e.LseDepth.V)
			opt(w, "label %d", e.LseLabel)
			opt(w, "tc %d", e.LseTc)
			opt(w, "bos %d", e.LseBos)
			opt(w, "ttl %d", e.LseTtl)
		}
	}
	opt(w, "mpls_label %d", x.KeyMplsLabel)
	opt(w, "mpls_tc %d", x.KeyMplsTc)
	opt(w, "mpls_bos %d", x.KeyMplsBos)
	opt(w, "mpls_ttl %d", x.KeyMplsTtl)
	putAddr(w, "dst_ip", x.KeyIpv4Dst, x.KeyIpv4DstMask)
	putAddr(w, "dst_ip", x.KeyIpv6Dst, x.KeyIpv6DstMask)
	putAddr(w, "src_ip", x.KeyIpv4Src, x.KeyIpv4SrcMask)
	putAddr(w, "src_ip", x.KeyIpv6Src, x.KeyIpv6SrcMask)
	for _, p := range [][4]nlattr.Opt[uint16]{
		{x.KeyTcpDst, x.KeyTcpDstMask, x.KeyTcpSrc, x.KeyTcpSrcMask}, {x.KeyUdpDst, x.KeyUdpDstMask, x.KeyUdpSrc, x.KeyUdpSrcMask},
		{x.KeySctpDst, x.KeySctpDstMask, x.KeySctpSrc, x.KeySctpSrcMask},
	} {
		masked(w, "dst_port", p[0], p[1], math.MaxUint16)
		masked(w, "src_port", p[2], p[3], math.MaxUint16)
	}
	if x.KeyPortDstMin.OK {
		w.put("dst_port %d-%d", x.KeyPortDstMin.V, x.KeyPortDstMax.V)
	}
	if x.KeyPortSrcMin.OK {
		w.put("src_port %d-%d", x.KeyPortSrcMin.V, x.KeyPortSrcMax.V)
	}
	if x.KeyTcpFlags.OK {
		w.put("tcp_flags 0x%x/%x", x.KeyTcpFlags.V, x.KeyTcpFlagsMask.V)
	}
	for _, i := range [][4]nlattr.Opt[uint8]{
		{x.KeyIcmpv4Type, x.KeyIcmpv4TypeMask, x.KeyIcmpv4Code, x.KeyIcmpv4CodeMask},
		{x.KeyIcmpv6Type, x.KeyIcmpv6TypeMask, x.KeyIcmpv6Code, x.KeyIcmpv6CodeMask},
	} {
		maskedDecimal(w, "icmp_type", i[0], i[1])
		maskedDecimal(w, "icmp_code", i[2], i[3])
	}
	putAddr(w, "arp_sip", x.KeyArpSip, x.KeyArpSipMask)
	putAddr(w, "arp_tip", x.KeyArpTip, x.KeyArpTipMask)
	if x.KeyArpOp.OK {
		w.put("arp_op %s", map[uint8]string{1: "request", 2: "reply"}[x.KeyArpOp.V])
	}
	putMaskedMAC(w, "arp_sha", x.KeyArpSha, x.KeyArpShaMask)
	putMaskedMAC(w, "arp_tha", x.KeyArpTha, x.KeyArpThaMask)
	putAddr(w, "enc_dst_ip", x.KeyEncIpv4Dst, x.KeyEncIpv4DstMask)
	putAddr(w, "enc_dst_ip", x.KeyEncIpv6Dst, x.KeyEncIpv6DstMask)
	putAddr(w, "enc_src_ip", x.KeyEncIpv4Src, x.KeyEncIpv4SrcMask)
	putAddr(w, "enc_src_ip", x.KeyEncIpv6Src, x.KeyEncIpv6SrcMask)
	opt(w, "enc_key_id %d", x.KeyEncKeyID)
	opt(w, "enc_dst_port %d", x.KeyEncUdpDstPort)
	masked(w, "enc_tos", x.KeyEncIpTos, x.KeyEncIpTosMask, math.MaxUint8)
	masked(w, "enc_ttl", x.KeyEncIpTtl, x.KeyEncIpTtlMask, math.MaxUint8)
	putEncOpts(w, x.KeyEncOpts, x.KeyEncOptsMask)
	flags(w, "ip_flags", x.KeyFlags, x.KeyFlagsMask, []flag[tc.FlowerKeyCtrlFlags]{
		{tc.FlowerKeyCtrlFlagsFrag, "frag"}, {tc.FlowerKeyCtrlFlagsFirstfrag, "firstfrag"},
	}, "", "no", "/")
	flags(w, "ct_state", x.KeyCtState, x.KeyCtStateMask, []flag[tc.FlowerKeyCtFlags]{
		{tc.FlowerKeyCtFlagsTracked, "trk"}, {tc.FlowerKeyCtFlagsNew, "new"}, {tc.FlowerKeyCtFlagsEstablished, "est"},
		{tc.FlowerKeyCtFlagsRelated, "rel"}, {tc.FlowerKeyCtFlagsInvalid, "inv"}, {tc.FlowerKeyCtFlagsReply, "rpl"},
	}, "+", "-", "")
	masked(w, "ct_zone", x.KeyCtZone, x.KeyCtZoneMask, math.MaxUint16)
	masked(w, "ct_mark", x.KeyCtMark, x.KeyCtMarkMask, math.MaxUint32)
	if x.KeyCtLabels != nil {
		w.put("ct_label %x/%x", x.KeyCtLabels, x.KeyCtLabelsMask)
	}
}

// masked is a number with its mask, if that is not all ones.
func masked[T uint8 | uint16 | uint32](w *words, name string, v, mask nlattr.Opt[T], whole T) {
	if !v.OK {
		return
	}
	w.put("%s %d", name, v.V)
	if mask.OK && mask.V != whole {
		w.glue("/0x%x", mask.V)
	}
}

// maskedDecimal is masked with a mask in decimal.
func maskedDecimal(w *words, name string, v, mask nlattr.Opt[uint8]) {
	if !v.OK {
		return
	}
	w.put("%s %d", name, v.V)
	if mask.OK && mask.V != math.MaxUint8 {
		w.glue("/%d", mask.V)
	}
}

func putEthertype(w *words, name string, v nlattr.Opt[uint16]) {
	if v.OK {
		w.put("%s %s", name, ethertype(v.V))
	}
}

// putAddr is an address with the length of its mask, if that is not whole.
func putAddr(w *words, name string, a, mask nlattr.Opt[netip.Addr]) {
	if !a.OK {
		return
	}
	w.put("%s %v", name, a.V)
	glueLength(w, mask.V.AsSlice())
}

func putMaskedMAC(w *words, name string, a, mask net.HardwareAddr) {
	if a == nil {
		return
	}
	w.put("%s %v", name, a)
	glueLength(w, mask)
}

// glueLength is the number of ones that a mask begins with.
func glueLength(w *words, mask []byte) {
	ones := 0
	for _, m := range mask {
		ones += bits.OnesCount8(m)
	}
	if ones < 8*len(mask) {
		w.glue("/%d", ones)
	}
}

// A flag is a bit and tc's word for it.
type flag[T any] struct {
	bit  T
	name string
}

// flags are those bits that the mask has, each with a sign that says whether it is to be set.
func flags[T tc.FlowerKeyCtrlFlags | tc.FlowerKeyCtFlags](w *words, name string, v, mask nlattr.Opt[T], list []flag[T], yes, no, between string) {
	var out []string
	for _, f := range list {
		switch {
		case mask.V&f.bit == 0:
		case v.V&f.bit != 0:
			out = append(out, yes+f.name)
		default:
			out = append(out, no+f.name)
		}
	}
	if len(out) > 0 {
		w.put("%s %s", name, strings.Join(out, between))
	}
}

// putEncOpts are options of tunnels.
func putEncOpts(w *words, key, mask *tc.FlowerKeyEncOptsAttrs) {
	switch {
	case key == nil:
	case key.Geneve != nil:
		keys, masks := strings.Split(geneveText(key.Geneve), ","), strings.Split(geneveText(mask.Geneve), ",")
		for i := range keys {
			keys[i] += "/" + masks[i]
		}
		w.put("geneve_opts %s", strings.Join(keys, ","))
	case key.Vxlan != nil:
		w.put("vxlan_opts %d/%d", key.Vxlan.Gbp.V, mask.Vxlan.Gbp.V)
	case key.Erspan != nil:
		w.put("erspan_opts %s/%s", erspanText(key.Erspan), erspanText(mask.Erspan))
	case key.Gtp != nil:
		w.put("gtp_opts %02x:%02x/%02x:%02x", key.Gtp.PduType.V, key.Gtp.Qfi.V, mask.Gtp.PduType.V, mask.Gtp.Qfi.V)
	}
}
