package rtnsid_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func ExampleClient_Getnsid() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	// The number that this namespace has for that of process 1.
	reply, err := rtnsid.New(conn).Getnsid(context.Background(), &rtnsid.GetnsidRequest{Pid: nlattr.Some(uint32(1))})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Nsid.V) // not-assigned, or a number
}
