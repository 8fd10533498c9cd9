package rtaddrlabel_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddrlabel"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints the labels by which IPv6 chooses source addresses.
func ExampleClient_GetaddrlabelDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	req := &rtaddrlabel.GetaddrlabelDumpRequest{Header: rtaddrlabel.Ifaddrlblmsg{IfalFamily: unix.AF_INET6}}
	for l, err := range rtaddrlabel.New(conn).GetaddrlabelDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(netip.PrefixFrom(l.Address.V, int(l.Header.IfalPrefixlen)), l.Label.V)
	}
	// Output:
	// ::1/128 0
	// ::/96 3
	// ::ffff:0.0.0.0/96 4
	// 2001::/32 6
	// 2001:10::/28 7
	// 3ffe::/16 12
	// 2002::/16 2
	// fec0::/10 11
	// fc00::/7 5
	// ::/0 1
}
