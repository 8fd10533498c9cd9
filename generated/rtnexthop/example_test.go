package rtnexthop_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func ExampleClient_GetnexthopDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	// Groups, with the packets that each member has sent.
	req := &rtnexthop.GetnexthopDumpRequest{Groups: true, OpFlags: nlattr.Some(rtnexthop.NhaOpFlagDumpStats)}
	for group, err := range rtnexthop.New(conn).GetnexthopDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		if group.GroupStats == nil {
			continue
		}
		for _, member := range group.GroupStats.Entry {
			fmt.Println(group.ID.V, member.ID.V, member.Packets.V)
		}
	}
}
