package nflog_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/nlgen/nlgen/generated/nflog"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// The packets of a group come to the socket that bound it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := nlconn.Open(nlconn.WithOneSocket())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	group := nflog.New(conn)
	packets, err := group.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	err = group.Config(ctx, &nflog.ConfigRequest{
		Header:  nflog.Nfgenmsg{ResID: 5},
		Cmd:     nlattr.Some(nflog.ConfigCmd{Command: nflog.ConfigCmdsBind}),
		Mode:    nlattr.Some(nflog.ConfigMode{CopyRange: 64, CopyMode: nflog.CopyModePacket}),
		Qthresh: nlattr.Some(uint32(1)),
	})
	if err != nil {
		log.Fatal(err)
	}
	for ev, err := range packets.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if packet, ok := ev.(*nflog.PacketEvent); ok {
			fmt.Printf("%s %s\n", packet.Prefix.V, packet.Payload[28:]) // behind the headers of IP and UDP
			return
		}
	}
	// Output:
	// seen hello
}
