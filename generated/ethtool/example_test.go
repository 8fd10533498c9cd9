package ethtool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// How fast is each link?
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	for modes, err := range ethtool.New(conn).LinkmodesGetDump(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d Mbit/s, %v duplex\n", modes.Header.DevName.V, modes.Speed.V, modes.Duplex.V)
	}
	// Output:
	// eth1: 10000 Mbit/s, full duplex
	// eth0: 10000 Mbit/s, full duplex
}

// Features are switched by name. The reply says what has changed, which may be more than was asked for.
func ExampleClient_FeaturesSet() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	reply, err := ethtool.New(conn).FeaturesSet(ctx, &ethtool.FeaturesSetRequest{
		Header: &ethtool.HeaderAttrs{DevName: nlattr.Some("eth0")},
		Wanted: &ethtool.BitsetAttrs{Bits: &ethtool.BitsetBitsAttrs{Bit: []ethtool.BitsetBitAttrs{
			{Name: nlattr.Some("rx-gro"), Value: true},
			{Name: nlattr.Some("tx-tcp-segmentation")},
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, bit := range reply.Active.Bits.Bit {
		fmt.Println(bit.Name.V, bit.Value)
	}
	// Output:
	// rx-gro true
	// tx-tcp-segmentation false
	// tx-tcp-mangleid-segmentation false
}
