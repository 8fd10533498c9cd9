package taskstats_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// How many minutes has this process run, and how many has it waited for a processor?
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
	ran, waited := time.Duration(stats.CpuRunVirtualTotal), time.Duration(stats.CpuDelayTotal)
	fmt.Printf("ran %d min, waited %d min\n", ran/time.Minute, waited/time.Minute)
	// Output:
	// ran 0 min, waited 0 min
}

// first is the network namespace that the machine began with.
var first = "/proc/1/ns/net"

// Which processes end, and how? What is told comes to the socket that has registered: one socket for all, in the network namespace that
// the machine began with.
func ExampleClient_Register() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := nlconn.Open(nlconn.WithOneSocket(), nlconn.WithNamespace(first))
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
	cpus := fmt.Sprintf("0-%d", runtime.NumCPU()-1)
	if err := client.Register(ctx, &taskstats.RegisterRequest{RegisterCpumask: nlattr.Some(cpus)}); err != nil {
		log.Fatal(err)
	}
	if err := exec.Command("true").Run(); err != nil {
		log.Fatal(err)
	}
	for event, err := range exits.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if exit, ok := event.(*taskstats.ExitEvent); ok && exit.AggrPid != nil {
			stats := exit.AggrPid.Stats
			if stats.AcComm == "true" {
				fmt.Printf("%s: status %d after %d min\n", stats.AcComm, stats.AcExitcode, time.Duration(stats.AcEtime)*time.Microsecond/time.Minute)
				return
			}
		}
	}
	// Output:
	// true: status 0 after 0 min
}
