package conntrack_test

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

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
		from, ports := flow.TupleOrig.TupleIp, flow.TupleOrig.TupleProto
		fmt.Println(ports.ProtoNum.V, from.IpV4Src.V, ports.ProtoSrcPort.V, from.IpV4Dst.V, ports.ProtoDstPort.V)
	}
	// Output:
	// 17 192.0.2.1 1024 192.0.2.2 53
}

// Prints the flows that end, with what they carried.
func ExampleClient_Subscribe() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	flows := conntrack.New(conn)
	ended, err := flows.Subscribe(ctx, conntrack.GroupConntrackDestroy)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended.Close()
	// Flows end by themselves; this ends all that have the mark 7.
	if err := flows.Delete(ctx, &conntrack.DeleteRequest{Mark: nlattr.Some(uint32(7)), MarkMask: nlattr.Some(uint32(0xff))}); err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range ended.All(ctx) {
		if err != nil {
			fmt.Println(err) // nlconn.ErrOverrun says that some were lost
			continue
		}
		if flow, ok := event.(*conntrack.DeleteNtf); ok && flow.CountersOrig != nil {
			fmt.Println(flow.TupleOrig.TupleIp.IpV4Src.V, flow.CountersOrig.Bytes.V, flow.CountersReply.Bytes.V)
			return
		}
	}
	// Output:
	// 192.0.2.1 0 0
}

// Ends the flows of UDP to port 123: the kernel lists those of UDP, and each that is meant is deleted by its tuple. Mind that a request
// without a tuple deletes all flows that its other attributes choose, and one without any of them all that there are.
func ExampleClient_Delete() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, flows := context.Background(), conntrack.New(conn)
	udp, err := flows.GetCollect(ctx, &conntrack.GetDumpRequest{
		Header:    conntrack.Nfgenmsg{NfgenFamily: unix.AF_INET},
		TupleOrig: &conntrack.TupleAttrs{TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: nlattr.Some(uint8(unix.IPPROTO_UDP))}},
		Filter:    &conntrack.FilterAttrs{OrigFlags: nlattr.Some(conntrack.FilterFlagsProtoNum)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, flow := range udp {
		if flow.TupleOrig.TupleProto.ProtoDstPort.V != 123 {
			continue
		}
		// The tuple finds the flow; the ID sees to it that it is not one that has begun since.
		err := flows.Delete(ctx, &conntrack.DeleteRequest{Header: flow.Header, TupleOrig: flow.TupleOrig, ID: flow.ID})
		fmt.Println(flow.TupleOrig.TupleIp.IpV4Src.V, err)
	}
	// Output:
	// 192.0.2.9 <nil>
}
