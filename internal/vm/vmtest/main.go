// Command vmtest runs the tests that talk to the kernel in a virtual machine, on a kernel of its own.
//
//	go run ./internal/vm/vmtest                            # every package whose tests use internal/nettest
//	go run ./internal/vm/vmtest -run Dump ./runtime/nlconn # these packages and tests
//	go run ./internal/vm/vmtest -modules @core,wireguard -sh 'ip link add wg0 type wireguard; ip link'
//
// The tests are built as static programs and run one after the other as root, each in the folder of its package, which they can read
// but not write. The exit status is 0 if all is well, 1 if a test failed, 2 for a wrong call, 69 if this machine lacks something
// that a guest needs, 124 if the time was up and 125 if the guest died; with -sh it is the script's.
//
// The command knows the go command and the output of tests; how a guest is run is the matter of package vm.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
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
	memory, cpus int
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
	f.IntVar(&o.memory, "mem", 1024, "memory of the guest in MiB")
	f.IntVar(&o.cpus, "smp", 2, "processors of the guest")
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
		case o.memory < 128 || o.cpus < 1 || o.timeout <= 0 || o.testTimeout <= 0:
			err = errors.New("a guest needs -mem 128 or more, -smp 1 or more, and time")
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
	if err != nil {
		return status(err), err
	}
	return result.Exit, nil
}

// tests builds the tests, runs them and reports.
func (o *options) tests(ctx context.Context, c vm.Config) (int, error) {
	packages, err := findPackages(ctx, o.patterns)
	if err != nil {
		return failed, err
	}
	bin, err := os.MkdirTemp("", "nlgen-vmtest-")
	if err != nil {
		return failed, err
	}
	defer os.RemoveAll(bin)
	began := time.Now()
	if err := build(ctx, bin, packages); err != nil {
		return failed, err
	}
	fmt.Printf("# tests of %d packages built in %.1f s\n", len(packages), time.Since(began).Seconds())
	root, err := moduleRoot(ctx)
	if err != nil {
		return failed, err
	}
	c.Shares = []string{root, bin}
	c.Script = o.script(packages)
	r := newReport(os.Stdout, packages, o.verbose)
	if o.coverage != "" {
		f, err := os.OpenFile(o.coverage, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return failed, err
		}
		defer f.Close()
		r.heard = f
	}
	c.Stdout = r
	result, err := o.guest(ctx, c)
	if result != nil {
		fmt.Printf("# kernel %s, %d MiB, %d processors, booted in %.1f s\n", c.Kernel.Version, o.memory, o.cpus, result.Boot.Seconds())
		r.finish()
	}
	switch {
	case err != nil:
		return status(err), err
	case !r.ok():
		return failed, nil
	default:
		return 0, nil
	}
}

// guest runs a guest and says what it was refused, and what the kernel printed if it died.
func (o *options) guest(ctx context.Context, c vm.Config) (*vm.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	result, err := vm.Run(ctx, c)
	if result == nil {
		return nil, err
	}
	for _, refused := range result.Refused {
		fmt.Fprintln(os.Stderr, "vmtest: not loaded:", refused)
	}
	if o.verbose && len(result.Unknown) > 0 {
		fmt.Fprintln(os.Stderr, "vmtest: this kernel has no module", strings.Join(result.Unknown, ", "))
	}
	if words := bytes.TrimSpace(result.Console); err != nil && len(words) > 0 {
		fmt.Fprintf(os.Stderr, "vmtest: the last words of the guest's kernel:\n%s\n", words)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the guest's time, %v, is up: %w", o.timeout, err)
	}
	return result, err
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

// script returns the shell script that runs the tests. Lines that begin with the mark are for the report.
func (o *options) script(packages []*pkg) string {
	var b strings.Builder
	b.WriteString("exec 2>&1\n")
	if o.coverage != "" {
		fmt.Fprintf(&b, "export %s=/coverage\n", coverage.Env)
	}
	for i, p := range packages {
		if p.binary == "" {
			continue
		}
		args := []string{p.binary, "-test.v=test2json", "-test.timeout=" + o.testTimeout.String()}
		if run := cmp.Or(o.run, p.run); run != "" {
			args = append(args, "-test.run="+run)
		}
		for j, arg := range append(args, o.testArgs...) {
			if j > 0 {
				b.WriteByte(' ')
			} else {
				fmt.Fprintf(&b, "cd %s && printf '%sbegin %d\\n'\n", quote(p.dir), mark, i)
			}
			b.WriteString(quote(arg))
		}
		fmt.Fprintf(&b, "\nprintf '%send %d %%d\\n' $?\n", mark, i)
	}
	if o.coverage != "" {
		fmt.Fprintf(&b, "test ! -e /coverage || sed 's/^/%sheard /' /coverage\n", mark)
	}
	return b.String()
}

// quote writes a word so that a shell reads it as one.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
