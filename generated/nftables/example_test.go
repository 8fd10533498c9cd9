package nftables_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A change of the ruleset is a batch between two messages: the kernel carries out all of it or nothing, and the error says which request
// it did not like.
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	header := nftables.Nfgenmsg{ResID: 10} // NFNL_SUBSYS_NFTABLES
	batch := conn.NewBatch(nlconn.ProtocolNetfilter, nlconn.Transaction(
		&nftables.OpBatchBegin, &nftables.BatchBeginRequest{Header: header},
		&nftables.OpBatchEnd, &nftables.BatchEndRequest{Header: header}))

	inet := nftables.Nfgenmsg{NfgenFamily: nftables.NfprotoInet}
	table, chain := nlattr.Some("filter"), nlattr.Some("input")
	batch.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: table}, nlconn.Create)
	batch.Add(ctx, &nftables.OpNewchain, &nftables.NewchainRequest{
		Header: inet, Table: table, Name: chain, Type: nlattr.Some("filter"), Policy: nlattr.Some(nftables.VerdictCodeAccept),
		Hook: &nftables.HookAttrs{Num: nlattr.Some(uint32(nftables.InetHookLocalIn)), Priority: nlattr.Some(int32(0))},
	}, nlconn.Create)
	// meta l4proto tcp counter drop
	reg := nlattr.Some(nftables.RegisterReg1)
	batch.Add(ctx, &nftables.OpNewrule, &nftables.NewruleRequest{
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
	if err := batch.Do(ctx); err != nil {
		log.Fatal(err)
	}
	for rule, err := range nftables.New(conn).GetruleDump(ctx, &nftables.GetruleDumpRequest{Header: inet, Table: table}) {
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
