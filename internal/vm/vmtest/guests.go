package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nlgen/nlgen/internal/coverage"
	"github.com/nlgen/nlgen/internal/vm"
)

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
	results, err := o.share(ctx, c, r)
	for _, result := range results {
		if result != nil {
			fmt.Printf("# kernel %s, %d MiB, %d processors, booted in %.1f s\n", c.Kernel.Version, o.memory, o.cpus, result.Boot.Seconds())
		}
	}
	r.finish()
	o.tell(results)
	switch {
	case err != nil:
		return status(err), err
	case !r.ok():
		return failed, nil
	default:
		return 0, nil
	}
}

// share lets guests test the packages of a report; each gets the number of the next one when it has tested another.
func (o *options) share(ctx context.Context, c vm.Config, r *report) ([]*vm.Result, error) {
	queue := make(chan int, len(r.packages))
	for i, p := range r.packages {
		if p.binary != "" {
			queue <- i
		}
	}
	close(queue)
	results := make([]*vm.Result, min(o.guests, len(queue)))
	errs := make([]error, len(results))
	var running sync.WaitGroup
	for g := range results {
		running.Go(func() { results[g], errs[g] = o.guestOf(ctx, c, r, queue) })
	}
	running.Wait()
	return results, errors.Join(errs...)
}

// guestOf runs a guest that tests packages from a queue until it is empty.
func (o *options) guestOf(ctx context.Context, c vm.Config, r *report, queue <-chan int) (*vm.Result, error) {
	in, numbers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer numbers.Close()
	next := func() {
		if i, ok := <-queue; ok {
			fmt.Fprintln(numbers, i)
		} else {
			numbers.Close() // The script ends with its input.
		}
	}
	next()
	ear := &reader{report: r, next: next}
	c.Stdin, c.Stdout = in, ear
	result, err := o.guest(ctx, c)
	ear.close()
	return result, err
}

// guest runs a guest and says what the kernel printed if it died.
func (o *options) guest(ctx context.Context, c vm.Config) (*vm.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	result, err := vm.Run(ctx, c)
	if result == nil {
		return nil, err
	}
	if words := bytes.TrimSpace(result.Console); err != nil && len(words) > 0 {
		fmt.Fprintf(os.Stderr, "vmtest: the last words of the guest's kernel:\n%s\n", words)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the guest's time, %v, is up: %w", o.timeout, err)
	}
	return result, err
}

// tell says what the guests were refused, once each.
func (o *options) tell(results []*vm.Result) {
	var refused, unknown []string
	for _, result := range results {
		if result != nil {
			refused = append(refused, result.Refused...)
			unknown = append(unknown, result.Unknown...)
		}
	}
	for _, words := range unique(refused) {
		fmt.Fprintln(os.Stderr, "vmtest: not loaded:", words)
	}
	if o.verbose && len(unknown) > 0 {
		fmt.Fprintln(os.Stderr, "vmtest: this kernel has no module", strings.Join(unique(unknown), ", "))
	}
}

// unique sorts words and leaves out what repeats.
func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// script returns the shell script that runs the tests of the packages whose numbers it reads. Lines that begin with the mark are for
// the report.
func (o *options) script(packages []*pkg) string {
	var b strings.Builder
	b.WriteString("exec 2>&1\n")
	if o.coverage != "" {
		fmt.Fprintf(&b, "export %s=/coverage\n", coverage.Env)
	}
	b.WriteString("while read -r n; do\ncase $n in\n")
	for i, p := range packages {
		if p.binary == "" {
			continue
		}
		args := []string{p.binary, "-test.v=test2json", "-test.timeout=" + o.testTimeout.String()}
		if run := cmp.Or(o.run, p.run); run != "" {
			args = append(args, "-test.run="+run)
		}
		fmt.Fprintf(&b, "%d)\tcd %s && printf '%sbegin %d\\n'\n\t", i, quote(p.dir), mark, i)
		for _, arg := range append(args, o.testArgs...) {
			b.WriteString(quote(arg) + " ")
		}
		fmt.Fprintf(&b, "</dev/null\n\tprintf '%send %d %%d\\n' $? ;;\n", mark, i)
	}
	b.WriteString("esac\ndone\n")
	if o.coverage != "" {
		fmt.Fprintf(&b, "test ! -e /coverage || sed 's/^/%sheard /' /coverage\n", mark)
	}
	return b.String()
}

// quote writes a word so that a shell reads it as one.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
