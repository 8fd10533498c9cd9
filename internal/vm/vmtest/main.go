// Command vmtest runs the tests that talk to the kernel in a virtual machine, on a kernel of its own.
//
//	go run ./internal/vm/vmtest                            # every package whose tests use internal/nettest
//	go run ./internal/vm/vmtest -run Dump ./runtime/nlconn # these packages and tests
//	go run ./internal/vm/vmtest -modules @core,wireguard -sh 'ip link add wg0 type wireguard; ip link'
//
// The tests are built as static programs and run as root, those of one package after those of another, each in the folder of its
// package, which they can read but not write. There are several guests: each takes the next package that waits. The exit status is 0 if all is well, 1 if a test failed, 2 for a wrong call, 69 if this machine lacks something
// that a guest needs, 124 if the time was up and 125 if the guest died; with -sh it is the script's.
//
// The command knows the go command and the output of tests; how a guest is run is the matter of package vm.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/nlgen/nlgen/internal/coverage"
	"github.com/nlgen/nlgen/internal/vm"
)

// Exit statuses.
const (
	failed      = 1
	wrongCall   = 2
	unavailable = 69
	timedOut    = 124
	guestDied   = 125
)

// options are the arguments of the command.
type options struct {
	kernel       string
	modules      []vm.Module
	built        bool // and before them those that were built
	guests       int
	memory, cpus int // of each guest
	timeout      time.Duration
	testTimeout  time.Duration
	verbose      bool
	fetch        bool
	run, shell   string
	tools        string
	patterns     []string // packages
	testArgs     []string // what follows "--", for each test
	coverage     string   // the file for what tests hear, if they are to say
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(wrongCall)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := o.main(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vmtest:", err)
	}
	stop()
	os.Exit(code)
}

// parse reads the arguments; it has complained about what is wrong with them.
func parse(args []string, complaints io.Writer) (*options, error) {
	o := &options{coverage: os.Getenv(coverage.Env)}
	f := flag.NewFlagSet("vmtest", flag.ContinueOnError)
	f.SetOutput(complaints)
	f.Usage = func() {
		fmt.Fprint(complaints, "usage: vmtest [flags] [packages] [-- arguments of each test]\n       vmtest [flags] -sh script\n\n")
		f.PrintDefaults()
		fmt.Fprintln(complaints, "\ngroups of modules:", strings.Join(vm.Groups(), ", "))
	}
	modules := f.String("modules", "", "kernel modules to load: names, names with options (bonding:max_bonds=0), @groups and files (netdevsim.ko), with commas "+
		"(default what was built into bin/boot, and @all)")
	f.StringVar(&o.kernel, "kernel", os.Getenv("NLGEN_VM_KERNEL"), "kernel: a folder with boot/ and lib/modules/, a .deb file or a package's name "+
		"(default $NLGEN_VM_KERNEL, then the one fetched before, then what apt offers)")
	f.IntVar(&o.guests, "guests", min(runtime.NumCPU(), 4), "guests that share the packages; each keeps one processor of this machine busy")
	f.IntVar(&o.memory, "mem", 1024, "memory of a guest in MiB")
	f.IntVar(&o.cpus, "smp", 2, "processors of a guest")
	f.DurationVar(&o.timeout, "timeout", 20*time.Minute, "how long the guest may run")
	f.DurationVar(&o.testTimeout, "test-timeout", 5*time.Minute, "how long the tests of one package may run")
	f.BoolVar(&o.verbose, "v", false, "show the output of all tests, not just of failed packages")
	f.BoolVar(&o.fetch, "fetch", false, "only see whether this machine has what a guest needs, fetch the kernel and say where it is")
	f.StringVar(&o.run, "run", "", "run the tests that match this `regexp`")
	f.StringVar(&o.shell, "sh", "", "run this shell `script` instead of tests, in the current folder")
	f.StringVar(&o.tools, "tools", "ip,bridge,tc,genl,ss,ethtool,devlink,nft,conntrack,nfct,nfacct,ipset,wg,strace", "tools to copy from this machine if it has them")
	if i := indexOf(args, "--"); i >= 0 {
		args, o.testArgs = args[:i], args[i+1:]
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.patterns = f.Args()
	var err error
	o.built = *modules == ""
	if o.modules, err = vm.ParseModules(cmp.Or(*modules, "@all")); err == nil {
		switch {
		case o.guests < 1 || o.memory < 128 || o.cpus < 1 || o.timeout <= 0 || o.testTimeout <= 0:
			err = errors.New("there must be a guest, and it needs -mem 128 or more, -smp 1 or more, and time")
		case o.shell != "" && len(o.patterns)+len(o.testArgs) > 0:
			err = errors.New("-sh runs a script and no packages")
		}
	}
	if err != nil {
		fmt.Fprintln(complaints, "vmtest:", err)
	}
	return o, err
}

func indexOf(list []string, word string) int {
	for i, w := range list {
		if w == word {
			return i
		}
	}
	return -1
}

// main does what the options say and returns the exit status.
func (o *options) main(ctx context.Context) (int, error) {
	if err := vm.Check(); err != nil {
		return status(err), err
	}
	kernel, err := vm.FindKernel(ctx, o.kernel)
	if err != nil {
		return status(err), err
	}
	if o.fetch {
		fmt.Println(kernel.Version, kernel.Image)
		return 0, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return failed, err
	}
	if o.built {
		root, err := moduleRoot(ctx)
		if err != nil {
			return failed, err
		}
		built, err := kernel.Built(filepath.Join(root, "bin", "boot"))
		if err != nil {
			return failed, err
		}
		o.modules = vm.Prefer(built, o.modules)
	}
	c := vm.Config{
		Kernel:  kernel,
		Modules: o.modules,
		Memory:  o.memory,
		CPUs:    o.cpus,
		Tools:   strings.Split(o.tools, ","),
		Shares:  []string{here},
		Script:  "cd " + quote(here) + "\n" + o.shell,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	}
	if o.shell == "" {
		return o.tests(ctx, c)
	}
	result, err := o.guest(ctx, c)
	o.tell([]*vm.Result{result})
	if err != nil {
		return status(err), err
	}
	return result.Exit, nil
}

// status returns the exit status for an error.
func status(err error) int {
	switch {
	case errors.Is(err, vm.ErrUnavailable):
		return unavailable
	case errors.Is(err, context.DeadlineExceeded):
		return timedOut
	case errors.Is(err, vm.ErrDied):
		return guestDied
	default:
		return failed
	}
}
