package nltrace

import (
	"sync"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// ids holds which generic family has which message type, as far as that was
// seen.
type ids struct {
	mu    sync.Mutex
	names map[uint16]string
}

const (
	attrFamilyID = 1 // CTRL_ATTR_FAMILY_ID
	attrName     = 2 // CTRL_ATTR_FAMILY_NAME
)

// learn looks at a message of generic netlink: nlctrl tells ids and names.
func (x *ids) learn(h nlmsg.Header, message []byte) {
	const skip = nlmsg.HeaderLen + nlmsg.GenericLen
	if h.Type != nlmsg.TypeControl || len(message) < skip {
		return
	}
	var id uint16
	var name string
	d := nlattr.NewDecoder(message[skip:])
	for d.Next() {
		switch d.Type() {
		case attrFamilyID:
			id = d.Uint16()
		case attrName:
			name = d.String()
		}
	}
	if d.Err() != nil || id == 0 || name == "" {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.names == nil {
		x.names = make(map[uint16]string)
	}
	x.names[id] = name
}

// name returns the name of the family with a message type, if it is known.
func (x *ids) name(id uint16) string {
	if id == nlmsg.TypeControl {
		return "nlctrl"
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.names[id]
}
