package rtroute_test

import (
	"context"
	"errors"
	"fmt"
	"log"
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
		log.Fatal(err)
	}
	defer conn.Close()

	var route rtroute.GetrouteReply
	main := &rtroute.GetrouteDumpRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET},
		Table:  nlattr.Some(uint32(unix.RT_TABLE_MAIN)),
	}
	for err := range rtroute.New(conn).GetrouteDumpInto(context.Background(), main, &route) {
		if errors.Is(err, nlconn.ErrDumpInterrupted) {
			log.Fatal("routes changed meanwhile")
		} else if err != nil {
			log.Fatal(err)
		}
		if route.Gateway.OK {
			fmt.Println(route.Prefix(), "via", route.Gateway.V, "by", route.Oif.V)
		} else {
			fmt.Println(route.Prefix(), "by", route.Oif.V)
		}
	}
	// Output:
	// 0.0.0.0/0 via 192.0.2.254 by 10
	// 192.0.2.0/24 by 10
}

// Adds a route over two gateways, of which the first gets three times as many flows, and reads back how a packet to there goes.
func ExampleClient_Newroute() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, routes := context.Background(), rtroute.New(conn)
	route := &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{RtmTable: rtroute.RtTableMain, RtmType: rtroute.RtmTypeUnicast, RtmProtocol: rtroute.RtProtocolStatic},
		Multipath: []rtroute.Nexthop{ // a weight of three and one of one: the kernel adds one
			{Gateway: nlattr.Some(netip.MustParseAddr("192.0.2.7")), Header: rtroute.Rtnexthop{RtnhHops: 2}},
			{Gateway: nlattr.Some(netip.MustParseAddr("192.0.2.8"))},
		},
	}
	route.SetPrefix(netip.MustParsePrefix("198.51.100.0/24"))
	if err := routes.Newroute(ctx, route, nlconn.Create, nlconn.Replace); err != nil {
		log.Fatal(err)
	}
	way, err := routes.Getroute(ctx, &rtroute.GetrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmFlags: rtroute.RtmFlagsFibMatch},
		Dst:    nlattr.Some(netip.MustParseAddr("198.51.100.9")),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, hop := range way.Multipath {
		fmt.Println(way.Prefix(), "via", hop.Gateway.V, "with weight", hop.Header.RtnhHops+1)
	}
	if err := routes.Delroute(ctx, route); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 198.51.100.0/24 via 192.0.2.7 with weight 3
	// 198.51.100.0/24 via 192.0.2.8 with weight 1
}

// Asks which way a packet would take.
func ExampleClient_Getroute() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	route, err := rtroute.New(conn).Getroute(context.Background(), &rtroute.GetrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32},
		Dst:    nlattr.Some(netip.MustParseAddr("127.0.0.1")),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(route.Header.RtmType, route.Oif.V)
	// Output:
	// local 1
}
