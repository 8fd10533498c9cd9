package resolve

import (
	"slices"

	"github.com/nlgen/nlgen/gen/ir"
)

// Messages are dense if the fields of their types are more than mostFields together, and on average each attribute is in more than
// mostTypes of them.
const (
	mostFields = 3000
	mostTypes  = 8
)

// share gives dense messages one type. A family such as nl80211 has one set of hundreds of attributes, and every operation lists some of
// them: types of their own would repeat each attribute with every operation. The messages of one set and header then are aliases of the
// first, which has a field for each attribute that one of them lists; requests and replies stay apart, as in shapeOf. What an operation
// takes is still known by its policy.
func (m *shaper) share() {
	type group struct {
		request bool
		header  *ir.Struct
		set     *ir.Set
	}
	groups := map[group][]*ir.Message{}
	for _, msg := range m.Messages {
		key := group{msg.Request, msg.Header, msg.Set}
		groups[key] = append(groups[key], msg)
	}
	for _, msg := range m.Messages {
		key := group{msg.Request, msg.Header, msg.Set}
		if list := groups[key]; list[0] == msg && msg.Set != nil {
			shareOne(list)
		}
	}
}

// shareOne gives messages of one form one type if they are dense.
func shareOne(messages []*ir.Message) {
	fields, used := 0, map[*ir.Attr]bool{}
	for _, msg := range messages {
		if msg.Same == nil {
			fields += len(msg.Attrs)
		}
		for _, a := range msg.Attrs {
			used[a] = true
		}
	}
	if fields <= mostFields || fields <= mostTypes*len(used) {
		return
	}
	first := messages[0]
	first.Fields = slices.DeleteFunc(slices.Clone(first.Set.Attrs), func(a *ir.Attr) bool { return !used[a] })
	for _, msg := range messages[1:] {
		msg.Same, msg.Fields = first, first.Fields
	}
}
