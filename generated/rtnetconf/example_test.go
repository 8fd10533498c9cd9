package rtnetconf_test

import (
	"context"
	"fmt"
	"log"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtnetconf"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Does this host route IPv4 packets, and does it verify their source addresses?
func ExampleClient_Getnetconf() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	all, err := rtnetconf.New(conn).Getnetconf(context.Background(), &rtnetconf.GetnetconfRequest{
		Header:  rtnetconf.Netconfmsg{NcmFamily: unix.AF_INET},
		Ifindex: nlattr.Some(rtnetconf.IfindexAll),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(all.Forwarding.V == 1, all.RpFilter.V)
	// Output:
	// true loose
}
