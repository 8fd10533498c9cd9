package rtaddr_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Adds an address to the first interface and lists all that it has.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, addrs := context.Background(), rtaddr.New(conn)
	add := &rtaddr.NewaddrRequest{Header: rtaddr.Ifaddrmsg{IfaIndex: 1}}
	add.SetPrefix(netip.MustParsePrefix("192.0.2.1/24"))
	if err := addrs.Newaddr(ctx, add, nlconn.Create, nlconn.Exclusive); err != nil {
		log.Fatal(err)
	}
	for addr, err := range addrs.GetaddrDump(ctx, &rtaddr.GetaddrDumpRequest{Header: rtaddr.Ifaddrmsg{IfaIndex: 1}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(addr.Prefix(), addr.Flags.V)
	}
	// Output:
	// 192.0.2.1/24 permanent
}
