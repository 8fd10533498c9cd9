package witness

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"
)

// A Step changes something; the event that tells it is the next one that Match accepts.
type Step[E any] struct {
	Name  string
	Do    func() error
	Match func(ev E) error // nil if it is the one
}

// NewStep returns a step.
func NewStep[E any](name string, do func() error, match func(ev E) error) Step[E] {
	return Step[E]{Name: name, Do: do, Match: match}
}

// ErrOther is what a match returns for the events of other changes, which the kernel tells in between.
var ErrOther = errors.New("of another change")

// Play carries out all steps, but for those that the kernel does not know, and then reads the events, which must come in the order of
// the steps.
func Play[E any](t *testing.T, ctx context.Context, events iter.Seq2[E, error], steps []Step[E]) {
	t.Helper()
	steps = slices.DeleteFunc(steps, func(s Step[E]) bool {
		err := s.Do()
		if errors.Is(err, errors.ErrUnsupported) {
			t.Logf("%s: %v", s.Name, err)
			return true
		}
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		return false
	})
	next, stop := iter.Pull2(events)
	defer stop()
	read := 0
	for _, s := range steps {
		err := ErrOther
		for errors.Is(err, ErrOther) {
			ev, problem, ok := next()
			if !ok || problem != nil {
				t.Fatalf("%s: no event: %v, %v", s.Name, problem, ctx.Err())
			}
			read++
			err = s.Match(ev)
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	t.Logf("from %q to %q: %d changes told in order by %d events", steps[0].Name, steps[len(steps)-1].Name, len(steps), read)
}

// Patience ends a test whose event does not come.
func Patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
