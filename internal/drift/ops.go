package drift

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/ir"
)

// A call is the way in which an operation uses a number: what makes it the same on the wire.
type call struct {
	number uint16
	event  bool // a notification, numbered as messages from the kernel
}

func callOf(op *ir.Op) call {
	return call{op.Number, op.Do == nil && op.Dump == nil}
}

// ops compares operations: those with the same number, of several those with the same name.
func (c *comparer) ops(ours, theirs *ir.Family) {
	byCall := map[call][]*ir.Op{}
	for _, t := range theirs.Ops {
		byCall[callOf(t)] = append(byCall[callOf(t)], t)
	}
	met := map[*ir.Op]bool{}
	for _, o := range ours.Ops {
		var t *ir.Op
		for _, x := range byCall[callOf(o)] {
			if t == nil || plain(x.Name) == plain(o.Name) {
				t = x
			}
		}
		if t == nil {
			c.MissingThere("op "+o.Name, describeOp(o))
			continue
		}
		met[t] = true
		c.op(o, t)
	}
	for _, t := range theirs.Ops {
		if !met[t] {
			c.MissingHere("op "+t.Name, describeOp(t))
		}
	}
	c.numbers("op ", ops(ours.Ops), ops(theirs.Ops))
}

func describeOp(op *ir.Op) string { return fmt.Sprintf("number %d", op.Number) }

// ops returns operations as names with numbers.
func ops(list []*ir.Op) map[string]int64 {
	m := map[string]int64{}
	for _, op := range list {
		m[plain(op.Name)] = int64(op.Number)
	}
	return m
}

func (c *comparer) op(ours, theirs *ir.Op) {
	at := "op " + ours.Name
	c.Facts++
	c.name(at, ours.Name, theirs.Name)
	Fact(c.Comparison, at, "event", ours.Event, theirs.Event)
	Fact(c.Comparison, at, "admin-perm", ours.AdminPerm, theirs.AdminPerm)
	Fact(c.Comparison, at, "uns-admin-perm", ours.NetAdmin, theirs.NetAdmin)
	Fact(c.Comparison, at, "lenient do", ours.Lenient, theirs.Lenient)
	Fact(c.Comparison, at, "lenient dump", ours.LenientDump, theirs.LenientDump)
	Fact(c.Comparison, at, "notification of", nameOfOp(ours.Notify), nameOfOp(theirs.Notify))
	Fact(c.Comparison, at, "group", nameOfGroup(ours.Group), nameOfGroup(theirs.Group))
	c.set(at, "attribute-set", ours.Set, theirs.Set)
	c.fixedHeader(at, ours.Header, theirs.Header)
	c.mode(at+" do", ours.Do, theirs.Do)
	c.mode(at+" dump", ours.Dump, theirs.Dump)
	Fact(c.Comparison, at, "reply", ours.Reply != nil, theirs.Reply != nil)
	if ours.Reply != nil && theirs.Reply != nil {
		c.message(at+" reply", ours.Reply, theirs.Reply)
	}
}

func nameOfOp(op *ir.Op) string {
	if op == nil {
		return ""
	}
	return fmt.Sprint(op.Number)
}

func nameOfGroup(g *ir.Group) string {
	switch {
	case g == nil:
		return ""
	case g.ID != 0:
		return fmt.Sprint(g.ID)
	}
	return g.Name
}

// mode compares the two ways to call an operation.
func (c *comparer) mode(at string, ours, theirs *ir.Mode) {
	c.Facts++
	switch {
	case ours == nil && theirs == nil:
		return
	case ours == nil:
		c.MissingHere(at, fmt.Sprintf("request %d", theirs.RequestNumber))
		return
	case theirs == nil:
		c.MissingThere(at, fmt.Sprintf("request %d", ours.RequestNumber))
		return
	}
	Fact(c.Comparison, at, "request number", ours.RequestNumber, theirs.RequestNumber)
	Fact(c.Comparison, at, "reply", ours.HasReply, theirs.HasReply)
	if ours.HasReply && theirs.HasReply {
		Fact(c.Comparison, at, "reply number", ours.ReplyNumber, theirs.ReplyNumber)
	}
	c.message(at+" request", ours.Request, theirs.Request)
}

// message compares the fixed header of a message and the list of its attributes. An attribute that one of the sets does not have is
// a difference of the sets, and not one of the lists, too.
func (c *comparer) message(at string, ours, theirs *ir.Message) {
	c.fixedHeader(at, ours.Header, theirs.Header)
	c.set(at, "attribute-set", ours.Set, theirs.Set)
	match(ours.Attrs, theirs.Attrs, numberOf, func(o, t *ir.Attr) {
		c.Facts++
		switch {
		case o == nil && has(ours.Set, t):
			c.MissingHere(at+"/"+t.Name, "listed")
		case t == nil && has(theirs.Set, o):
			c.MissingThere(at+"/"+o.Name, "listed")
		}
	})
}

func numberOf(a *ir.Attr) uint16 { return a.Number }

// has reports whether a set, or the one that it is a subset of, has an attribute of the number of a. Without a set, a message lists
// no attribute for a reason of its own.
func has(s *ir.Set, a *ir.Attr) bool {
	for ; s != nil; s = s.Parent {
		for _, x := range s.Attrs {
			if x.Number == a.Number {
				return true
			}
		}
	}
	return false
}

func (c *comparer) fixedHeader(at string, ours, theirs *ir.Struct) {
	c.structs(at, "fixed-header", ours, theirs)
}
