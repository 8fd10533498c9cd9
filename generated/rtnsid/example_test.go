package rtnsid_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Gives the namespace of process 1 a number in this one, where it has none until then.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, numbers, pid := context.Background(), rtnsid.New(conn), nlattr.Some(uint32(1))
	for range 2 {
		reply, err := numbers.Getnsid(ctx, &rtnsid.GetnsidRequest{Pid: pid})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply.Nsid.V)
		if reply.Nsid.V != rtnsid.NsidNotAssigned {
			break
		}
		if err := numbers.Newnsid(ctx, &rtnsid.NewnsidRequest{Pid: pid, Nsid: nlattr.Some(rtnsid.Nsid(7))}); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// not-assigned
	// 7
}
