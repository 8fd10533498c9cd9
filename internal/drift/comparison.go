package drift

import (
	"fmt"
	"slices"
)

// A Comparison is what came of comparing a family of ours with somebody's.
type Comparison struct {
	Family      string
	Theirs      string // what ours was compared with
	Facts       int    // how many were compared
	Differences []Difference
}

// Fact compares one fact.
func Fact[T comparable](c *Comparison, path, what string, ours, theirs T) {
	c.Facts++
	if ours != theirs {
		c.differ(path, what, word(ours), word(theirs))
	}
}

// word returns the text of a fact.
func word(v any) string {
	if text := fmt.Sprint(v); text != "" {
		return text
	}
	return absent
}

// MissingHere notes what only they have. The word says what it is.
func (c *Comparison) MissingHere(path, theirs string) { c.differ(path, missingHere, absent, theirs) }

// MissingThere notes what only we have.
func (c *Comparison) MissingThere(path, ours string) { c.differ(path, missingThere, ours, absent) }

// differ notes a difference, unless it is there already: what is reached in several ways is compared more than once.
func (c *Comparison) differ(path, what, ours, theirs string) {
	d := Difference{c.Family, path, what, ours, theirs}
	if !slices.Contains(c.Differences, d) {
		c.Differences = append(c.Differences, d)
	}
}
