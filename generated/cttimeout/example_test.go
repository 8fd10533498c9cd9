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
	err = cttimeout.New(conn).New(context.Background(), &cttimeout.NewRequest{
		Name:    nlattr.Some("short"),
		L3proto: nlattr.Some(uint16(unix.AF_INET)),
		Data:    &cttimeout.TcpAttrs{Established: nlattr.Some(uint32(3600))},
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		fmt.Println(err)
	}
}
