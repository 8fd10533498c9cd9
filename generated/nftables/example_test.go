package nftables_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A change of the ruleset is a transaction: the kernel carries out all of it or nothing, and the error says which request it did not like.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, client := context.Background(), nftables.New(conn)
	change := client.Transaction()
	inet := nftables.Nfgenmsg{NfgenFamily: nftables.NfprotoInet}
	table, chain := nlattr.Some("filter"), nlattr.Some("input")
	change.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: table}, nlconn.Create)
	change.Add(ctx, &nftables.OpNewchain, &nftables.NewchainRequest{
		Header: inet, Table: table, Name: chain, Type: nlattr.Some("filter"), Policy: nlattr.Some(nftables.VerdictCodeAccept),
		Hook: &nftables.HookAttrs{Num: nlattr.Some(uint32(nftables.InetHookLocalIn)), Priority: nlattr.Some(int32(0))},
	}, nlconn.Create)
	// meta l4proto tcp counter drop
	reg := nlattr.Some(nftables.RegisterReg1)
	change.Add(ctx, &nftables.OpNewrule, &nftables.NewruleRequest{
		Header: inet, Table: table, Chain: chain,
		Expressions: &nftables.ExprListAttrs{Elem: []nftables.ExprAttrs{
			{Data: &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysL4Proto), Dreg: reg}},
			{Data: &nftables.ExprCmpAttrs{Sreg: reg, Op: nlattr.Some(nftables.CmpOpsEq), Data: &nftables.DataAttrs{Value: []byte{6}}}},
			{Data: &nftables.CounterAttrs{}},
			{Data: &nftables.ExprImmediateAttrs{
				Dreg: nlattr.Some(nftables.RegisterVerdict),
				Data: &nftables.DataAttrs{Verdict: &nftables.VerdictAttrs{Code: nlattr.Some(nftables.VerdictCodeDrop)}},
			}},
		}},
	}, nlconn.Create, nlconn.Append)
	if err := change.Do(ctx); err != nil {
		log.Fatal(err)
	}
	for rule, err := range client.GetruleDump(ctx, &nftables.GetruleDumpRequest{Header: inet, Table: table}) {
		if err != nil {
			log.Fatal(err)
		}
		for _, expression := range rule.Expressions.Elem {
			fmt.Println(rule.Chain.V, expression.Name.V)
		}
	}
	// Output:
	// input meta
	// input cmp
	// input counter
	// input immediate
}

// A set of ranges of addresses, each an element where it begins and one where it has ended. A rule in front of the routing counts the
// packets from there and gives them another destination.
func ExampleClient_Transaction() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, client := context.Background(), nftables.New(conn)
	change := client.Transaction()
	ip := nftables.Nfgenmsg{NfgenFamily: nftables.NfprotoIpv4}
	table, chain, set := nlattr.Some("example"), nlattr.Some("prerouting"), nlattr.Some("guests")
	address := func(a string) *nftables.DataAttrs {
		return &nftables.DataAttrs{Value: netip.MustParseAddr(a).AsSlice()}
	}
	change.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: ip, Name: table}, nlconn.Create)
	change.Add(ctx, &nftables.OpNewchain, &nftables.NewchainRequest{
		Header: ip, Table: table, Name: chain, Type: nlattr.Some("nat"),
		Hook: &nftables.HookAttrs{Num: nlattr.Some(uint32(nftables.InetHookPreRouting)), Priority: nlattr.Some(int32(-100))},
	}, nlconn.Create)
	change.Add(ctx, &nftables.OpNewset, &nftables.NewsetRequest{
		Header: ip, Table: table, Name: set, ID: nlattr.Some(uint32(1)), Flags: nlattr.Some(nftables.SetFlagsInterval),
		KeyType: nlattr.Some(uint32(7)), KeyLen: nlattr.Some(uint32(4)), // nft calls 7 ipv4_addr
	}, nlconn.Create)
	ended := nlattr.Some(nftables.SetElemFlagsIntervalEnd)
	change.Add(ctx, &nftables.OpNewsetelem, &nftables.NewsetelemRequest{
		Header: ip, Table: table, Set: set,
		Elements: &nftables.SetelemListElemAttrs{Elem: []nftables.SetelemAttrs{ // 192.0.2.0/24, 198.51.100.7-198.51.100.9
			{Key: address("192.0.2.0")}, {Key: address("192.0.3.0"), Flags: ended},
			{Key: address("198.51.100.7")}, {Key: address("198.51.100.10"), Flags: ended},
		}},
	}, nlconn.Create)
	// ip saddr @guests counter dnat to 10.0.0.1
	reg := nlattr.Some(nftables.RegisterReg1)
	change.Add(ctx, &nftables.OpNewrule, &nftables.NewruleRequest{
		Header: ip, Table: table, Chain: chain,
		Expressions: &nftables.ExprListAttrs{Elem: []nftables.ExprAttrs{
			{Data: &nftables.ExprPayloadAttrs{
				Base: nlattr.Some(nftables.PayloadBaseNetworkHeader), Offset: nlattr.Some(uint32(12)), Len: nlattr.Some(uint32(4)), Dreg: reg,
			}},
			{Data: &nftables.ExprLookupAttrs{Set: set, Sreg: reg}},
			{Data: &nftables.CounterAttrs{}},
			{Data: &nftables.ExprImmediateAttrs{Dreg: reg, Data: address("10.0.0.1")}},
			{Data: &nftables.ExprNatAttrs{
				Type: nlattr.Some(nftables.NatTypesDnat), Family: nlattr.Some(nftables.NfprotoIpv4), RegAddrMin: reg,
			}},
		}},
	}, nlconn.Create, nlconn.Append)
	if err := change.Do(ctx); err != nil {
		log.Fatal(err)
	}
	elements := &nftables.GetsetelemDumpRequest{Header: ip, Table: table, Set: set}
	for list, err := range client.GetsetelemDump(ctx, elements) {
		if err != nil {
			log.Fatal(err)
		}
		for _, element := range list.Elements.Elem {
			at, _ := netip.AddrFromSlice(element.Key.Value)
			fmt.Println(at, element.Flags.V)
		}
	}
	// Unordered output:
	// 192.0.2.0 0
	// 192.0.3.0 interval-end
	// 198.51.100.7 0
	// 198.51.100.10 interval-end
}
