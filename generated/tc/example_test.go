package tc_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Shape a link with htb: a class with a rate, and a filter that drops what a program of u32 matches. Handles are major:minor as two
// halves of 16 bits: 1: is 1<<16, and 1:10 is 1<<16 | 0x10.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, link := context.Background(), int32(2)

	client := tc.New(conn)
	err = client.Newqdisc(ctx, &tc.NewqdiscRequest{
		Header:  tc.Tcmsg{Ifindex: link, Parent: tc.HandleRoot, Handle: 1 << 16},
		Options: &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10, Defcls: 0x10}},
	}, nlconn.Create, nlconn.Replace)
	if err != nil {
		log.Fatal(err)
	}
	rate := tc.Ratespec{Linklayer: tc.LinklayerEthernet, Rate: 1_250_000} // 10 Mbit/s
	err = client.Newtclass(ctx, &tc.NewtclassRequest{
		Header:  tc.Tcmsg{Ifindex: link, Parent: 1 << 16, Handle: 1<<16 | 0x10},
		Options: &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate, Ceil: rate, Buffer: 200_000, Cbuffer: 200_000}},
	}, nlconn.Create)
	if err != nil {
		log.Fatal(err)
	}
	drop := tc.ActAttrs{Options: &tc.ActGactAttrs{Parms: &tc.Gact{Action: tc.ActVerdictShot}}}
	err = client.Newtfilter(ctx, &tc.NewtfilterRequest{
		Header: tc.Tcmsg{Ifindex: link, Parent: 1 << 16, Info: 10<<16 | 0x0008}, // priority 10, IPv4 (0x0800 in network byte order)
		Options: &tc.U32Attrs{
			Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal, Keys: []tc.U32Key{{Mask: 0xffffffff, Val: 0xc0000201, Off: 16}}}, // to 192.0.2.1
			Act: []nlattr.Indexed[tc.ActAttrs]{{Index: 1, V: drop}},
		},
	}, nlconn.Create)
	if err != nil {
		log.Fatal(err)
	}

	for class, err := range client.GettclassDump(ctx, &tc.GettclassDumpRequest{Header: tc.Tcmsg{Ifindex: link}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(class.Kind.V, class.Header.Handle, class.Stats2.Basic.V.Bytes)
		if x, ok := class.Stats2.App.(*tc.HtbXstats); ok {
			fmt.Println(x.Lends, x.Borrows)
		}
	}
}
