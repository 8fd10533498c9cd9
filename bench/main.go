// Command bench measures nlgen beside the other netlink libraries for Go and
// beside a C program that is the limit. It runs as root on Linux and works in a
// network namespace of its own.
//
//	go run . [-rounds 7] [-routes 100000] [workload...]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/nlgen/nlgen/bench/internal/measure"
)

// isolated marks the process that already runs in a namespace of its own.
const isolated = "NLGEN_BENCH_ISOLATED"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 3 && args[0] == measure.ChildFlag {
		for _, w := range workloads("", 0) {
			if w.Name == args[1] {
				return measure.Child(w, args[2])
			}
		}
		return fmt.Errorf("no workload %q", args[1])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 7, "rounds that each contender runs")
	routes := flags.Int("routes", 100000, "routes in the dump")
	skip := flags.String("skip", "", "contenders to leave out, separated by commas")
	built := flags.String("limit", "", "the C limit, compiled already; for machines without a compiler")
	inside := flags.Bool("inside", false, "work in the namespace of the caller, which holds v0 and the routes already")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !*inside && os.Getenv(isolated) == "" {
		return again(args)
	}
	dir, err := os.MkdirTemp("", "nlgen-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	limit := *built
	if limit == "" {
		limit = filepath.Join(dir, "limit")
		if err := compile(limit); err != nil {
			return err
		}
	}
	if !*inside {
		if err := populate(*routes); err != nil {
			return err
		}
	}
	for _, w := range workloads(limit, *routes) {
		if flags.NArg() > 0 && !slices.Contains(flags.Args(), w.Name) {
			continue
		}
		w.Contenders = slices.DeleteFunc(w.Contenders, func(c measure.Contender) bool {
			return slices.Contains(strings.Split(*skip, ","), c.Name)
		})
		if err := measure.Run(os.Stdout, w, *rounds); err != nil {
			return err
		}
	}
	return nil
}

// compile makes the limit.
func compile(limit string) error {
	out, err := exec.Command("cc", "-O2", "-Wall", "-static", "-o", limit, "limit/limit.c").CombinedOutput()
	if err != nil {
		return fmt.Errorf("the limit does not compile: %w: %s", err, out)
	}
	return nil
}

// again runs this program in a new network namespace, so that the machine's own
// is never touched.
func again(args []string) error {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return cmd.Run()
}

// populate makes a veth pair and routes through it.
func populate(routes int) error {
	var batch strings.Builder
	batch.WriteString("link set lo up\nlink add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\n")
	for i := range routes {
		fmt.Fprintf(&batch, "route add 10.%d.%d.%d dev v0\n", i>>16, i>>8&255, i&255)
	}
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(batch.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip -batch: %w: %s", err, out)
	}
	return nil
}

// workloads returns everything that can be measured.
func workloads(limit string, routes int) []measure.Workload {
	return []measure.Workload{
		{Name: "route-dump", Count: 10, Items: routes, Contenders: routeDump(limit)},
		{Name: "decode-route", Count: 200000, Contenders: decodeRoute()},
		{Name: "decode-link", Count: 20000, Contenders: decodeLink()},
		{Name: "encode-route", Count: 200000, Contenders: encodeRoute()},
	}
}
