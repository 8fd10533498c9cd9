package rtnexthop_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Two thirds of the flows go by one nexthop, the rest by the other. A member that joins or leaves later moves as few as possible.
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	nexthops := rtnexthop.New(conn)
	members := []rtnexthop.NexthopGrp{{ID: 1, Weight: 1}, {ID: 2, Weight: 0}} // A weight of two and one of one: the kernel adds one.
	err = nexthops.Newnexthop(ctx, &rtnexthop.NewnexthopRequest{
		ID:        nlattr.Some(uint32(100)),
		Group:     &rtnexthop.NexthopGroup{Members: members},
		GroupType: nlattr.Some(rtnexthop.NexthopGrpTypeRes),
		ResGroup:  &rtnexthop.ResGroupAttrs{Buckets: nlattr.Some(uint16(64))},
	}, nlconn.Create)
	if err != nil {
		log.Fatal(err)
	}

	// All groups, with the packets that each member has sent.
	req := &rtnexthop.GetnexthopDumpRequest{Groups: true, OpFlags: nlattr.Some(rtnexthop.NhaOpFlagDumpStats)}
	for group, err := range nexthops.GetnexthopDump(ctx, req) {
		if err != nil {
			log.Fatal(err)
		}
		for _, member := range group.GroupStats.Entry {
			fmt.Printf("%d: %d has sent %d packets\n", group.ID.V, member.ID.V, member.Packets.V)
		}
	}
	// Output:
	// 100: 1 has sent 0 packets
	// 100: 2 has sent 0 packets
}
