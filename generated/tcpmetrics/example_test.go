package tcpmetrics_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/nlgen/nlgen/generated/tcpmetrics"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// How far away are the hosts that this machine has talked to?
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	for entry, err := range tcpmetrics.New(conn).GetDump(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		if entry.AddrIpv4.OK && entry.Vals != nil && entry.Vals.RttUs.OK {
			rtt := time.Duration(entry.Vals.RttUs.V) * time.Microsecond / 8
			fmt.Println(entry.AddrIpv4.V, rtt.Round(time.Second))
		}
	}
	// Output:
	// 127.0.0.1 0s
}
