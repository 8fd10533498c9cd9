package policy

import (
	"context"
	"errors"
	"syscall"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A dump is what the kernel says of the policies of a family.
type dump struct {
	sets map[uint16]map[uint16]nlctrl.PolicyAttrs
	ops  map[uint32]nlctrl.OpPolicyAttrs
}

// read asks the kernel for the policies of a family.
func read(ctx context.Context, conn *nlconn.Conn, info *nlconn.FamilyInfo) (*dump, error) {
	d, err := readOne(ctx, conn, &nlctrl.GetpolicyDumpRequest{FamilyName: nlattr.Some(info.Name)})
	if err != nil {
		return nil, err
	}
	for _, op := range info.Ops {
		if _, ok := d.ops[op.ID]; ok || op.Flags&uint32(nlctrl.OpFlagsCmdCapHaspol) == 0 {
			continue
		}
		// The kernel files an operation that can only be dumped under 0, so each has to be asked for alone.
		one, err := readOne(ctx, conn, &nlctrl.GetpolicyDumpRequest{FamilyName: nlattr.Some(info.Name), Op: nlattr.Some(op.ID)})
		if err != nil {
			return nil, err
		}
		d.adopt(op.ID, one)
	}
	return d, nil
}

// readOne sends one request.
func readOne(ctx context.Context, conn *nlconn.Conn, req *nlctrl.GetpolicyDumpRequest) (*dump, error) {
	d := &dump{map[uint16]map[uint16]nlctrl.PolicyAttrs{}, map[uint32]nlctrl.OpPolicyAttrs{}}
	replies, err := nlctrl.New(conn).GetpolicyCollect(ctx, req)
	if errors.Is(err, syscall.ENODATA) {
		return d, nil // The family has no policies.
	}
	if err != nil {
		return nil, err
	}
	for _, r := range replies {
		for _, op := range r.OpPolicy {
			d.ops[uint32(op.Index)] = op.V
		}
		for _, set := range r.Policy {
			if d.sets[set.Index] == nil {
				d.sets[set.Index] = map[uint16]nlctrl.PolicyAttrs{}
			}
			for _, a := range set.V {
				d.sets[set.Index][a.Index] = a.V
			}
		}
	}
	return d, nil
}

// adopt adds the policies of one operation from a dump of its own, whose sets are numbered from 0 again.
func (d *dump) adopt(op uint32, one *dump) {
	// A policy that accepts nothing is not listed, but operations refer to it.
	base := uint32(0)
	for index := range d.sets {
		base = max(base, uint32(index)+1)
	}
	for _, pair := range d.ops {
		base = max(base, pair.Do.V+1, pair.Dump.V+1)
	}
	for index, set := range one.sets {
		moved := map[uint16]nlctrl.PolicyAttrs{}
		for number, a := range set {
			a.PolicyIdx.V += base
			moved[number] = a
		}
		d.sets[uint16(base)+index] = moved
	}
	for _, pair := range one.ops {
		pair.Do.V += base
		pair.Dump.V += base
		d.ops[op] = pair
	}
}
