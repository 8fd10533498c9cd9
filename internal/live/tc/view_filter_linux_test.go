package tc

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
)

// asked is why a key is not compared with the tool: its form is tc's own, and the field was held against the request.
const asked = witness.Unseen("tc words it in its own way; the field was compared with the request")

// seeFlower compares the fields of flower with the keys that tc shows of a filter: numbers and addresses, the first part of those that
// come with a mask. It is what tells the byte order of each.
func (b *bench) seeFlower(tally *witness.Tally, x *tc.FlowerAttrs, parent uint32) {
	b.T.Helper()
	ours := map[string]any{
		"dst_mac": x.KeyEthDst, "src_mac": x.KeyEthSrc, "src_ip": x.KeyIpv4Src, "dst_ip": x.KeyIpv4Dst, "vlan_id": x.KeyVlanID,
		"vlan_prio": x.KeyVlanPrio, "cvlan_id": x.KeyCvlanID, "cvlan_prio": x.KeyCvlanPrio, "num_of_vlans": x.KeyNumOfVlans,
		"mpls_label": x.KeyMplsLabel, "mpls_tc": x.KeyMplsTc, "mpls_bos": x.KeyMplsBos, "mpls_ttl": x.KeyMplsTtl, "enc_key_id": x.KeyEncKeyID,
		"enc_src_port": x.KeyEncUdpSrcPort, "enc_dst_port": x.KeyEncUdpDstPort, "enc_src_ip": x.KeyEncIpv4Src, "enc_dst_ip": x.KeyEncIpv4Dst,
		"ip_tos": x.KeyIpTos, "ip_ttl": x.KeyIpTtl, "enc_tos": x.KeyEncIpTos, "enc_ttl": x.KeyEncIpTtl, "tcp_flags": x.KeyTcpFlags,
		"ct_zone": x.KeyCtZone, "ct_mark": x.KeyCtMark, "l2tpv3_sid": x.KeyL2tpv3Sid, "pppoe_sid": x.KeyPppoeSid, "spi": x.KeySpi,
		"arp_sip": x.KeyArpSip, "arp_tip": x.KeyArpTip, "arp_sha": x.KeyArpSha, "arp_tha": x.KeyArpTha, "l2_miss": x.L2Miss,
	}
	if x.KeyIpv6Src.OK {
		ours["src_ip"], ours["dst_ip"] = x.KeyIpv6Src, x.KeyIpv6Dst
	}
	if x.KeyEncIpv6Src.OK {
		ours["enc_src_ip"], ours["enc_dst_ip"] = x.KeyEncIpv6Src, x.KeyEncIpv6Dst
	}
	switch x.KeyIpProto.V {
	case 6:
		ours["src_port"], ours["dst_port"] = x.KeyTcpSrc, x.KeyTcpDst
	case 17:
		ours["src_port"], ours["dst_port"] = x.KeyUdpSrc, x.KeyUdpDst
	case 132:
		ours["src_port"], ours["dst_port"] = x.KeySctpSrc, x.KeySctpDst
	case 1:
		ours["icmp_type"], ours["icmp_code"] = x.KeyIcmpv4Type, x.KeyIcmpv4Code
	case 58:
		ours["icmp_type"], ours["icmp_code"] = x.KeyIcmpv6Type, x.KeyIcmpv6Code
	}
	if x.KeyPortSrcMin.OK {
		delete(ours, "src_port")
		delete(ours, "dst_port")
	}
	out := witness.Output(b.T, "tc", "-s", "-d", "-j", "filter", "show", "dev", b.dev, "parent", handleText(parent))
	var list []struct {
		Options struct{ Keys witness.Object }
	}
	if err := json.Unmarshal(out, &list); err != nil {
		tally.Unseen["flower"] = witness.Unseen("tc prints no JSON: " + err.Error())
		return
	}
	for _, f := range list {
		for key, theirs := range f.Options.Keys {
			value, ok := ours[key]
			if !ok {
				tally.Unseen["flower."+key] = asked
				continue
			}
			tally.Field("flower."+key, value, plain(value, theirs))
		}
	}
}

// plain is what a tool shows without the mask behind it, and a number as one.
func plain(ours, theirs any) any {
	s, ok := theirs.(string)
	if !ok {
		return theirs
	}
	s, _, _ = strings.Cut(s, "/")
	if n, err := strconv.ParseUint(s, 0, 64); err == nil && !strings.Contains(fmt.Sprintf("%T", ours), "HardwareAddr") {
		return float64(n)
	}
	return s
}

// seeAction compares with tc what all actions have, and some of what the kinds have.
func (b *bench) seeAction(tally *witness.Tally, a tc.ActAttrs) {
	b.T.Helper()
	kind := a.Kind.V
	var list []struct{ Actions []witness.Object }
	if err := json.Unmarshal(witness.Output(b.T, "tc", "-s", "-d", "-j", "actions", "list", "action", kind), &list); err != nil {
		tally.Unseen[kind] = witness.Unseen("tc prints no JSON: " + err.Error())
		return
	}
	view := witness.View[tc.ActAttrs]{
		"order": func(tc.ActAttrs) any { return witness.Unseen("the place in tc's list") },
		"kind":  func(a tc.ActAttrs) any { return witness.OneOf{a.Kind, "tunnel_key", "ctinfo"} },
		"index": func(a tc.ActAttrs) any { return indexOf(a.Options) },
		"stats": func(a tc.ActAttrs) any {
			basic, queue := a.Stats.Basic.V, a.Stats.Queue
			return witness.Object{
				"bytes": basic.Bytes, "packets": basic.Packets, "drops": queue.Drops, "overlimits": queue.Overlimits, "requeues": queue.Requeues,
				"backlog": queue.Backlog, "qlen": queue.Qlen,
			}
		},
	}
	for key, value := range actKeys(a, "tc1") {
		view[key] = func(tc.ActAttrs) any { return value }
	}
	for _, l := range list {
		for _, theirs := range l.Actions {
			for key, value := range theirs {
				if _, ok := view[key]; !ok {
					tally.Unseen[kind+"."+key] = asked
					delete(theirs, key)
				} else if s, ok := value.(string); ok && strings.HasPrefix(s, "0x") {
					theirs[key] = plain(uint64(0), s)
				}
			}
			witness.Compare(tally, kind, a, view, theirs)
		}
	}
}

// actKeys are fields of the kinds under tc's names.
func actKeys(a tc.ActAttrs, peer string) witness.Object {
	keys := common(a.Options)
	switch o := a.Options.(type) {
	case *tc.ActVlanAttrs:
		add(keys, witness.Object{"id": o.PushVlanID, "priority": o.PushVlanPriority.V, "dst_mac": o.PushEthDst, "src_mac": o.PushEthSrc})
	case *tc.ActTunnelKeyAttrs:
		add(keys, witness.Object{
			"key_id": o.EncKeyID, "dst_port": o.EncDstPort, "tos": o.EncTos, "ttl": o.EncTtl, "src_ip": o.EncIpv4Src, "dst_ip": o.EncIpv4Dst,
		})
		if o.EncIpv6Src.OK {
			keys["src_ip"], keys["dst_ip"] = o.EncIpv6Src, o.EncIpv6Dst
		}
	case *tc.ActMplsAttrs:
		add(keys, witness.Object{"label": o.Label, "tc": o.Tc, "ttl": o.Ttl, "bos": o.Bos})
	case *tc.ActCtAttrs:
		add(keys, witness.Object{"zone": o.Zone, "mark": o.Mark})
	case *tc.ActCtinfoAttrs:
		add(keys, witness.Object{
			"zone": o.Zone, "dscpmask": o.ParmsDscpMask, "dscpstatemask": o.ParmsDscpStatemask, "cpmark": o.ParmsCpmarkMask,
			"dscpset": o.StatsDscpSet, "dscperror": o.StatsDscpError, "cpmarkset": o.StatsCpmarkSet,
		})
	case *tc.ActConnmarkAttrs:
		add(keys, witness.Object{"zone": o.Parms.Zone})
	case *tc.ActSkbeditAttrs:
		add(keys, witness.Object{"queue_mapping": o.QueueMapping, "mark": o.Mark})
	case *tc.ActSampleAttrs:
		add(keys, witness.Object{"group": o.PsampleGroup, "trunc_size": o.TruncSize})
	case *tc.ActMirredAttrs:
		if o.Parms.Ifindex != 0 {
			add(keys, witness.Object{"to_dev": peer})
		}
	case *tc.ActPeditAttrs:
		p := o.Parms
		if p == nil {
			p = o.ParmsEx
		}
		add(keys, witness.Object{"nkeys": len(p.Keys)})
	case *tc.ActIfeAttrs:
		add(keys, witness.Object{"mode": o.Parms.Flags, "dst": o.Dmac, "src": o.Smac})
	}
	return keys
}

func add(to, from witness.Object) { maps.Copy(to, from) }

// verdicts are tc's words.
var verdicts = map[int64]string{
	-1: "continue", 0: "pass", 1: "reclassify", 2: "drop", 3: "pipe", 4: "stolen", 7: "redirect", 8: "trap",
}

// common is what all actions have. Times are rounded down to seconds by tc.
func common(o tc.ActOptionsMsg) witness.Object {
	v := reflect.ValueOf(o).Elem()
	keys := witness.Object{}
	for _, name := range []string{"Parms", "Act", "Tbf", "ParmsEx"} {
		f := v.FieldByName(name)
		if !f.IsValid() || f.Kind() != reflect.Pointer || f.IsNil() {
			continue
		}
		keys["ref"], keys["bind"] = f.Elem().FieldByName("Refcnt").Int(), f.Elem().FieldByName("Bindcnt").Int()
		if word, ok := verdicts[f.Elem().FieldByName("Action").Int()]; ok && name != "Tbf" {
			keys["control_action"] = witness.Object{"type": word}
		}
	}
	if tm := v.FieldByName("Tm"); tm.IsValid() && !tm.IsNil() {
		t := tm.Interface().(*tc.ActTimes)
		keys["installed"], keys["last_used"] = t.Install/100, t.Lastuse/100
	}
	return keys
}
