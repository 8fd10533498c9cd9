package rtnetconf_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/rtnetconf"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func ExampleClient_Getnetconf() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	const afInet = 2
	all, err := rtnetconf.New(conn).Getnetconf(context.Background(), &rtnetconf.GetnetconfRequest{
		Header:  rtnetconf.Netconfmsg{NcmFamily: afInet},
		Ifindex: nlattr.Some(rtnetconf.IfindexAll),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(all.Forwarding.V == 1, all.RpFilter.V)
	// Output:
	// true loose
}
