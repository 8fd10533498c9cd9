package taskstats_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// How long has this process run, and how long has it waited for a CPU?
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	reply, err := taskstats.New(conn).Get(ctx, &taskstats.GetRequest{Tgid: nlattr.Some(uint32(os.Getpid()))})
	if err != nil {
		log.Fatal(err)
	}
	stats := reply.AggrTgid.Stats
	fmt.Println("ran", time.Duration(stats.CpuRunVirtualTotal), "waited", time.Duration(stats.CpuDelayTotal))
}

// Which processes end, and how? What is told comes to the socket that has registered: one socket for all.
func ExampleClient_Register() {
	ctx := context.Background()
	conn, err := nlconn.Open(nlconn.WithOneSocket())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	client := taskstats.New(conn)
	exits, err := client.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer exits.Close()
	if err := client.Register(ctx, &taskstats.RegisterRequest{RegisterCpumask: nlattr.Some("0-3")}); err != nil {
		log.Fatal(err)
	}
	for event, err := range exits.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if exit, ok := event.(*taskstats.ExitEvent); ok && exit.AggrPid != nil {
			stats := exit.AggrPid.Stats
			fmt.Printf("%s (%d): status %#x after %v\n", stats.AcComm, stats.AcPid, stats.AcExitcode, time.Duration(stats.AcEtime)*time.Microsecond)
		}
	}
}
