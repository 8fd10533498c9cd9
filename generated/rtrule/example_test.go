package rtrule_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/nlgen/nlgen/generated/rtrule"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func ExampleClient_Newrule() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	// Packets from 192.0.2.0/24 are routed by table 1000.
	const afInet = 2
	err = rtrule.New(conn).Newrule(context.Background(), &rtrule.NewruleRequest{
		Header:   rtrule.FibRuleHdr{Family: afInet, SrcLen: 24, Action: rtrule.FrActToTbl},
		Src:      nlattr.Some(netip.MustParseAddr("192.0.2.0")),
		Table:    nlattr.Some(uint32(1000)),
		Priority: nlattr.Some(uint32(500)),
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		fmt.Println(err) // such as: rt-rule: newrule: EPERM: operation not permitted
	}
}
