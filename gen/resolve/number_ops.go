package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// numberOps numbers operations and makes their modes. In the unified model, one counter runs over all entries and requests and replies
// share its numbers. In the directional model, requests and replies are counted apart.
func (f *family) numberOps(report *diag.Report) {
	if f.src.Operations == nil {
		return
	}
	f.Directional = f.src.Operations.EnumModel.V == "directional"
	c := &opCounter{family: f, report: report, req: 1, rsp: 1, most: 0xff}
	if !f.Generic() {
		c.most = 0xffff
	}
	for _, o := range f.opList {
		if f.Directional {
			c.directional(o)
		} else {
			c.unified(o)
		}
	}
	if !f.Directional {
		f.uniqueOps(report)
	}
}

// firstMessage is the first number of a message that is not one of netlink itself (NLMSG_MIN_TYPE).
const firstMessage = 16

type opCounter struct {
	*family
	report   *diag.Report
	req, rsp uint64
	most     uint64
	over     bool // That a counter ran over was reported.
}

// fit checks that a number can stand on the wire: in the command byte of struct genlmsghdr, or as nlmsg_type. What was counted to is
// reported once, what a spec says each time.
func (c *opCounter) fit(o *op, v spec.Val[uint64], number uint64) uint16 {
	pos := o.Pos
	if v.Set {
		pos = v.Pos
	}
	if number <= c.most {
		if number < firstMessage && !c.Generic() {
			c.report.Warnf(pos, "operation %q has number %d, but those below %d are netlink's own", o.src.Name.V, number, firstMessage)
		}
		return uint16(number)
	}
	if v.Set || !c.over {
		c.report.Errorf(pos, "operation %q has number %d; the largest is %d", o.src.Name.V, number, c.most)
	}
	c.over, o.lost = true, true
	return 0
}

func (c *opCounter) unified(o *op) {
	if o.src.Value.Set {
		c.req, c.over = o.src.Value.V, false
	}
	o.Number = c.fit(o, o.src.Value, c.req)
	c.req++
	if isAsync(o.src) {
		return
	}
	o.Do = c.unifiedMode(o, o.src.Do)
	o.Dump = c.unifiedMode(o, o.src.Dump)
	c.dumpWithoutReply(o)
}

// dumpWithoutReply gives a dump that has no reply that of the do, if there is one: a dump that answers nothing would be of no use.
func (c *opCounter) dumpWithoutReply(o *op) {
	if o.Dump == nil || o.Dump.HasReply {
		return
	}
	if o.Do == nil || !o.Do.HasReply {
		c.report.Warnf(o.src.Dump.Pos, "the dump of %q has no reply", o.src.Name.V)
		return
	}
	c.report.Warnf(o.src.Dump.Pos, "the dump of %q has no reply; it gets that of the do", o.src.Name.V)
	o.Dump.HasReply, o.Dump.ReplyNumber = true, o.Do.ReplyNumber
}

func (c *opCounter) unifiedMode(o *op, src *spec.Exchange) *ir.Mode {
	if src == nil {
		return nil
	}
	for _, m := range []*spec.Message{src.Request, src.Reply} {
		if m != nil && m.Value.Set && m.Value.V != uint64(o.Number) {
			c.report.Warnf(m.Value.Pos, "the value of a request or reply is ignored: the numbers of operations are unified, %q has %d", o.Name, o.Number)
		}
	}
	mode := &ir.Mode{RequestNumber: o.Number, HasReply: src.Reply != nil}
	if mode.HasReply {
		mode.ReplyNumber = o.Number
	}
	return mode
}

func (c *opCounter) directional(o *op) {
	src := o.src
	switch {
	case isAsync(src):
		if src.Value.Set {
			c.rsp, c.over = src.Value.V, false
		}
		o.Number = c.fit(o, src.Value, c.rsp)
		c.rsp++
		return
	case isReserved(src):
		c.report.Errorf(src.Pos, "operation %q is neither do, dump, notify nor event, which the directional model has no number for", src.Name.V)
		return
	case src.Value.Set:
		c.report.Warnf(src.Value.Pos, "the value of operation %q is ignored: requests and replies are numbered apart, each has a value of its own", o.Name)
	}
	// The dump counts only if there is no do.
	first := src.Do
	if first == nil {
		first = src.Dump
	}
	req, rsp := c.messageValue(first.Request), c.messageValue(first.Reply)
	if req.Set {
		c.req, c.over = req.V, false
	}
	if rsp.Set {
		c.rsp, c.over = rsp.V, false
	}
	mode := ir.Mode{RequestNumber: c.fit(o, req, c.req), HasReply: first.Reply != nil}
	c.req++ // NB: even without a request section.
	if mode.HasReply {
		mode.ReplyNumber = c.fit(o, rsp, c.rsp)
		c.rsp++
	}
	o.Number = mode.RequestNumber
	if src.Do != nil {
		do := mode
		o.Do = &do
	}
	if src.Dump != nil {
		o.Dump = &mode
		if src.Do != nil {
			c.dumpBesideDo(o)
		}
		c.dumpWithoutReply(o)
	}
}

// dumpBesideDo gives a dump the numbers of the do, unless it has values of its own: devlink answers port-get differently in its dump.
func (c *opCounter) dumpBesideDo(o *op) {
	src, dump := o.src.Dump, o.Dump
	if v := c.messageValue(src.Request); v.Set {
		dump.RequestNumber = c.fit(o, v, v.V)
	}
	dump.HasReply = src.Reply != nil
	v := c.messageValue(src.Reply)
	switch {
	case !dump.HasReply:
		dump.ReplyNumber = 0
	case v.Set:
		dump.ReplyNumber = c.fit(o, v, v.V)
	case !o.Do.HasReply:
		dump.ReplyNumber = c.fit(o, v, c.rsp)
		c.report.Warnf(src.Reply.Pos, "the dump of %q has a reply without a number, since its do has no reply; %d is assumed", o.Name, c.rsp)
	}
}

// messageValue returns the number that a request or reply has for itself. The kernel's own tool takes 0 for none.
func (c *opCounter) messageValue(m *spec.Message) spec.Val[uint64] {
	if m == nil || !m.Value.Set {
		return spec.Val[uint64]{}
	}
	if m.Value.V == 0 {
		c.report.Warnf(m.Value.Pos, "the value 0 counts as none")
		return spec.Val[uint64]{}
	}
	return m.Value
}

// uniqueOps checks that no two operations of the unified model are the same request. A notification may have the number of an
// operation, and a do that of a dump, since what arrives tells them apart.
func (f *family) uniqueOps(report *diag.Report) {
	do, dump := map[uint16]*op{}, map[uint16]*op{}
	unique := func(space map[uint16]*op, o *op, mode *ir.Mode, name string) {
		if mode == nil || o.lost || o.Name == "" {
			return
		}
		if first := space[o.Number]; first != nil {
			report.Errorf(o.Pos, "the %s of operation %q has the number of %q, %d", name, o.Name, first.Name, o.Number).See(first.Pos, "declared here")
			return
		}
		space[o.Number] = o
	}
	for _, o := range f.opList {
		unique(do, o, o.Do, "do")
		unique(dump, o, o.Dump, "dump")
	}
}
