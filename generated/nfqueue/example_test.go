package nfqueue_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// The packets of a queue come to the socket that bound it, and so must the verdicts: one socket for all.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := nlconn.Open(nlconn.WithOneSocket())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	queue := nfqueue.New(conn)
	packets, err := queue.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	header := nfqueue.Nfgenmsg{ResID: 5}
	err = queue.Config(ctx, &nfqueue.ConfigRequest{
		Header: header,
		Cmd:    nlattr.Some(nfqueue.ConfigCmd{Command: nfqueue.ConfigCmdsBind}),
		Params: nlattr.Some(nfqueue.ConfigParams{CopyMode: nfqueue.ConfigModePacket}),
	})
	if err != nil {
		log.Fatal(err)
	}
	for ev, err := range packets.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		packet, ok := ev.(*nfqueue.PacketEvent)
		if !ok {
			continue
		}
		code := nfqueue.VerdictCodeAccept
		if len(packet.Payload) > 1400 {
			code = nfqueue.VerdictCodeDrop
		}
		err := queue.Verdict(ctx, &nfqueue.VerdictRequest{
			Header:     header,
			VerdictHdr: nlattr.Some(nfqueue.VerdictHdr{Verdict: code, ID: packet.PacketHdr.V.PacketID}),
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v: %s\n", code, packet.Payload[28:]) // behind the headers of IP and UDP
		return
	}
	// Output:
	// accept: hello
}
