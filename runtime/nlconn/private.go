package nlconn

import (
	"slices"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// privates are the commands of families that look like answers but are none, see
// [Family.Private].
type privates []private

type private struct {
	id       uint16 // message type of the family
	commands []uint16
}

// add adds those of a family, if it has any.
func (p *privates) add(id uint16, f *Family) {
	if len(f.Private) > 0 && !slices.ContainsFunc(*p, func(known private) bool { return known.id == id }) {
		*p = append(*p, private{id, f.Private})
	}
}

// has reports whether a message of the given type is one of them.
func (p privates) has(typ uint16, msg []byte) bool {
	return slices.ContainsFunc(p, func(known private) bool {
		return typ == known.id && len(msg) >= nlmsg.HeaderLen+nlmsg.GenericLen && slices.Contains(known.commands, uint16(msg[nlmsg.HeaderLen]))
	})
}
