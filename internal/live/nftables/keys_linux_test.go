package nftables

import (
	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// keyCases are rules for what a packet, its connection, its route and its socket can be asked for, and what else rules can say.
func keyCases() []exprCase {
	var list []exprCase
	rule := func(chain, text string, want nftables.ExprOpsMsg) { list = append(list, exprCase{chain, text, want}) }
	meta := func(chain, text string, key nftables.MetaKeys) {
		rule(chain, text, &nftables.ExprMetaAttrs{Key: nlattr.Some(key)})
	}
	meta("ip pre", "meta length 100", nftables.MetaKeysLen)
	meta("ip pre", "meta protocol ip", nftables.MetaKeysProtocol)
	meta("ip pre", "meta priority set 1:2", nftables.MetaKeysPriority)
	meta("ip pre", "meta mark 7", nftables.MetaKeysMark)
	meta("ip pre", `meta iif "lo"`, nftables.MetaKeysIif)
	meta("ip out", `meta oif "lo"`, nftables.MetaKeysOif)
	meta("ip pre", `meta iifname "nft*"`, nftables.MetaKeysIifname)
	meta("ip out", `meta oifname "nft0"`, nftables.MetaKeysOifname)
	meta("ip pre", "meta iiftype ether", nftables.MetaKeysIftype)
	meta("ip out", "meta oiftype loopback", nftables.MetaKeysOiftype)
	meta("ip out", "meta skgid 0", nftables.MetaKeysSkgid)
	meta("ip pre", "meta nftrace set 0", nftables.MetaKeysNftrace)
	meta("ip out", "meta rtclassid 5", nftables.MetaKeysRtclassid)
	meta("ip out", "ct secmark set meta secmark", nftables.MetaKeysSecmark)
	meta("inet pre", "meta nfproto ipv4", nftables.MetaKeysNfproto)
	meta("ip pre", "meta l4proto 47", nftables.MetaKeysL4Proto)
	meta("bridge pre", `meta ibrname "br0"`, nftables.MetaKeysBriIifname)
	meta("bridge cfwd", `meta obrname "br0"`, nftables.MetaKeysBriOifname)
	meta("bridge pre", "meta ibrpvid 1", nftables.MetaKeysBriIifpvid)
	meta("bridge pre", "meta ibrvproto 0x8100", nftables.MetaKeysBriIifvproto)
	meta("ip pre", "meta cpu 0", nftables.MetaKeysCpu)
	meta("ip pre", "meta iifgroup 5", nftables.MetaKeysIifgroup)
	meta("ip out", "meta oifgroup 5", nftables.MetaKeysOifgroup)
	meta("ip out", "meta cgroup 5", nftables.MetaKeysCgroup)
	meta("ip pre", "meta random > 1000", nftables.MetaKeysPrandom)
	meta("ip pre", "meta ipsec exists", nftables.MetaKeysSecpath)
	meta("ip pre", `meta iifkind "veth"`, nftables.MetaKeysIifkind)
	meta("ip out", `meta oifkind "veth"`, nftables.MetaKeysOifkind)
	meta("ip pre", `meta time > "2026-01-01 00:00:00"`, nftables.MetaKeysTimeNs)
	meta("ip pre", `meta day "Sunday"`, nftables.MetaKeysTimeDay)
	meta("ip pre", `meta hour "10:00"-"11:00"`, nftables.MetaKeysTimeHour)
	meta("ip cfwd", `meta sdif "lo"`, nftables.MetaKeysSdif)

	ct := func(chain, text string, key nftables.CtKeys) {
		rule(chain, text, &nftables.ExprCtAttrs{Key: nlattr.Some(key)})
	}
	ct("ip pre", "ct direction reply", nftables.CtKeysDirection)
	ct("ip pre", "ct status snat,dnat", nftables.CtKeysStatus)
	ct("ip out", "ct secmark set meta secmark", nftables.CtKeysSecmark)
	ct("ip pre", "ct expiration 1h", nftables.CtKeysExpiration)
	ct("ip pre", `ct helper "ftp"`, nftables.CtKeysHelper)
	ct("inet pre", "ct original l3proto ipv4", nftables.CtKeysL3protocol)
	ct("ip pre", "ct original protocol tcp", nftables.CtKeysProtocol)
	ct("ip pre", "ct original protocol tcp ct original proto-src 80", nftables.CtKeysProtoSrc)
	ct("ip pre", "ct original protocol tcp ct reply proto-dst 80", nftables.CtKeysProtoDst)
	ct("ip pre", "ct label set 5", nftables.CtKeysLabels)
	ct("ip pre", "ct packets > 5", nftables.CtKeysPkts)
	ct("ip pre", "ct original avgpkt > 100", nftables.CtKeysAvgpkt)
	ct("ip pre", "ct original zone 3", nftables.CtKeysZone)
	ct("ip pre", "ct reply ip daddr 192.0.2.1", nftables.CtKeysDstIp)
	ct("ip6 pre", "ct original ip6 saddr 2001:db8::1", nftables.CtKeysSrcIp6)
	ct("ip6 pre", "ct original ip6 daddr 2001:db8::1", nftables.CtKeysDstIp6)
	ct("ip pre", "ct id 12345", nftables.CtKeysCtID)

	rule("ip6 out", "rt nexthop 2001:db8::1", &nftables.ExprRtAttrs{Key: nlattr.Some(nftables.RtKeysNexthop6)})
	rule("ip out", "rt ipsec exists", &nftables.ExprRtAttrs{Key: nlattr.Some(nftables.RtKeysXfrm)})
	for text, key := range map[string]nftables.XfrmKeys{
		"in ip saddr 192.0.2.1": nftables.XfrmKeysSaddrIp4, "in ip daddr 192.0.2.1": nftables.XfrmKeysDaddrIp4,
		"in ip6 saddr 2001:db8::1": nftables.XfrmKeysSaddrIp6, "in ip6 daddr 2001:db8::1": nftables.XfrmKeysDaddrIp6,
	} {
		rule("inet pre", "ipsec "+text, &nftables.ExprXfrmAttrs{Key: nlattr.Some(key)})
	}
	fib := func(chain, text string, result nftables.FibResult, flags nftables.FibFlags) {
		rule(chain, text, &nftables.ExprFibAttrs{Result: nlattr.Some(result), Flags: nlattr.Some(flags)})
	}
	fib("ip pre", `fib saddr oifname "lo"`, nftables.FibResultOifname, nftables.FibFlagsSaddr)
	fib("ip pre", "fib daddr . mark type local", nftables.FibResultAddrtype, nftables.FibFlagsDaddr|nftables.FibFlagsMark)
	fib("ip cfwd", "fib daddr . oif type local", nftables.FibResultAddrtype, nftables.FibFlagsDaddr|nftables.FibFlagsOif)
	fib("ip pre", "fib saddr . iif oif missing", nftables.FibResultOif, nftables.FibFlagsSaddr|nftables.FibFlagsIif|nftables.FibFlagsPresent)

	for _, level := range []nftables.LogLevel{
		nftables.LogLevelEmerg, nftables.LogLevelAlert, nftables.LogLevelCrit, nftables.LogLevelErr, nftables.LogLevelWarning,
		nftables.LogLevelNotice, nftables.LogLevelInfo,
	} {
		text := level.String()
		if level == nftables.LogLevelWarning {
			text = "warn"
		}
		rule("ip pre", "log level "+text, &nftables.ExprLogAttrs{Level: nlattr.Some(level)})
	}
	rule("ip pre", "log level audit", &nftables.ExprLogAttrs{Level: nlattr.Some(nftables.LogLevelAudit)})
	rule("ip pre", "log flags skuid flags ether", &nftables.ExprLogAttrs{Flags: nlattr.Some(nftables.LogFlagsUid | nftables.LogFlagsMacdecode)})

	rule("ip pre", "queue flags fanout,bypass to 1-3", &nftables.ExprQueueAttrs{Flags: nlattr.Some(nftables.QueueFlagsBypass | nftables.QueueFlagsCpuFanout)})
	reject := func(chain, text string, kind nftables.RejectTypes, code uint8) {
		rule(chain, "reject with "+text, &nftables.ExprRejectAttrs{Type: nlattr.Some(kind), IcmpCode: nlattr.Some(code)})
	}
	reject("inet cfwd", "icmpx no-route", nftables.RejectTypesIcmpxUnreach, uint8(nftables.RejectInetCodeNoRoute))
	reject("inet cfwd", "icmpx port-unreachable", nftables.RejectTypesIcmpxUnreach, uint8(nftables.RejectInetCodePortUnreach))
	reject("inet cfwd", "icmpx host-unreachable", nftables.RejectTypesIcmpxUnreach, uint8(nftables.RejectInetCodeHostUnreach))
	reject("inet cfwd", "icmpx admin-prohibited", nftables.RejectTypesIcmpxUnreach, uint8(nftables.RejectInetCodeAdminProhibited))
	reject("ip6 cfwd", "icmpv6 addr-unreachable", nftables.RejectTypesIcmpUnreach, 3)
	rule("ip csnat", "masquerade random", &nftables.ExprMasqAttrs{Flags: nlattr.Some(nftables.NatRangeFlagsProtoRandom)})
	rule("ip6 csnat", "meta l4proto tcp snat to [2001:db8::1]:1024-2048", &nftables.ExprNatAttrs{
		Family: nlattr.Some(nftables.NfprotoIpv6), RegProtoMin: reg(reg2), RegProtoMax: reg(nftables.RegisterReg3),
	})
	rule("inet cdnat", "meta nfproto ipv4 tcp dport 80 redirect to :8080-8090 random", &nftables.ExprRedirAttrs{
		RegProtoMax: reg(reg2), Flags: nlattr.Some(nftables.NatRangeFlagsProtoRandom | nftables.NatRangeFlagsProtoSpecified),
	})
	rule("ip pre", `osf ttl skip name "Linux"`, &nftables.ExprOsfAttrs{Ttl: nlattr.Some(nftables.OsfTtlNocheck)})
	rule("ip pre", `osf name "Linux"`, &nftables.ExprOsfAttrs{Ttl: nlattr.Some(nftables.OsfTtlTrue)})

	payload := func(chain, text string, base nftables.PayloadBase, offset, length uint32) {
		rule(chain, text, &nftables.ExprPayloadAttrs{Base: nlattr.Some(base), Offset: u32(offset), Len: u32(length)})
	}
	payload("netdev in", "ether saddr 02:00:00:00:00:01", nftables.PayloadBaseLlHeader, 6, 6)
	payload("netdev eg", "vlan id 5", nftables.PayloadBaseLlHeader, 14, 2)
	payload("arp in", "arp saddr ip 192.0.2.1", nftables.PayloadBaseNetworkHeader, 14, 4)
	payload("ip6 pre", "ip6 flowlabel 5", nftables.PayloadBaseNetworkHeader, 1, 3)
	payload("ip pre", "meta l4proto tcp @ih,8,16 5", nftables.PayloadBaseInnerHeader, 1, 2)
	rule("ip pre", "sctp dport set 5", &nftables.ExprPayloadAttrs{Sreg: reg(reg1), CsumType: nlattr.Some(nftables.PayloadCsumTypesSctp), CsumOffset: u32(8)})
	rule("netdev in", "ether daddr set 02:00:00:00:00:02", &nftables.ExprPayloadAttrs{Sreg: reg(reg1), CsumType: nlattr.Some(nftables.PayloadCsumTypesNone)})
	for op, n := range map[string]uint8{"hbh nexthdr 6": 0, "rt type 0": 43, "dst nexthdr 6": 60, "mh type 1": 135} {
		rule("ip6 pre", op, &nftables.ExprExthdrAttrs{Type: nlattr.Some(n), Op: nlattr.Some(nftables.ExthdrOpIpv6)})
	}

	rule("ip pre", "meta mark set meta mark >> 3", &nftables.ExprBitwiseAttrs{Op: nlattr.Some(nftables.BitwiseOpsRshift), Data: value(3, 0, 0, 0)})
	for text, op := range map[string]nftables.CmpOps{"< 5": nftables.CmpOpsLt, "<= 5": nftables.CmpOpsLte, "> 5": nftables.CmpOpsGt, ">= 5": nftables.CmpOpsGte, "5": nftables.CmpOpsEq, "!= 5": nftables.CmpOpsNeq} {
		rule("ip pre", "udp length "+text, &nftables.ExprCmpAttrs{Op: nlattr.Some(op), Data: value(0, 5)})
	}
	for text, code := range map[string]nftables.VerdictCode{
		"accept": nftables.VerdictCodeAccept, "drop": nftables.VerdictCodeDrop, "return": nftables.VerdictCodeReturn, "continue": nftables.VerdictCodeContinue,
	} {
		rule("ip pre", "udp dport 9 "+text, &nftables.ExprImmediateAttrs{Data: &nftables.DataAttrs{Verdict: &nftables.VerdictAttrs{Code: nlattr.Some(code)}}})
	}
	rule("ip6 pre", "ip6 saddr . udp dport . meta mark . ct mark { 2001:db8::1 . 1 . 2 . 3 } accept", &nftables.ExprLookupAttrs{Sreg: reg(reg1)})
	return list
}
