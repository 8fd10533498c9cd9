package tc

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A words is what tc prints of an object, made of ours. It is what filters, actions and classes are compared by: tc 6.1 has JSON for
// some of their kinds only, and leaves out of it what the text has, such as the rates of police.
type words struct{ strings.Builder }

// put adds words.
func (w *words) put(format string, args ...any) { w.glue(" "+format, args...) }

// word adds one.
func (w *words) word(s string) { w.put("%s", s) }

// glue adds to the last word.
func (w *words) glue(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// opt adds a word and a value that may be absent.
func opt[T any](w *words, format string, v nlattr.Opt[T]) {
	if v.OK {
		w.put(format, v.V)
	}
}

// fromBPF is what tc asks bpf(2) about a program.
var fromBPF = regexp.MustCompile(`jited|load_time \d+ created_by_uid \d+`)

// same compares word by word: there is none in tc's text that is not explained by something of ours.
func (w *words) same(tally *witness.Tally, what string, theirs []byte) {
	a, b := strings.Fields(w.String()), strings.Fields(string(fromBPF.ReplaceAll(theirs, nil)))
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] && !(i > 0 && later(a[i-1], a[i], b[i])) {
			tally.Errorf("%s: word %d: ours are\n%s\ntc's\n%s", what, i, strings.Join(a, " "), strings.Join(b, " "))
			return
		}
	}
	tally.Fields += len(a)
}

// later says that a time since something or until something has gone on a little until tc looked.
func later(what, ours, theirs string) bool {
	unit := map[string]string{"installed": "s", "used": "s", "firstused": "s", "drop_next": "", "blue_timer": ""}
	suffix, ok := unit[what]
	x, err := time.ParseDuration(ours + suffix)
	y, err2 := time.ParseDuration(theirs + suffix)
	return ok && errors.Join(err, err2) == nil && (x-y).Abs() <= witness.Tolerance*time.Second
}

// rateText is a rate in bytes per second as tc prints it.
func rateText(bytes uint64) string {
	rate, unit := 8*bytes, 0
	for unit < 4 && rate >= 1000 && (rate%1000 == 0 || rate >= 1000*1000) {
		rate /= 1000
		unit++
	}
	return fmt.Sprintf("%d%sbit", rate, []string{"", "K", "M", "G", "T"}[unit])
}

// nanos is a time as tc prints it.
func nanos(ns int64) string {
	switch v := float64(ns); {
	case v >= 1e9:
		return fmt.Sprintf("%.3gs", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.3gms", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.3gus", v/1e3)
	}
	return fmt.Sprintf("%dns", ns)
}

// micros is a time in microseconds as tc prints it.
func micros(us uint32) string {
	if us == 0 {
		return "0us"
	}
	return nanos(1000 * int64(us))
}

// size is a number of bytes as tc prints it: in a unit if it is close to a whole number of them.
func size(v float64) string {
	n := math.Floor(v + 0.5)
	for _, u := range []struct {
		size, off float64
		name      string
	}{{1 << 20, 1024, "Mb"}, {1 << 10, 16, "Kb"}} {
		if whole := math.RoundToEven(n / u.size); n >= u.size && math.Abs(whole*u.size-n) < u.off {
			return fmt.Sprintf("%g%s", whole, u.name)
		}
	}
	return fmt.Sprintf("%.0fb", n)
}
