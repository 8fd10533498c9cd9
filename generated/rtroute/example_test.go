package rtroute_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Lists the IPv4 routes of the main table. The kernel filters; nothing is allocated for a route.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var route rtroute.GetrouteReply
	main := &rtroute.GetrouteDumpRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET},
		Table:  nlattr.Some(uint32(unix.RT_TABLE_MAIN)),
	}
	for err := range rtroute.New(conn).GetrouteDumpInto(context.Background(), main, &route) {
		if errors.Is(err, nlconn.ErrDumpInterrupted) {
			fmt.Println("routes changed meanwhile")
			return
		} else if err != nil {
			fmt.Println(err)
			return
		}
		if !route.Dst.OK {
			fmt.Println("default via", route.Gateway.V, "by", route.Oif.V)
		} else {
			fmt.Println(netip.PrefixFrom(route.Dst.V, int(route.Header.RtmDstLen)), "by", route.Oif.V)
		}
	}
	// Output:
	// default via 192.0.2.254 by 10
	// 192.0.2.0/24 by 10
}

// Asks which way a packet would take.
func ExampleClient_Getroute() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	route, err := rtroute.New(conn).Getroute(context.Background(), &rtroute.GetrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32},
		Dst:    nlattr.Some(netip.MustParseAddr("127.0.0.1")),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(route.Header.RtmType, route.Oif.V)
	// Output:
	// local 1
}
