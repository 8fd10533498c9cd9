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

// programDir tells the processes that measure where the C programs are.
const programDir = "NLGEN_BENCH_PROGRAMS"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 3 && args[0] == measure.ChildFlag {
		for _, w := range workloads(os.Getenv(programDir), 0) {
			if w.Name == args[1] {
				return measure.Child(w, args[2])
			}
		}
		return fmt.Errorf("no workload %q", args[1])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 5, "rounds that each contender runs")
	routes := flags.Int("routes", 100000, "routes in the dump")
	skip := flags.String("skip", "", "contenders to leave out, separated by commas")
	built := flags.String("programs", "", "a folder with the C programs, compiled already; for machines without a compiler")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if os.Getenv(isolated) == "" {
		return again(args)
	}
	dir, err := os.MkdirTemp("", "nlgen-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *built != "" {
		dir = *built
	} else if err := compile(dir); err != nil {
		return err
	}
	if err := os.Setenv(programDir, dir); err != nil {
		return err
	}
	if err := ip("link set lo up\n"); err != nil {
		return err
	}
	for _, w := range workloads(dir, *routes) {
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

// programs are the C programs of folder limit, and the package of pkg-config that
// each needs. Those whose library is missing are left out.
var programs = []struct{ name, library string }{
	{"limit", ""}, {"decode", ""}, {"mnl", "libmnl"}, {"nl", "libnl-route-3.0"},
}

// compile makes the C programs.
func compile(dir string) error {
	for _, p := range programs {
		args := []string{"-O2", "-Wall", "-o", filepath.Join(dir, p.name), "limit/" + p.name + ".c"}
		if p.library != "" {
			flags, err := exec.Command("pkg-config", "--cflags", "--libs", p.library).Output()
			if err != nil {
				continue
			}
			args = append(args, strings.Fields(string(flags))...)
		}
		if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("limit/%s.c does not compile: %w: %s", p.name, err, out)
		}
	}
	return nil
}

// program is a contender that is one of the C programs.
func program(name, dir, file string, args ...string) measure.Contender {
	c := measure.Contender{Name: name, Command: append([]string{filepath.Join(dir, file)}, args...)}
	if _, err := os.Stat(c.Command[0]); err != nil {
		c.Missing = "its library is not here (Debian: libmnl-dev, libnl-route-3-dev)"
	}
	return c
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

// workloads returns everything that can be measured.
func workloads(dir string, routes int) []measure.Workload {
	// What writes comes first: the kernel adds routes more slowly where there are
	// many links and routes already.
	return []measure.Workload{
		{Name: "write-routes", Count: 1, Items: written, Before: makeLink, Contenders: writeRoutes(dir)},
		{Name: "drain-events", Count: 1, Items: written, Before: makeLink, Contenders: drainEvents(dir)},
		{Name: "storm", Count: 1, Items: written, Before: makeLink, Contenders: stormEvents(dir)},
		{Name: "route-dump", Count: 10, Items: routes, Before: makeRoutes(routes), Contenders: routeDump(dir)},
		{Name: "link-dump", Count: 10, Items: 2 * pairs, Before: makeLinks, Contenders: linkDump(dir)},
		{Name: "flow-dump", Count: 5, Items: flows, Before: makeFlows, Contenders: flowDump(dir)},
		{Name: "one-link", Count: 20000, Contenders: oneLink(dir)},
		{Name: "one-route", Count: 20000, Contenders: oneRoute(dir)},
		{Name: "one-family", Count: 20000, Contenders: oneFamily(dir)},
		{Name: "decode-route", Count: 2000000, Contenders: decodeRoute(dir)},
		{Name: "decode-link", Count: 200000, Contenders: decodeLink(dir)},
		{Name: "encode-route", Count: 2000000, Contenders: encodeRoute()},
	}
}
