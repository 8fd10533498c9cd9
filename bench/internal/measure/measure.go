// Package measure runs contenders of a workload interleaved, each round in a
// process of its own, and prints medians and ratios as a Markdown table.
//
// Processes of their own keep the garbage and the caches of one contender out of
// the figures of the next; rounds in turn (A B C A B C) let slow drifts of the
// machine fall on all of them alike.
package measure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Sample is what one run of a contender measured.
type Sample struct {
	NS     float64 `json:"ns"`     // wall time of one operation
	Allocs float64 `json:"allocs"` // heap allocations per item
	Bytes  float64 `json:"bytes"`  // heap bytes allocated per item
	RSS    int64   `json:"rss"`    // peak resident set, KiB
	Items  int     `json:"items"`  // items that one operation handled
}

// Contender is one way to do the work of a workload.
type Contender struct {
	Name string
	// Run does the work count times and returns how many items one time gave.
	// It is nil for contenders that are programs of their own.
	Run func(count int) (items int, err error)
	// Timed is Run for work that needs something done before it each time, which is
	// not measured: it returns how long the work alone took.
	Timed func() (items int, took time.Duration, err error)
	// Command is the program to run instead. It prints a Sample.
	Command []string
	// Stdin is what the program reads.
	Stdin []byte
	// Missing is why the contender cannot run here.
	Missing string
}

// Workload is a piece of work with its contenders; the first is the limit that
// the ratios refer to.
type Workload struct {
	Name  string
	Count int // operations per run
	Items int // items that every contender must handle; 0 if that is not fixed
	// Before is called before each run of a contender, by the process that starts it.
	Before     func() error
	Contenders []Contender
}

// ChildFlag is the first argument of the processes that measure one contender.
const ChildFlag = "-contender"

// Child measures one contender in this process and prints the sample.
func Child(w Workload, name string) error {
	for _, c := range w.Contenders {
		if c.Name != name {
			continue
		}
		if c.Timed != nil {
			return timed(c)
		}
		// Once to warm up: pools, page tables, the kernel's caches.
		if _, err := c.Run(1); err != nil {
			return err
		}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		items, err := c.Run(w.Count)
		took := time.Since(start)
		if err != nil {
			return err
		}
		runtime.ReadMemStats(&after)
		var ru syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
			return err
		}
		total := float64(max(items, 1) * w.Count)
		return json.NewEncoder(os.Stdout).Encode(Sample{
			NS:     float64(took.Nanoseconds()) / float64(w.Count),
			Allocs: float64(after.Mallocs-before.Mallocs) / total,
			Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / total,
			RSS:    ru.Maxrss,
			Items:  items,
		})
	}
	return fmt.Errorf("no contender %q in %s", name, w.Name)
}

// timed measures work that tells its own time. There is no run to warm up: what it
// does cannot be done twice.
func timed(c Contender) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	items, took, err := c.Timed()
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return err
	}
	total := float64(max(items, 1))
	return json.NewEncoder(os.Stdout).Encode(Sample{
		NS:     float64(took.Nanoseconds()),
		Allocs: float64(after.Mallocs-before.Mallocs) / total,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / total,
		RSS:    ru.Maxrss,
		Items:  items,
	})
}

// Run measures all contenders of w in turn and writes the table to out.
func Run(out io.Writer, w Workload, rounds int) error {
	for _, c := range w.Contenders {
		if c.Missing != "" {
			fmt.Fprintf(out, "\n%s: left out %s: %s\n", w.Name, c.Name, c.Missing)
		}
	}
	w.Contenders = slices.DeleteFunc(slices.Clone(w.Contenders), func(c Contender) bool { return c.Missing != "" })
	samples := make([][]Sample, len(w.Contenders))
	for range rounds {
		for i, c := range w.Contenders {
			s, err := once(w, c)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", w.Name, c.Name, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	fmt.Fprintf(out, "\n**%s** (%d rounds, %d operations each)\n\n", w.Name, rounds, w.Count)
	fmt.Fprintln(out, "| contender | time per operation | spread | ratio to the first | allocs/item | B/item | peak RSS MB |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	for i, c := range w.Contenders {
		// The ratio is that of the same round, so that drift cancels out.
		ratios := make([]float64, rounds)
		times := make([]float64, rounds)
		for r := range rounds {
			times[r] = samples[i][r].NS
			ratios[r] = times[r] / samples[0][r].NS
		}
		s := samples[i][0]
		note := ""
		if w.Items > 0 && c.Command == nil && s.Items < w.Items {
			note = fmt.Sprintf(" (INCOMPLETE: %d of %d)", s.Items, w.Items)
		}
		allocs, bytes := fmt.Sprintf("%.4g", s.Allocs), fmt.Sprintf("%.4g", s.Bytes)
		if c.Command != nil {
			allocs, bytes = "-", "-"
		}
		fmt.Fprintf(out, "| %s%s | %v | %.0f%% | %.2f | %s | %s | %.1f |\n", c.Name, note,
			pretty(median(times)), 100*spread(times), median(ratios), allocs, bytes,
			float64(s.RSS)/1024)
	}
	return nil
}

// once runs one contender in a process of its own.
func once(w Workload, c Contender) (Sample, error) {
	if w.Before != nil {
		if err := w.Before(); err != nil {
			return Sample{}, err
		}
	}
	argv := c.Command
	if argv == nil {
		argv = []string{"/proc/self/exe", ChildFlag, w.Name, c.Name}
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if c.Stdin != nil {
		cmd.Stdin = bytes.NewReader(c.Stdin)
	}
	text, err := cmd.Output()
	if err != nil {
		return Sample{}, fmt.Errorf("%w: %s", err, stderr.String())
	}
	var s Sample
	if err := json.Unmarshal(text, &s); err != nil {
		return Sample{}, fmt.Errorf("%w in %q", err, text)
	}
	return s, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// spread returns the distance of the quartiles as a share of the median.
func spread(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[len(s)*3/4] - s[len(s)/4]) / median(v)
}

// pretty writes a time with three digits.
func pretty(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.3g ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.3g µs", ns/1e3)
	default:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	}
}
