package nftables

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// An exprCase is a rule that nft makes, and one of its expressions. Chains are those of stage.
type exprCase struct {
	chain string // family and chain
	rule  string
	want  nftables.ExprOpsMsg
}

// stage is what the rules need.
func stage() []string {
	return []string{
		"table ip x", "table ip6 x", "table inet x", "table arp x", "table bridge x", "table netdev x",
		"chain ip x pre { type filter hook prerouting priority mangle; }",
		"chain ip x cfwd { type filter hook forward priority 0; }",
		"chain ip x out { type route hook output priority 0; }",
		"chain ip x cdnat { type nat hook prerouting priority dstnat; }",
		"chain ip x csnat { type nat hook postrouting priority srcnat; }",
		"chain ip6 x pre { type filter hook prerouting priority mangle; }",
		"chain ip6 x cfwd { type filter hook forward priority 0; }",
		"chain ip6 x out { type route hook output priority 0; }",
		"chain ip6 x csnat { type nat hook postrouting priority srcnat; }",
		"chain inet x pre { type filter hook prerouting priority mangle; }",
		"chain inet x cfwd { type filter hook forward priority 0; }",
		"chain inet x cdnat { type nat hook prerouting priority dstnat; }",
		"chain arp x in { type filter hook input priority 0; }",
		"chain bridge x pre { type filter hook prerouting priority 0; }",
		"chain bridge x cfwd { type filter hook forward priority 0; }",
		`chain netdev x in { type filter hook ingress device "nft0" priority 0; }`,
		`chain netdev x eg { type filter hook egress device "nft0" priority 0; }`,
		"set ip x seen { type ipv4_addr; flags dynamic; timeout 1m; }",
		"set ip x over { type ipv4_addr; flags dynamic; }",
		"map ip x last { type ipv4_addr : inet_service; flags dynamic; }",
		"counter ip x c1",
		"map ip x counters { type inet_service : counter; elements = { 80 : c1 } }",
		"map ip x nets { type ipv4_addr : interval ipv4_addr; flags interval; elements = { 192.0.2.0/24 : 198.51.100.0/24 } }",
		"quota ip x q1 { over 10 mbytes }",
		"limit ip x l1 { rate 5/second }",
		`ct helper ip x h1 { type "ftp" protocol tcp; }`,
		"ct timeout ip x t1 { protocol tcp; policy = { established: 100 }; }",
		"ct expectation ip x e1 { protocol tcp; dport 9876; timeout 1m; size 12; }",
		"synproxy ip x s1 { mss 1460; wscale 7; timestamp sack-perm; }",
		`secmark ip x k1 { "unconfined" }`,
	}
}

// reg2 is the second register of 16 bytes.
const reg2 = nftables.RegisterReg2

func exprCases() []exprCase {
	type opt[T any] = nlattr.Opt[T]
	ports := nftables.NatRangeFlagsProtoSpecified
	ip := nlattr.Some(nftables.NfprotoIpv4)
	nat := func(kind nftables.NatTypes, change func(x *nftables.ExprNatAttrs)) *nftables.ExprNatAttrs {
		x := &nftables.ExprNatAttrs{Type: nlattr.Some(kind), Family: ip, RegAddrMin: reg(reg1)}
		change(x)
		return x
	}
	object := func(kind nftables.ObjectType, name string) *nftables.ExprObjrefAttrs {
		return &nftables.ExprObjrefAttrs{ImmType: nlattr.Some(kind), ImmName: str(name)}
	}
	return []exprCase{
		// What is read, computed and written.
		{"ip pre", "meta mark 0x00000005-0x0000000a", &nftables.ExprByteorderAttrs{Sreg: reg(reg1), Dreg: reg(reg1), Op: nlattr.Some(nftables.ByteorderOpsHton), Len: u32(4), Size: u32(4)}},
		{"ip pre", "meta mark set meta mark << 3", &nftables.ExprBitwiseAttrs{Op: nlattr.Some(nftables.BitwiseOpsLshift), Len: u32(4), Data: value(3, 0, 0, 0)}},
		{"ip pre", "meta mark set meta mark & 0x0000ff00", &nftables.ExprBitwiseAttrs{Mask: value(0, 255, 0, 0), Xor: value(0, 0, 0, 0)}},
		{"ip pre", "ip ttl set 5", &nftables.ExprPayloadAttrs{Sreg: reg(reg1), Base: nlattr.Some(nftables.PayloadBaseNetworkHeader), CsumType: nlattr.Some(nftables.PayloadCsumTypesInet), CsumOffset: u32(10)}},
		{"ip pre", "tcp dport set 8080", &nftables.ExprPayloadAttrs{Sreg: reg(reg1), Base: nlattr.Some(nftables.PayloadBaseTransportHeader), Offset: u32(2), Len: u32(2), CsumOffset: u32(16)}},
		{"ip pre", "ip daddr set 192.0.2.77", &nftables.ExprPayloadAttrs{Sreg: reg(reg1), Offset: u32(16), CsumFlags: nlattr.Some(nftables.PayloadCsumFlagsL4csumPseudohdr)}},
		{"ip pre", "tcp option maxseg size set 1400", &nftables.ExprExthdrAttrs{Sreg: reg(reg1), Type: nlattr.Some(uint8(2)), Offset: u32(2), Len: u32(2), Op: nlattr.Some(nftables.ExthdrOpTcpopt)}},
		{"ip pre", "tcp option sack-perm exists", &nftables.ExprExthdrAttrs{Dreg: reg(reg1), Type: nlattr.Some(uint8(4)), Flags: nlattr.Some(nftables.ExthdrFlagsPresent)}},
		{"ip pre", "ip option rr exists", &nftables.ExprExthdrAttrs{Type: nlattr.Some(uint8(7)), Op: nlattr.Some(nftables.ExthdrOpIpv4)}},
		{"ip pre", "reset tcp option timestamp", &nftables.ExprExthdrAttrs{Type: nlattr.Some(uint8(8)), Op: nlattr.Some(nftables.ExthdrOpTcpopt)}},
		{"ip pre", "sctp chunk data exists", &nftables.ExprExthdrAttrs{Op: nlattr.Some(nftables.ExthdrOpSctp)}},
		{"inet pre", "frag id 7", &nftables.ExprExthdrAttrs{Type: nlattr.Some(uint8(unix.IPPROTO_FRAGMENT)), Offset: u32(4), Len: u32(4)}},
		{"ip pre", "meta mark set jhash ip saddr mod 16 seed 0xdeadbeef offset 100", &nftables.ExprHashAttrs{Sreg: reg(reg2), Dreg: reg(reg1), Len: u32(4), Modulus: u32(16), Seed: u32(0xdeadbeef), Offset: u32(100), Type: nlattr.Some(nftables.HashTypesJenkins)}},
		{"ip pre", "meta mark set symhash mod 2 offset 7", &nftables.ExprHashAttrs{Dreg: reg(reg1), Modulus: u32(2), Offset: u32(7), Type: nlattr.Some(nftables.HashTypesSym)}},
		{"ip pre", "meta mark set numgen random mod 8", &nftables.ExprNumgenAttrs{Modulus: u32(8), Type: nlattr.Some(nftables.NgTypesRandom)}},
		// Whose packet it is.
		{"ip pre", "socket transparent 1", &nftables.ExprSocketAttrs{Key: nlattr.Some(nftables.SocketKeysTransparent), Dreg: reg(reg1)}},
		{"ip pre", "socket mark 0x00000001", &nftables.ExprSocketAttrs{Key: nlattr.Some(nftables.SocketKeysMark)}},
		{"ip pre", "socket wildcard 0", &nftables.ExprSocketAttrs{Key: nlattr.Some(nftables.SocketKeysWildcard)}},
		{"ip pre", `osf ttl loose name "Linux"`, &nftables.ExprOsfAttrs{Dreg: reg(reg1), Ttl: nlattr.Some(nftables.OsfTtlLess)}},
		{"ip pre", `osf version "Linux:4.20"`, &nftables.ExprOsfAttrs{Flags: nlattr.Some(nftables.OsfFlagsVersion)}},
		{"ip pre", "ipsec in reqid 7", &nftables.ExprXfrmAttrs{Dreg: reg(reg1), Key: nlattr.Some(nftables.XfrmKeysReqid), Dir: nlattr.Some(nftables.XfrmDirIn), Spnum: u32(0)}},
		{"ip out", "ipsec out spnum 1 spi 5", &nftables.ExprXfrmAttrs{Key: nlattr.Some(nftables.XfrmKeysSpi), Dir: nlattr.Some(nftables.XfrmDirOut), Spnum: u32(1)}},
		{"ip pre", "ct original ip saddr 192.0.2.1", &nftables.ExprCtAttrs{Dreg: reg(reg1), Key: nlattr.Some(nftables.CtKeysSrcIp), Direction: nlattr.Some(nftables.CtDirectionOriginal)}},
		{"ip pre", "ct reply bytes > 1000", &nftables.ExprCtAttrs{Key: nlattr.Some(nftables.CtKeysBytes), Direction: nlattr.Some(nftables.CtDirectionReply)}},
		{"ip pre", "ct mark set 0x00000009", &nftables.ExprCtAttrs{Sreg: reg(reg1), Key: nlattr.Some(nftables.CtKeysMark)}},
		{"ip pre", "ct event set new,destroy", &nftables.ExprCtAttrs{Sreg: reg(reg1), Key: nlattr.Some(nftables.CtKeysEventmask)}},
		{"ip pre", "meta pkttype broadcast", &nftables.ExprMetaAttrs{Dreg: reg(reg1), Key: nlattr.Some(nftables.MetaKeysPkttype)}},
		{"ip cfwd", `meta sdifname "nft0"`, &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysSdifname)}},
		{"ip out", "meta skuid 0", &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysSkuid)}},
		{"ip pre", "fib daddr . iif type local", &nftables.ExprFibAttrs{Dreg: reg(reg1), Result: nlattr.Some(nftables.FibResultAddrtype), Flags: nlattr.Some(nftables.FibFlagsDaddr | nftables.FibFlagsIif)}},
		{"ip out", "rt nexthop 192.0.2.1", &nftables.ExprRtAttrs{Dreg: reg(reg1), Key: nlattr.Some(nftables.RtKeysNexthop4)}},
		{"ip out", "rt mtu 1500", &nftables.ExprRtAttrs{Key: nlattr.Some(nftables.RtKeysTcpmss)}},
		// What is counted and remembered.
		{"ip pre", "ct count over 3", &nftables.ConnlimitAttrs{Count: u32(3), Flags: nlattr.Some(nftables.ConnlimitFlagsInvert)}},
		{"ip pre", "limit rate over 4 mbytes/second burst 512 kbytes", &nftables.LimitAttrs{Rate: nlattr.Some(uint64(4 << 20)), Burst: u32(512 << 10), Type: nlattr.Some(nftables.LimitTypePktBytes), Flags: nlattr.Some(nftables.LimitFlagsInvert)}},
		{"ip pre", "update @seen { ip saddr timeout 10s }", &nftables.ExprDynsetAttrs{SetName: str("seen"), Op: nlattr.Some(nftables.DynsetOpsUpdate), SregKey: reg(reg1), Timeout: nlattr.Some(uint64(10_000))}},
		{"ip pre", "add @over { ip saddr limit rate over 10/second }", &nftables.ExprDynsetAttrs{SetName: str("over"), Op: nlattr.Some(nftables.DynsetOpsAdd), Expr: &nftables.ExprAttrs{Name: str("limit"), Data: &nftables.LimitAttrs{Rate: nlattr.Some(uint64(10)), Unit: nlattr.Some(uint64(1)), Flags: nlattr.Some(nftables.LimitFlagsInvert)}}}},
		{"ip pre", "update @over { ip saddr limit rate 1/minute counter }", &nftables.ExprDynsetAttrs{SetName: str("over"), Op: nlattr.Some(nftables.DynsetOpsUpdate), Flags: nlattr.Some(nftables.DynsetFlags(0))}},
		{"ip pre", "update @last { ip saddr : tcp dport }", &nftables.ExprDynsetAttrs{SetName: str("last"), SregKey: reg(reg1), SregData: reg(reg2)}},
		{"ip pre", "delete @seen { ip saddr }", &nftables.ExprDynsetAttrs{Op: nlattr.Some(nftables.DynsetOpsDelete)}},
		{"ip pre", "counter name tcp dport map @counters", &nftables.ExprObjrefAttrs{SetName: str("counters"), SetSreg: reg(reg1)}},
		{"ip pre", `quota name "q1"`, object(nftables.ObjectTypeQuota, "q1")},
		{"ip pre", `limit name "l1"`, object(nftables.ObjectTypeLimit, "l1")},
		{"ip pre", `ct helper set "h1"`, object(nftables.ObjectTypeCtHelper, "h1")},
		{"ip pre", `ct timeout set "t1"`, object(nftables.ObjectTypeCtTimeout, "t1")},
		{"ip pre", `ct expectation set "e1"`, object(nftables.ObjectTypeCtExpect, "e1")},
		{"ip pre", `meta secmark set "k1"`, object(nftables.ObjectTypeSecmark, "k1")},
		{"ip cfwd", `synproxy name "s1"`, object(nftables.ObjectTypeSynproxy, "s1")},
		{"ip pre", "log level debug flags tcp sequence,options flags ip options", &nftables.ExprLogAttrs{Level: nlattr.Some(nftables.LogLevelDebug), Flags: nlattr.Some(nftables.LogFlagsTcpseq | nftables.LogFlagsTcpopt | nftables.LogFlagsIpopt)}},
		{"ip pre", `log prefix "n" group 5 snaplen 64 queue-threshold 10`, &nftables.ExprLogAttrs{Group: nlattr.Some(uint16(5)), Snaplen: u32(64), Qthreshold: nlattr.Some(uint16(10))}},
		// What becomes of it.
		{"ip cfwd", "reject with icmp host-unreachable", &nftables.ExprRejectAttrs{Type: nlattr.Some(nftables.RejectTypesIcmpUnreach), IcmpCode: nlattr.Some(uint8(1))}},
		{"ip cfwd", "synproxy mss 1460 wscale 7 timestamp sack-perm", &nftables.SynproxyAttrs{Mss: nlattr.Some(uint16(1460)), Wscale: nlattr.Some(uint8(7))}},
		{"ip pre", "queue flags bypass to 1-3", &nftables.ExprQueueAttrs{Num: nlattr.Some(uint16(1)), Total: nlattr.Some(uint16(3)), Flags: nlattr.Some(nftables.QueueFlagsBypass)}},
		{"ip pre", "queue to symhash mod 2", &nftables.ExprQueueAttrs{SregQnum: reg(reg1)}},
		{"ip pre", "tcp dport 80 tproxy to 127.0.0.1:50080", &nftables.ExprTproxyAttrs{Family: ip, RegAddr: reg(reg1), RegPort: reg(reg2)}},
		{"ip pre", `dup to 192.0.2.9 device "nft0"`, &nftables.ExprDupAttrs{SregAddr: reg(reg1), SregDev: reg(reg2)}},
		{"netdev in", `dup to "nft1"`, &nftables.ExprDupAttrs{SregDev: reg(reg1)}},
		{"netdev in", `fwd to "nft1"`, &nftables.ExprFwdAttrs{SregDev: reg(reg1)}},
		{"netdev in", `fwd ip to 192.0.2.9 device "nft1"`, &nftables.ExprFwdAttrs{SregDev: reg(reg1), SregAddr: reg(reg2), Nfproto: ip}},
		{"ip cdnat", "tcp dport 80 dnat to 192.0.2.1:8080", nat(nftables.NatTypesDnat, func(x *nftables.ExprNatAttrs) {
			x.RegProtoMin, x.Flags = reg(reg2), nlattr.Some(ports|nftables.NatRangeFlagsMapIps)
		})},
		{"ip csnat", "snat to 192.0.2.1-192.0.2.7 persistent", nat(nftables.NatTypesSnat, func(x *nftables.ExprNatAttrs) {
			x.RegAddrMax, x.Flags = reg(reg2), nlattr.Some(nftables.NatRangeFlagsPersistent|nftables.NatRangeFlagsMapIps)
		})},
		{"ip cdnat", "dnat ip prefix to ip daddr map @nets", nat(nftables.NatTypesDnat, func(x *nftables.ExprNatAttrs) {
			x.RegAddrMax, x.Flags = opt[nftables.Register]{}, nlattr.Some(nftables.NatRangeFlagsNetmap|nftables.NatRangeFlagsMapIps)
		})},
		{"ip csnat", "masquerade fully-random", &nftables.ExprMasqAttrs{Flags: nlattr.Some(nftables.NatRangeFlagsProtoRandomFully)}},
		{"ip csnat", "meta l4proto tcp masquerade to :1024-2048", &nftables.ExprMasqAttrs{RegProtoMin: reg(reg1), RegProtoMax: reg(reg2)}},
		{"ip cdnat", "tcp dport 80 redirect to :8080", &nftables.ExprRedirAttrs{RegProtoMin: reg(reg1), Flags: nlattr.Some(ports)}},
	}
}

// nft has nft carry out commands, as a whole or not at all.
func nft(t *testing.T, commands ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("nft")
	if err != nil {
		t.Skipf("no witness: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), path, "-f", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// add has nft add things and returns those that it could, in their order: all, unless this kernel lacks some.
func add(t *testing.T, things []string) []string {
	t.Helper()
	var commands []string
	for _, thing := range things {
		commands = append(commands, "add "+thing)
	}
	if _, err := nft(t, commands...); err == nil {
		return things
	}
	return slices.DeleteFunc(slices.Clone(things), func(thing string) bool {
		out, err := nft(t, "add "+thing)
		switch lacks := strings.Contains(out, "No such file or directory") || strings.Contains(out, "not supported"); {
		case err != nil && (!lacks || nettest.Guest()):
			t.Errorf("nft add %s: %s", thing, out)
		case err != nil:
			t.Logf("this kernel has no %q: %s", thing, out)
		}
		return err != nil
	})
}

// family returns the header of requests about a family.
func family(name string) nftables.Nfgenmsg {
	return nftables.Nfgenmsg{NfgenFamily: map[string]nftables.Nfproto{
		"ip": nftables.NfprotoIpv4, "ip6": nftables.NfprotoIpv6, "inet": nftables.NfprotoInet, "arp": nftables.NfprotoArp,
		"bridge": nftables.NfprotoBridge, "netdev": nftables.NfprotoNetdev,
	}[name]}
}

// TestExpressions has nft add rules, reads their expressions, and makes the same tables again: nft must list both alike, and each rule
// must have the expression that it is there for.
func TestExpressions(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Veth("nft0", "nft1")
	t.Cleanup(func() { _ = exec.Command("nft", "flush ruleset").Run() })
	add(t, stage())
	client := nftables.New(n.Conn)
	tally := witness.NewTally(t)
	kinds := map[string]bool{}
	cases := map[string]exprCase{}
	var things []string
	for _, c := range slices.Concat(exprCases(), keyCases()) {
		fam, chain, _ := strings.Cut(c.chain, " ")
		thing := "rule " + fam + " x " + chain + " " + c.rule
		cases[thing] = c
		things = append(things, thing)
	}
	next := map[string]int{} // rule of a chain
	for _, thing := range add(t, things) {
		c := cases[thing]
		fam, chain, _ := strings.Cut(c.chain, " ")
		rules, err := client.GetruleCollect(n.Ctx, &nftables.GetruleDumpRequest{Header: family(fam), Table: str("x"), Chain: str(chain)})
		if err != nil || len(rules) <= next[c.chain] {
			t.Fatalf("%s: %d rules, %v", c.rule, len(rules), err)
		}
		rule := rules[next[c.chain]]
		next[c.chain]++
		var nearest *witness.Tally
		for _, e := range rule.Expressions.Elem {
			kinds[e.Name.V] = true
			if _, raw := e.Data.(nftables.ExprOpsRaw); raw {
				t.Errorf("%s: the expression %s is raw", c.rule, e.Name.V)
			}
			if reflect.TypeOf(e.Data) != reflect.TypeOf(c.want) {
				continue
			}
			try := witness.NewTally(t)
			try.Within(c.rule, c.want, e.Data)
			if nearest == nil || len(try.Errs) < len(nearest.Errs) {
				nearest = try
			}
		}
		if nearest == nil {
			t.Errorf("%s: no %T in %+v", c.rule, c.want, rule.Expressions.Elem)
			continue
		}
		tally.Fields += nearest.Fields
		tally.Errs = append(tally.Errs, nearest.Errs...)
	}
	for _, fam := range []string{"ip", "ip6", "inet", "arp", "bridge", "netdev"} {
		duplicate(n, fam, "x", "y")
		alike(t, tally, fam, "x", "y")
	}
	tally.Report("expressions")
	t.Logf("kinds: %s", strings.Join(witness.SortedKeys(kinds), " "))
}

// listed returns the rules of a chain, as nft lists them.
func listed(t *testing.T, chain string) []string {
	t.Helper()
	out, err := nft(t, "list chain "+chain)
	if err != nil {
		t.Fatalf("nft list chain %s: %s", chain, out)
	}
	var rules []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "\t\t") && !strings.HasPrefix(line, "\t\ttype ") {
			rules = append(rules, strings.TrimSpace(line))
		}
	}
	return rules
}
