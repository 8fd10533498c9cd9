package rtaddrlabel_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/nlgen/nlgen/generated/rtaddrlabel"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func ExampleClient_GetaddrlabelDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	const afInet6 = 10
	req := &rtaddrlabel.GetaddrlabelDumpRequest{Header: rtaddrlabel.Ifaddrlblmsg{IfalFamily: afInet6}}
	for l, err := range rtaddrlabel.New(conn).GetaddrlabelDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(netip.PrefixFrom(l.Address.V, int(l.Header.IfalPrefixlen)), l.Label.V)
	}
}
