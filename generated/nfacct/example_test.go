package nfacct_test

import (
	"context"
	"fmt"

	"github.com/nlgen/nlgen/generated/nfacct"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Reads all counters and sets them to zero.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for object, err := range nfacct.New(conn).GetCtrzeroDump(context.Background(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(object.Name.V, object.Pkts.V, object.Bytes.V)
	}
	// Output:
	// web 0 0
}
