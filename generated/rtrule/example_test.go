package rtrule_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtrule"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Has packets from 192.0.2.0/24 routed by table 1000, and lists the rules.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, rules := context.Background(), rtrule.New(conn)
	err = rules.Newrule(ctx, &rtrule.NewruleRequest{
		Header:   rtrule.FibRuleHdr{Family: unix.AF_INET, SrcLen: 24, Action: rtrule.FrActToTbl},
		Src:      nlattr.Some(netip.MustParseAddr("192.0.2.0")),
		Table:    nlattr.Some(uint32(1000)),
		Priority: nlattr.Some(uint32(500)),
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		log.Fatal(err) // such as: rt-rule: newrule: EPERM: operation not permitted
	}
	for rule, err := range rules.GetruleDump(ctx, &rtrule.GetruleDumpRequest{Header: rtrule.FibRuleHdr{Family: unix.AF_INET}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rule.Priority.V, rule.Header.Action, rule.Table.V)
	}
	// Output:
	// 0 to-tbl 255
	// 500 to-tbl 1000
	// 32766 to-tbl 254
	// 32767 to-tbl 253
}
