package tc_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Shape a link with htb: two classes with rates, and a filter of u32 that puts what goes to 192.0.2.1 into the slower one.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	eth0, err := net.InterfaceByName("eth0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, link := context.Background(), int32(eth0.Index)

	client := tc.New(conn)
	err = client.Newqdisc(ctx, &tc.NewqdiscRequest{
		Header:  tc.Tcmsg{Ifindex: link, Parent: tc.HandleRoot, Handle: tc.Handle(1, 0)},
		Options: &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10, Defcls: 0x10}},
	}, nlconn.Create, nlconn.Replace)
	if err != nil {
		log.Fatal(err)
	}
	for minor, bytes := range map[uint16]uint32{0x10: 1_250_000, 0x20: 125_000} { // 10 Mbit/s and 1 Mbit/s
		rate, burst := tc.Ratespec{Linklayer: tc.LinklayerEthernet, Rate: bytes}, tc.Ticks(16_000, uint64(bytes))
		err := client.Newtclass(ctx, &tc.NewtclassRequest{
			Header:  tc.Tcmsg{Ifindex: link, Parent: tc.Handle(1, 0), Handle: tc.Handle(1, minor)},
			Options: &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate, Ceil: rate, Buffer: burst, Cbuffer: burst}},
		}, nlconn.Create)
		if err != nil {
			log.Fatal(err)
		}
	}
	err = client.Newtfilter(ctx, &tc.NewtfilterRequest{
		Header: tc.Tcmsg{Ifindex: link, Parent: tc.Handle(1, 0), Info: tc.FilterInfo(10, unix.ETH_P_IP)},
		Options: &tc.U32Attrs{
			Sel:     &tc.U32Sel{Flags: tc.U32FlagsTerminal, Keys: []tc.U32Key{{Mask: 0xffffffff, Val: 0xc0000201, Off: 16}}},
			Classid: nlattr.Some(tc.Handle(1, 0x20)),
		},
	}, nlconn.Create)
	if err != nil {
		log.Fatal(err)
	}

	for class, err := range client.GettclassDump(ctx, &tc.GettclassDumpRequest{Header: tc.Tcmsg{Ifindex: link}}) {
		if err != nil {
			log.Fatal(err)
		}
		if x, ok := class.Stats2.App.(*tc.HtbXstats); ok {
			fmt.Printf("%x:%x has sent %d bytes, and borrowed %d times\n",
				class.Header.Handle>>16, class.Header.Handle&0xffff, class.Stats2.Basic.V.Bytes, x.Borrows)
		}
	}
	// Unordered output:
	// 1:10 has sent 0 bytes, and borrowed 0 times
	// 1:20 has sent 0 bytes, and borrowed 0 times
}
