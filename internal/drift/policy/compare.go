package policy

import (
	"context"
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Compare compares a family with that of the running kernel. The error is [os.ErrNotExist] if the kernel does not have the family.
func Compare(ctx context.Context, conn *nlconn.Conn, f *ir.Family) (*drift.Comparison, error) {
	info, err := conn.Family(ctx, f.Name)
	if err != nil {
		return nil, err
	}
	d, err := read(ctx, conn, info)
	if err != nil {
		return nil, err
	}
	return compare(f, info, d), nil
}

// compare compares a family with what the kernel has said of it.
func compare(f *ir.Family, info *nlconn.FamilyInfo, d *dump) *drift.Comparison {
	c := &comparer{&drift.Comparison{Family: f.Name, Theirs: "running kernel"}, d, map[pair]bool{}}
	c.head(f, info)
	c.groups(f, info)
	c.ops(f, info)
	slices.SortFunc(c.Differences, drift.Order)
	return c.Comparison
}

// A comparer compares a family with the kernel's.
type comparer struct {
	*drift.Comparison
	*dump
	seen map[pair]bool
}

// A pair is two sets that have been compared.
type pair struct {
	theirs uint16
	ours   *ir.Set
}

func (c *comparer) head(f *ir.Family, info *nlconn.FamilyInfo) {
	drift.Fact(c.Comparison, "family", "version", uint32(f.Version), info.Version)
	size := 0
	if f.Header != nil {
		size = f.Header.Size
	}
	drift.Fact(c.Comparison, "family", "size of the fixed header", size, int(info.HeaderSize))
}

func (c *comparer) groups(f *ir.Family, info *nlconn.FamilyInfo) {
	names := map[string]bool{}
	for _, g := range info.Groups {
		names[g.Name] = true
	}
	for _, g := range f.Groups {
		c.Facts++
		if !names[g.Name] {
			c.MissingThere("group "+g.Name, "defined")
		}
		delete(names, g.Name)
	}
	for _, g := range info.Groups {
		if names[g.Name] {
			c.MissingHere("group "+g.Name, "defined")
		}
	}
}

// ops compares operations that can be called, by number.
func (c *comparer) ops(f *ir.Family, info *nlconn.FamilyInfo) {
	ours := map[uint32][]*ir.Op{}
	for _, op := range f.Ops {
		if op.Do != nil || op.Dump != nil {
			ours[uint32(op.Number)] = append(ours[uint32(op.Number)], op)
		}
	}
	for _, theirs := range info.Ops {
		if ours[theirs.ID] == nil {
			c.MissingHere(fmt.Sprintf("op %d", theirs.ID), nlctrl.OpFlags(theirs.Flags).String())
		}
		for _, op := range ours[theirs.ID] {
			c.op(op, nlctrl.OpFlags(theirs.Flags), theirs.ID)
		}
		delete(ours, theirs.ID)
	}
	for _, op := range f.Ops {
		if ours[uint32(op.Number)] != nil && (op.Do != nil || op.Dump != nil) {
			c.MissingThere("op "+op.Name, fmt.Sprintf("number %d", op.Number))
		}
	}
}

// op compares an operation: how it can be called, by whom, and with what.
func (c *comparer) op(op *ir.Op, flags nlctrl.OpFlags, number uint32) {
	at := "op " + op.Name
	for _, fact := range []struct {
		what string
		ours bool
		flag nlctrl.OpFlags
	}{
		{"do", op.Do != nil, nlctrl.OpFlagsCmdCapDo}, {"dump", op.Dump != nil, nlctrl.OpFlagsCmdCapDump},
		{"admin-perm", op.AdminPerm, nlctrl.OpFlagsAdminPerm}, {"uns-admin-perm", op.NetAdmin, nlctrl.OpFlagsUnsAdminPerm},
	} {
		drift.Fact(c.Comparison, at, fact.what, fact.ours, flags&fact.flag != 0)
	}
	policies := c.dump.ops[number]
	if policies.Do.OK && op.Do != nil {
		c.request(at+" do", uint16(policies.Do.V), op.Do.Request)
	}
	if policies.Dump.OK && op.Dump != nil {
		c.request(at+" dump", uint16(policies.Dump.V), op.Dump.Request)
	}
}

// request compares the attributes of a request with the policy that the kernel checks it with: the kernel must accept all that are
// listed, and the set must have all that it accepts. It may list fewer, since a family can have one policy for all of its operations.
func (c *comparer) request(at string, theirs uint16, m *ir.Message) {
	for _, a := range m.Attrs {
		c.Facts++
		if _, ok := c.sets[theirs][a.Number]; !ok {
			c.MissingThere(at+"/"+a.Name, "listed")
		}
	}
	for number := range c.sets[theirs] {
		if !slices.ContainsFunc(m.Attrs, func(a *ir.Attr) bool { return a.Number == number }) {
			c.MissingHere(fmt.Sprintf("%s/%d", at, number), "listed")
		}
	}
	c.set(at, theirs, m.Set)
}

// set compares the attributes that the kernel accepts in one place with ours. Each must be there, but not the other way round: replies
// have attributes that no policy knows.
func (c *comparer) set(at string, theirs uint16, ours *ir.Set) {
	if ours == nil || c.seen[pair{theirs, ours}] {
		return
	}
	c.seen[pair{theirs, ours}] = true
	for number, k := range c.sets[theirs] {
		c.Facts++
		i := slices.IndexFunc(ours.Attrs, func(a *ir.Attr) bool { return a.Number == number })
		if i < 0 {
			c.MissingHere(fmt.Sprintf("%s/%d", at, number), k.Type.V.String())
			continue
		}
		c.attr(at+"/"+ours.Attrs[i].Name, ours.Attrs[i], &k)
	}
}
