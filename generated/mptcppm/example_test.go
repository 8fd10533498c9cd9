package mptcppm_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/mptcppm"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Every new connection gets a second subflow, from another address of this machine.
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	paths := mptcppm.New(conn)
	err = paths.AddAddr(ctx, &mptcppm.AddAddrRequest{Addr: &mptcppm.AddressAttrs{
		Family: nlattr.Some(uint16(unix.AF_INET)),
		Addr4:  nlattr.Some(netip.MustParseAddr("192.0.2.7")),
		Flags:  nlattr.Some(mptcppm.AddrFlagsSubflow | mptcppm.AddrFlagsBackup),
	}})
	if err != nil {
		log.Fatal(err)
	}
	for endpoint, err := range paths.GetAddrDump(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(endpoint.Addr.ID.V, endpoint.Addr.Addr4.V, endpoint.Addr.Flags.V)
	}
	// Output:
	// 1 192.0.2.7 subflow|backup
}

// A path manager of one's own hears which connections there are.
func ExampleClient_Subscribe() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	sub, err := mptcppm.New(conn).Subscribe(ctx, mptcppm.GroupEvents)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	for event, err := range sub.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		switch event := event.(type) {
		case *mptcppm.EstablishedEvent:
			if event.ServerSide.V == 0 { // this end has called
				fmt.Printf("a connection to port %d\n", event.Dport.V)
				return
			}
		case *mptcppm.AnnouncedEvent:
			fmt.Printf("connection %08x: the peer can also be reached at %v\n", event.Token.V, event.Daddr4.V)
		}
	}
	// Output:
	// a connection to port 7000
}
