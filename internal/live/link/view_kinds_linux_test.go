package link

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// data compares what ip says about the kind of a link, or about it as a port.
func (v *linkView) data(c *witness.Tally, at string, x any, theirs witness.Object) {
	c.T.Helper()
	switch x := x.(type) {
	case *rtlink.LinkinfoBridgeAttrs:
		witness.Compare(c, at, x, v.bridge(), theirs)
	case *rtlink.LinkinfoBrportAttrs:
		witness.Compare(c, at, x, v.port(), theirs)
	case *rtlink.LinkinfoVlanAttrs:
		witness.Compare(c, at, x, vlanView, theirs)
	case *rtlink.LinkinfoVxlanAttrs:
		witness.Compare(c, at, x, v.vxlan(), theirs)
	case *rtlink.LinkinfoBondAttrs:
		witness.Compare(c, at, x, v.bond(), theirs)
	case *rtlink.BondSlaveAttrs:
		witness.Compare(c, at, x, bondPortView, theirs)
	case *rtlink.LinkinfoMacvlanAttrs:
		witness.Compare(c, at, x, macvlanView, theirs)
	case *rtlink.LinkinfoIpvlanAttrs:
		witness.Compare(c, at, x, ipvlanView, theirs)
	case *rtlink.LinkinfoGeneveAttrs:
		witness.Compare(c, at, x, geneveView, theirs)
	case *rtlink.LinkinfoGreAttrs:
		witness.Compare(c, at, x, v.gre(), theirs)
	case *rtlink.LinkinfoGre6Attrs:
		witness.Compare(c, at, x, v.gre6(), theirs)
	case *rtlink.LinkinfoIptunAttrs:
		witness.Compare(c, at, x, v.iptun(), theirs)
	case *rtlink.LinkinfoIp6tnlAttrs:
		witness.Compare(c, at, x, v.ip6tnl(), theirs)
	case *rtlink.LinkinfoVtiAttrs:
		witness.Compare(c, at, x, witness.View[*rtlink.LinkinfoVtiAttrs]{
			"ikey": func(x *rtlink.LinkinfoVtiAttrs) any { return dotted(x.Ikey.V) },
			"okey": func(x *rtlink.LinkinfoVtiAttrs) any { return dotted(x.Okey.V) },
			"link": func(x *rtlink.LinkinfoVtiAttrs) any { return v.name(x.Link.V) },
		}, theirs)
	case *rtlink.LinkinfoVti6Attrs:
		witness.Compare(c, at, x, witness.View[*rtlink.LinkinfoVti6Attrs]{
			"ikey": func(x *rtlink.LinkinfoVti6Attrs) any { return dotted(x.Ikey.V) },
			"okey": func(x *rtlink.LinkinfoVti6Attrs) any { return dotted(x.Okey.V) },
			"link": func(x *rtlink.LinkinfoVti6Attrs) any { return v.name(x.Link.V) },
		}, theirs)
	case *rtlink.LinkinfoTunAttrs:
		witness.Compare(c, at, x, tunView, theirs)
	case *rtlink.LinkinfoXfrmAttrs:
		witness.Compare(c, at, x, witness.View[*rtlink.LinkinfoXfrmAttrs]{
			"if_id":    func(x *rtlink.LinkinfoXfrmAttrs) any { return hexadecimal(x.IfID.V) },
			"external": func(x *rtlink.LinkinfoXfrmAttrs) any { return x.CollectMetadata },
		}, theirs)
	case *rtlink.LinkinfoMacsecAttrs:
		witness.Compare(c, at, x, macsecView, theirs)
	case *rtlink.LinkinfoHsrAttrs:
		witness.Compare(c, at, x, v.hsr(), theirs)
	case *rtlink.LinkinfoGtpAttrs:
		witness.Compare(c, at, x, gtpView, theirs)
	case *rtlink.LinkinfoBareudpAttrs:
		witness.Compare(c, at, x, bareudpView, theirs)
	case *rtlink.LinkinfoCanAttrs:
		witness.Compare(c, at, x, canView, theirs)
	case *rtlink.LinkinfoAmtAttrs:
		witness.Compare(c, at, x, v.amt(), theirs)
	case *rtlink.LinkinfoIpoibAttrs:
		witness.Compare(c, at, x, ipoibView, theirs)
	default:
		witness.Compare(c, at, x, witness.View[any]{}, theirs)
	}
}

func (v *linkView) bridge() witness.View[*rtlink.LinkinfoBridgeAttrs] {
	type data = *rtlink.LinkinfoBridgeAttrs
	option := func(bit rtlink.BrBoolopt) func(data) any {
		return func(x data) any { return x.MultiBoolopt.V.Optval&bit != 0 }
	}
	number := func(get func(data) any) func(data) any {
		return func(x data) any {
			if get(x).(bool) {
				return 1
			}
			return 0
		}
	}
	return witness.View[data]{
		"bridge_id":             func(x data) any { return bridgeID(x.BridgeID.V) },
		"root_id":               func(x data) any { return bridgeID(x.RootID.V) },
		"hello_timer":           func(x data) any { return seconds(x.HelloTimer.V) },
		"tcn_timer":             func(x data) any { return seconds(x.TcnTimer.V) },
		"topology_change_timer": func(x data) any { return seconds(x.TopologyChangeTimer.V) },
		"gc_timer":              func(x data) any { return seconds(x.GcTimer.V) },
		"vlan_protocol":         func(x data) any { return tagProtocol(x.VlanProtocol.V) },
		"group_fwd_mask":        func(x data) any { return hexadecimal(x.GroupFwdMask.V) },
		"stp_state":             func(x data) any { return uint32(x.StpState.V) },
		"mcast_router":          func(x data) any { return uint8(x.McastRouter.V) },
		"no_linklocal_learn":    number(option(rtlink.BrBooloptNoLlLearn)),
		"mcast_vlan_snooping":   number(option(rtlink.BrBooloptMcastVlanSnooping)),
		"mst_enabled":           number(option(rtlink.BrBooloptMstEnable)),
		"mcast_querier_ipv4_addr": func(x data) any {
			return x.McastQuerierState.IpAddress
		},
		"mcast_querier_ipv4_other_timer": func(x data) any { return seconds(x.McastQuerierState.IpOtherTimer.V) },
		"mcast_querier_ipv4_port":        func(x data) any { return x.McastQuerierState.IpPort },
		"mcast_querier_ipv6_addr":        func(x data) any { return x.McastQuerierState.Ipv6Address },
		"mcast_querier_ipv6_other_timer": func(x data) any { return seconds(x.McastQuerierState.Ipv6OtherTimer.V) },
		"mcast_querier_ipv6_port":        func(x data) any { return x.McastQuerierState.Ipv6Port },
	}
}

func (v *linkView) port() witness.View[*rtlink.LinkinfoBrportAttrs] {
	type data = *rtlink.LinkinfoBrportAttrs
	return witness.View[data]{
		"hairpin":             func(x data) any { return x.Mode },
		"root_block":          func(x data) any { return x.Protect },
		"fastleave":           func(x data) any { return x.FastLeave },
		"flood":               func(x data) any { return x.UnicastFlood },
		"mcast_to_unicast":    func(x data) any { return x.McastToUcast },
		"id":                  func(x data) any { return hexadecimal(x.ID.V) },
		"no":                  func(x data) any { return hexadecimal(x.No.V) },
		"bridge_id":           func(x data) any { return bridgeID(x.BridgeID.V) },
		"root_id":             func(x data) any { return bridgeID(x.RootID.V) },
		"hold_timer":          func(x data) any { return seconds(x.HoldTimer.V) },
		"message_age_timer":   func(x data) any { return seconds(x.MessageAgeTimer.V) },
		"forward_delay_timer": func(x data) any { return seconds(x.ForwardDelayTimer.V) },
		"multicast_router":    func(x data) any { return uint8(x.MulticastRouter.V) },
		"group_fwd_mask":      func(x data) any { return hexadecimal(x.GroupFwdMask.V) },
		"group_fwd_mask_str":  func(x data) any { return fmt.Sprintf("0x%x", x.GroupFwdMask.V) },
		"backup_port":         func(x data) any { return v.name(x.BackupPort.V) },
	}
}

// tagProtocol is the name of the ethertype of a VLAN tag.
func tagProtocol(p rtlink.VlanProtocols) string {
	return map[rtlink.VlanProtocols]string{rtlink.VlanProtocols8021q: "802.1Q", rtlink.VlanProtocols8021ad: "802.1ad"}[p]
}

var vlanView = witness.View[*rtlink.LinkinfoVlanAttrs]{
	"protocol": func(x *rtlink.LinkinfoVlanAttrs) any { return tagProtocol(x.Protocol.V) },
	"flags": func(x *rtlink.LinkinfoVlanAttrs) any {
		var names witness.Set
		for i, name := range []string{"REORDER_HDR", "GVRP", "LOOSE_BINDING", "MVRP", "BRIDGE_BINDING"} {
			if x.Flags.V.Flags&(1<<i) != 0 {
				names = append(names, name)
			}
		}
		return names
	},
	"ingress_qos": func(x *rtlink.LinkinfoVlanAttrs) any { return mappings(x.IngressQos) },
	"egress_qos":  func(x *rtlink.LinkinfoVlanAttrs) any { return mappings(x.EgressQos) },
}

func mappings(x *rtlink.IflaVlanQosAttrs) any {
	var list []witness.Object
	for _, m := range x.Mapping {
		list = append(list, witness.Object{"from": m.From, "to": m.To})
	}
	return list
}

func (v *linkView) vxlan() witness.View[*rtlink.LinkinfoVxlanAttrs] {
	type data = *rtlink.LinkinfoVxlanAttrs
	return witness.View[data]{
		// ip calls the default remote end a group if it is a multicast address.
		"remote":  func(x data) any { return x.Group },
		"remote6": func(x data) any { return x.Group6 },
		"link":    func(x data) any { return v.name(x.Link.V) },
		"tos":     func(x data) any { return tos(x.Tos.V) },
		"ttl": func(x data) any {
			if len(x.TtlInherit) == 1 && x.TtlInherit[0] != 0 {
				return "inherit"
			}
			return x.Ttl
		},
		"label":      func(x data) any { return fmt.Sprintf("0x%x", x.Label.V) },
		"port_range": func(x data) any { return witness.Object{"low": x.PortRange.V.Low, "high": x.PortRange.V.High} },
		"external":   func(x data) any { return x.CollectMetadata },
	}
}

// tos prints a type of service.
func tos(n uint8) string { return fmt.Sprintf("0x%x", n) }

// dotted prints a key of a tunnel as ip does, like an IPv4 address.
func dotted(key uint32) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], key)
	return netip.AddrFrom4(b).String()
}

var geneveView = witness.View[*rtlink.LinkinfoGeneveAttrs]{
	"remote6":  func(x *rtlink.LinkinfoGeneveAttrs) any { return x.Remote6 },
	"tos":      func(x *rtlink.LinkinfoGeneveAttrs) any { return tos(x.Tos.V) },
	"external": func(x *rtlink.LinkinfoGeneveAttrs) any { return x.CollectMetadata },
	"label":    func(x *rtlink.LinkinfoGeneveAttrs) any { return fmt.Sprintf("0x%x", x.Label.V) },
	"ttl": func(x *rtlink.LinkinfoGeneveAttrs) any {
		if x.TtlInherit.V != 0 {
			return "inherit"
		}
		return x.Ttl
	},
}

var macvlanView = witness.View[*rtlink.LinkinfoMacvlanAttrs]{
	"bcqueuelen":     func(x *rtlink.LinkinfoMacvlanAttrs) any { return x.BcQueueLen },
	"usedbcqueuelen": func(x *rtlink.LinkinfoMacvlanAttrs) any { return x.BcQueueLenUsed },
	"macaddr_data":   func(x *rtlink.LinkinfoMacvlanAttrs) any { return x.MacaddrData.Macaddr },
	"nopromisc":      func(x *rtlink.LinkinfoMacvlanAttrs) any { return x.Flags.V&rtlink.MacvlanFlagsNopromisc != 0 },
	"nodst":          func(x *rtlink.LinkinfoMacvlanAttrs) any { return x.Flags.V&rtlink.MacvlanFlagsNodst != 0 },
}

var ipvlanView = witness.View[*rtlink.LinkinfoIpvlanAttrs]{
	"mode":    func(x *rtlink.LinkinfoIpvlanAttrs) any { return witness.Pick(x.Mode.V, "l2", "l3", "l3s") },
	"bridge":  func(x *rtlink.LinkinfoIpvlanAttrs) any { return x.Flags.V == 0 },
	"private": func(x *rtlink.LinkinfoIpvlanAttrs) any { return x.Flags.V&rtlink.IpvlanFlagsPrivate != 0 },
	"vepa":    func(x *rtlink.LinkinfoIpvlanAttrs) any { return x.Flags.V&rtlink.IpvlanFlagsVepa != 0 },
}

var tunView = witness.View[*rtlink.LinkinfoTunAttrs]{
	"type":        func(x *rtlink.LinkinfoTunAttrs) any { return witness.Pick(x.Type.V, "", "tun", "tap") },
	"user":        func(x *rtlink.LinkinfoTunAttrs) any { return witness.Pick(x.Owner.V, "root") },
	"group":       func(x *rtlink.LinkinfoTunAttrs) any { return witness.Pick(x.Group.V, "root") },
	"numqueues":   func(x *rtlink.LinkinfoTunAttrs) any { return x.NumQueues },
	"numdisabled": func(x *rtlink.LinkinfoTunAttrs) any { return x.NumDisabledQueues },
}

func (v *linkView) bond() witness.View[*rtlink.LinkinfoBondAttrs] {
	type data = *rtlink.LinkinfoBondAttrs
	return witness.View[data]{
		"mode": func(x data) any {
			return witness.Pick(x.Mode.V, "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
		},
		"active_slave":      func(x data) any { return v.name(x.ActiveSlave.V) },
		"primary":           func(x data) any { return v.name(x.Primary.V) },
		"peer_notify_delay": func(x data) any { return x.PeerNotifDelay },
		"arp_missed_max":    func(x data) any { return x.MissedMax },
		"arp_ip_target":     func(x data) any { return x.ArpIpTarget },
		"ns_ip6_target":     func(x data) any { return x.NsIp6Target },
		// Some versions of ip print nothing for "none".
		"arp_validate": func(x data) any {
			return witness.OneOf{witness.Pick(x.ArpValidate.V, "none", "active", "backup", "all", "filter", "filter_active", "filter_backup"), zero(x.ArpValidate)}
		},
		"arp_all_targets":  func(x data) any { return witness.Pick(x.ArpAllTargets.V, "any", "all") },
		"primary_reselect": func(x data) any { return witness.Pick(x.PrimaryReselect.V, "always", "better", "failure") },
		"fail_over_mac":    func(x data) any { return witness.Pick(x.FailOverMac.V, "none", "active", "follow") },
		"xmit_hash_policy": func(x data) any {
			return witness.Pick(x.XmitHashPolicy.V, "layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")
		},
		"ad_lacp_rate":   func(x data) any { return witness.Pick(x.AdLacpRate.V, "slow", "fast") },
		"ad_lacp_active": func(x data) any { return onOff(x.AdLacpActive.V) },
		"ad_select":      func(x data) any { return witness.Pick(x.AdSelect.V, "stable", "bandwidth", "count") },
		"ad_info": func(x data) any {
			return witness.Object{
				"aggregator": x.AdInfo.Aggregator, "num_ports": x.AdInfo.NumPorts, "actor_key": x.AdInfo.ActorKey,
				"partner_key": x.AdInfo.PartnerKey, "partner_mac": x.AdInfo.PartnerMac,
			}
		},
	}
}

var bondPortView = witness.View[*rtlink.BondSlaveAttrs]{
	"ad_aggregator_id":               func(x *rtlink.BondSlaveAttrs) any { return x.AdAggregatorID },
	"ad_actor_oper_port_state":       func(x *rtlink.BondSlaveAttrs) any { return uint16(x.AdActorOperPortState.V) },
	"ad_partner_oper_port_state":     func(x *rtlink.BondSlaveAttrs) any { return uint16(x.AdPartnerOperPortState.V) },
	"ad_actor_oper_port_state_str":   func(x *rtlink.BondSlaveAttrs) any { return lacpState(x.AdActorOperPortState.V) },
	"ad_partner_oper_port_state_str": func(x *rtlink.BondSlaveAttrs) any { return lacpState(x.AdPartnerOperPortState.V) },
	"mii_status": func(x *rtlink.BondSlaveAttrs) any {
		return witness.Pick(x.MiiStatus.V, "UP", "GOING_DOWN", "DOWN", "GOING_BACK")
	},
	"state": func(x *rtlink.BondSlaveAttrs) any { return witness.Pick(x.State.V, "ACTIVE", "BACKUP") },
}

// lacpState is the list of the bits of a LACP state in ip's words.
func lacpState(state rtlink.LacpState) any {
	names := witness.Set{}
	for i, name := range []string{"active", "short_timeout", "aggregating", "in_sync", "collecting", "distributing", "defaulted", "expired"} {
		if state&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// zero is nil if an optional number is 0 or absent, for tools that print null then.
func zero[T ~uint8 | ~uint16 | ~uint32](x nlattr.Opt[T]) any {
	if x.V == 0 {
		return nil
	}
	return strings.ToLower(fmt.Sprint(x.V))
}
