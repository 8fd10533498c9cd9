package nftables

import (
	"os/exec"
	"testing"

	"github.com/nlgen/nlgen/internal/witness"
)

// setCases are sets and maps of every kind, and what they need, by families.
func setCases() map[string][]string {
	return map[string][]string{
		"inet": {
			`table inet x { comment "all kinds of sets"; }`,
			"counter inet x c1 { packets 1 bytes 2; }",
			"counter inet x c2",
			"quota inet x q1 { 10 mbytes }",
			`limit inet x l1 { rate over 4 mbytes/second burst 5 kbytes; comment "slow"; }`,
			`ct helper inet x h1 { type "ftp" protocol tcp; l3proto ip; }`,
			"ct timeout inet x t1 { protocol udp; l3proto ip6; policy = { replied: 7, unreplied: 8 }; }",
			"ct expectation inet x e1 { protocol udp; dport 9; timeout 5m; size 2; l3proto ip; }",
			"synproxy inet x s1 { mss 1000; wscale 3; }",
			`secmark inet x k1 { "unconfined"; comment "needs a security module"; }`,
			"chain inet x a",
			"chain inet x b",
			`set inet x plain { type ipv4_addr; comment "addresses"; size 100; policy memory; }`,
			`element inet x plain { 192.0.2.1 comment "one" }`,
			"set inet x fixed { type inet_service; flags constant; elements = { 1, 2 } }",
			"set inet x spans { type ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.7, 203.0.113.9 } }",
			"set inet x everything { type ipv6_addr; flags interval; elements = { 2001:db8::/32, * } }",
			"set inet x concat { type ipv4_addr . inet_service . ifname; elements = { 192.0.2.1 . 80 . \"eth0\" } }",
			"set inet x ranges { type ipv4_addr . inet_service; flags interval; elements = { 192.0.2.0/24 . 80-90, 198.51.100.1 . 22 } }",
			"set inet x ageing { type ether_addr; flags timeout; timeout 1d; gc-interval 1h; elements = { 02:00:00:00:00:01 timeout 3d expires 2d, 02:00:00:00:00:02 } }",
			"set inet x learnt { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 1d; size 65535; }",
			"set inet x counted { typeof meta mark; counter; elements = { 1 counter packets 3 bytes 4, 2 } }",
			"set inet x two { typeof ip saddr; counter quota over 500 bytes; elements = { 192.0.2.1 } }",
			"set inet x limited { type ipv4_addr; flags dynamic; limit rate 3/hour burst 9 packets; elements = { 192.0.2.2 limit rate 3/hour burst 9 packets } }",
			"set inet x connections { type ipv4_addr; flags dynamic; elements = { 192.0.2.2 ct count over 5 } }",
			"map inet x verdicts { type inet_service : verdict; elements = { 1 : accept, 2 : drop, 3 : jump a, 4 : goto b, 5 : return, 6 : continue } }",
			`map inet x values { type inet_service : ipv4_addr; elements = { 1 : 192.0.2.1, 2 comment "two" : 192.0.2.2 } }`,
			"map inet x data { type ipv4_addr : interval ipv4_addr . inet_service; flags interval; elements = { 192.0.2.0/24 : 198.51.100.0/24 . 80-90 } }",
			"map inet x hits { type inet_service : counter; elements = { 1 : c1, 2 : c2 } }",
			"map inet x shares { type inet_service : quota; elements = { 1 : q1 } }",
			"map inet x limits { type inet_service : limit; elements = { 1 : l1 } }",
			"map inet x proxies { type inet_service : synproxy; elements = { 1 : s1 } }",
			"map inet x marks { type inet_service : secmark; elements = { 1 : k1 } }",
			"chain inet x c { type filter hook input priority 0; policy drop; comment \"uses them\"; }",
			`rule inet x c tcp dport { 1, 2-5, 9 } accept comment "a list"`,
			"rule inet x c ip saddr . tcp dport { 192.0.2.1 . 80, 192.0.2.2 . 81-85 } accept",
			"rule inet x c tcp dport vmap { 1 : accept, 2 : jump a, 3-4 : drop }",
			"rule inet x c meta mark set tcp dport map { 1 : 0x1, 2 : 0x2 }",
			"rule inet x c ip saddr != { 192.0.2.1 } drop",
			"rule inet x c tcp dport @fixed jump { counter accept; }",
			"rule inet x c counter name tcp dport map @hits",
			"rule inet x c quota name tcp dport map @shares",
			`rule inet x c limit name tcp dport map { 1 : "l1" }`,
			`rule inet x c ct helper set tcp dport map { 1 : "h1" }`,
			`rule inet x c ct timeout set tcp dport map { 1 : "t1" }`,
			`rule inet x c ct expectation set tcp dport map { 1 : "e1" }`,
			"rule inet x c meta secmark set tcp dport map @marks",
			"rule inet x c add @learnt { ip saddr . tcp dport timeout 9d }",
		},
	}
}

// TestSets has nft make sets and maps of every kind with elements, and makes the same of what we read of them: nft must list both alike.
func TestSets(t *testing.T) {
	n := witness.NewNamespace(t)
	t.Cleanup(func() { _ = exec.Command("nft", "flush ruleset").Run() })
	tally := witness.NewTally(t)
	for fam, things := range setCases() {
		add(t, things)
		duplicate(n, fam, "x", "y")
		alike(t, tally, fam, "x", "y")
	}
	tally.Report("sets")
}
