package resolve

import (
	"encoding/binary"
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// messages makes the message types: one for each request, and one per operation for all that answers it, so that one function can
// handle what do, dump and notifications bring.
func (f *family) messages(report *diag.Report) {
	m := &shaper{family: f, report: report, shapes: map[string]*ir.Message{}}
	for _, o := range f.opList {
		if o.Name == "" {
			continue // It was refused.
		}
		if o.Do != nil {
			o.Do.Request = m.request(o, o.src.Do, "request")
		}
		if o.Dump != nil {
			o.Dump.Request = m.request(o, o.src.Dump, "dump request")
		}
		switch {
		case o.Do != nil || o.Dump != nil:
			m.reply(o)
		case o.Event:
			o.Reply = m.message(o, o.reply, "event", o.src.Event.Attributes)
		}
	}
	m.share()
}

type shaper struct {
	*family
	report *diag.Report
	shapes map[string]*ir.Message
}

func (m *shaper) request(o *op, src *spec.Exchange, what string) *ir.Message {
	return m.message(o, form{header: o.Header, set: o.Set}, what, attributes(src.Request))
}

func attributes(src *spec.Message) []spec.Val[string] {
	if src == nil {
		return nil
	}
	return src.Attributes
}

// reply makes the reply of an operation, if anything answers it. A notification of an operation without a reply may have every
// attribute: what the kernel sends then is what the operation would answer, and the spec does not say what that is.
func (m *shaper) reply(o *op) {
	var lists [][]spec.Val[string]
	for _, src := range []*spec.Exchange{o.src.Do, o.src.Dump} {
		if src != nil && src.Reply != nil {
			lists = append(lists, src.Reply.Attributes)
		}
	}
	switch {
	case lists != nil && o.reply.whole:
		o.Reply = m.add(o, o.reply, "reply", allAttrs(o.reply.set))
	case lists != nil:
		o.Reply = m.message(o, o.reply, "reply", lists...)
	case len(o.notifies) > 0:
		for _, n := range o.notifies {
			m.report.Warnf(n.src.Notify.Pos, "notification %q has the content of %q, which has no reply; it may have all attributes", n.Name, o.Name)
		}
		o.Reply = m.add(o, o.reply, "reply", allAttrs(o.reply.set))
	default:
		return
	}
	for _, n := range o.notifies {
		n.Reply = o.Reply
		if n.Header != o.Reply.Header {
			// One with a header of its own cannot share the type.
			n.Reply = m.add(n, n.reply, "notification", o.Reply.Attrs)
		}
	}
}

// allAttrs returns the attributes of a set that have a field.
func allAttrs(s *ir.Set) []*ir.Attr {
	var list []*ir.Attr
	if s != nil {
		for _, a := range s.Attrs {
			if a.Presence != ir.Never {
				list = append(list, a)
			}
		}
	}
	return list
}

// message makes a message of some form with the attributes of some lists, in the order of the set.
func (m *shaper) message(o *op, as form, what string, lists ...[]spec.Val[string]) *ir.Message {
	if as.set == nil {
		m.withoutSet(o, as, lists)
		return m.add(o, as, what, nil)
	}
	s := m.sets[as.set.Name]
	var places []int
	for _, list := range lists {
		seen := make(map[string]bool, len(list))
		for _, v := range list {
			i, ok := s.index[v.V]
			switch {
			case !v.Set, s.lost[v.V]: // It was refused where it is declared.
			case seen[v.V]:
				m.report.Warnf(v.Pos, "attribute %q is listed twice in operation %q", v.V, o.Name)
			case ok:
				places = append(places, i)
			case !isMember(as.header, v.V):
				m.report.Warnf(v.Pos, "operation %q lists attribute %q, which is left out: set %q lacks it%s", o.Name, v.V, s.Name,
					guess(m.family, v.V, s.attrs, (*attr).name))
			}
			seen[v.V] = true
		}
	}
	slices.Sort(places)
	var attrs []*ir.Attr
	for _, i := range slices.Compact(places) {
		if a := s.attrs[i].Attr; a.Presence != ir.Never {
			attrs = append(attrs, a)
		}
	}
	for _, a := range attrs {
		if sel := a.Selector; a.Sub != nil && sel != nil && sel.Attr != nil && !slices.Contains(attrs, sel.Attr) {
			m.report.Warnf(o.Pos, "operation %q lists attribute %q without its selector %q, so its content stays raw", o.Name, a.Name, sel.Name)
		}
	}
	return m.add(o, as, what, attrs)
}

// withoutSet reports attributes of an operation that has no set to take them from.
func (m *shaper) withoutSet(o *op, as form, lists [][]spec.Val[string]) {
	if o.src.AttributeSet.Set || o.src.AttributeSet.Bad {
		return // It was reported that there is no such set.
	}
	for _, list := range lists {
		for _, v := range list {
			if v.Set && !isMember(as.header, v.V) {
				m.report.Errorf(v.Pos, "operation %q lists attribute %q, but has no attribute-set", o.Name, v.V)
				return
			}
		}
	}
}

// isMember reports whether a header has a member of some name. Message lists may name those, to say that they are used.
func isMember(header *ir.Struct, name string) bool {
	return header != nil && slices.ContainsFunc(header.Members, func(m *ir.Member) bool { return m.Name == name })
}

// add makes a message and finds the earlier one that has the same shape, if there is one. Requests share types only with requests:
// they can be validated.
func (m *shaper) add(o *op, as form, what string, attrs []*ir.Attr) *ir.Message {
	attrs = m.loadMessage(o, attrs)
	msg := &ir.Message{
		Name:    o.Name + " " + what,
		Doc:     o.Doc,
		Op:      o.Op,
		Header:  as.header,
		Set:     as.set,
		Attrs:   attrs,
		Fields:  attrs,
		Request: what == "request" || what == "dump request",
		Pos:     o.Pos,
	}
	m.Messages = append(m.Messages, msg)
	shape := m.shapeOf(msg)
	if first := m.shapes[shape]; first != nil {
		msg.Same = first
	} else {
		m.shapes[shape] = msg
	}
	return msg
}

// shapeOf returns a text that is the same for two messages if and only if one Go type can serve both.
func (m *shaper) shapeOf(msg *ir.Message) string {
	var key []byte
	if msg.Request {
		key = append(key, 'q')
	}
	key = append(key, '/')
	if msg.Header != nil {
		key = append(key, msg.Header.Name...)
	}
	key = append(key, 0)
	if msg.Set != nil {
		key = append(key, msg.Set.Name...)
	}
	key = append(key, 0)
	for _, a := range msg.Attrs {
		key = binary.BigEndian.AppendUint16(key, a.Number)
	}
	return string(key)
}
