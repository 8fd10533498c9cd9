package conntrack_test

import (
	"context"
	"fmt"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Lists the flows that a mark chooses, without allocating for each.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	flows := conntrack.New(conn)
	var flow conntrack.GetReply
	marked := &conntrack.GetDumpRequest{Mark: nlattr.Some(uint32(7)), MarkMask: nlattr.Some(uint32(0xff))}
	for err := range flows.GetDumpInto(context.Background(), marked, &flow) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(flow.ID.V, flow.TupleOrig.TupleProto.ProtoNum.V, flow.Status.V, flow.Timeout.V)
	}
}

// Prints the flows that end, with what they carried.
func ExampleClient_Subscribe() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx := context.Background()
	ended, err := conntrack.New(conn).Subscribe(ctx, conntrack.GroupConntrackDestroy)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended.Close()
	for event, err := range ended.All(ctx) {
		if err != nil {
			fmt.Println(err) // nlconn.ErrOverrun says that some were lost
			continue
		}
		if flow, ok := event.(*conntrack.DeleteNtf); ok && flow.CountersOrig != nil {
			fmt.Println(flow.ID.V, flow.CountersOrig.Bytes.V, flow.CountersReply.Bytes.V)
		}
	}
}
