package drift

import (
	"cmp"
	"fmt"
)

// A Difference is one fact that two specs state differently.
type Difference struct {
	Family string
	Path   string // in our words, as far as we have some: "link-attrs/mtu"
	What   string // the fact: "type"
	Ours   string
	Theirs string
}

// absent stands in a difference for what one side does not have.
const absent = "none"

// The facts that there is something on one side only.
const (
	missingHere  = "missing here"
	missingThere = "missing there"
)

// String returns the difference as a line, such as "link-attrs/mtu: type u32, theirs s32". Known differences are patterns of it.
func (d Difference) String() string {
	switch d.What {
	case missingHere:
		return fmt.Sprintf("%s: missing here, theirs %s", d.Path, d.Theirs)
	case missingThere:
		return fmt.Sprintf("%s: missing there, ours %s", d.Path, d.Ours)
	}
	return fmt.Sprintf("%s: %s %s, theirs %s", d.Path, d.What, d.Ours, d.Theirs)
}

// Order sorts differences.
func Order(a, b Difference) int {
	return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What), cmp.Compare(a.String(), b.String()))
}
