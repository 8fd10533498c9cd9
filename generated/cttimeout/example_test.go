package cttimeout_test

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/cttimeout"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Creates a policy with which idle TCP connections are forgotten after an hour. The protocol follows from the type of Data.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, policies, name := context.Background(), cttimeout.New(conn), nlattr.Some("short")
	err = policies.New(ctx, &cttimeout.NewRequest{
		Name:    name,
		L3proto: nlattr.Some(uint16(unix.AF_INET)),
		Data:    &cttimeout.TcpAttrs{Established: nlattr.Some(uint32(3600))},
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := policies.Get(ctx, &cttimeout.GetRequest{Name: name})
	if err != nil {
		fmt.Println(err)
		return
	}
	if tcp, ok := policy.Data.(*cttimeout.TcpAttrs); ok {
		fmt.Println(policy.Name.V, tcp.Established.V, tcp.SynSent.V)
	}
	// Output:
	// short 3600 120
}
