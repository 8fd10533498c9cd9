package netdev_test

import (
	"context"
	"fmt"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints what XDP can do on each device.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for device, err := range netdev.New(conn).DevGetDump(context.Background(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(device.Ifindex.V, device.XdpFeatures.V)
	}
	// Output:
	// 1 0
}
