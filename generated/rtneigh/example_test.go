package rtneigh_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func ExampleClient_GetneighDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	const afInet6 = 10
	neighbours := rtneigh.New(conn)
	req := &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmFamily: afInet6}}
	for n, err := range neighbours.GetneighDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(n.Header.NdmIfindex, n.Dst.V, n.Lladdr, n.Header.NdmState)
	}
}
