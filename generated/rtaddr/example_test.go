package rtaddr_test

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Adds an address to the first interface and lists all that it has.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, addrs := context.Background(), rtaddr.New(conn)
	local := nlattr.Some(netip.MustParseAddr("192.0.2.1"))
	err = addrs.Newaddr(ctx, &rtaddr.NewaddrRequest{
		Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: 1},
		Local:  local,
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		fmt.Println(err)
		return
	}
	for addr, err := range addrs.GetaddrDump(ctx, &rtaddr.GetaddrDumpRequest{Header: rtaddr.Ifaddrmsg{IfaIndex: 1}}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(addr.Address.V, addr.Header.IfaPrefixlen, addr.Flags.V)
	}
	// Output:
	// 192.0.2.1 24 permanent
}
