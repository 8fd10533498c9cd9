package nlconn

import (
	"context"
	"fmt"
	"maps"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// FamilyInfo is what the kernel tells about a family of generic netlink.
type FamilyInfo struct {
	Name       string
	ID         uint16 // message type; another one after each start of the family
	Version    uint32
	HeaderSize uint32 // of the fixed header
	MaxAttr    uint32 // 0 if operations have attributes of their own
	Ops        []FamilyOp
	Groups     []Group
}

// FamilyOp is an operation of a [FamilyInfo].
type FamilyOp struct {
	ID    uint32
	Flags uint32 // [OpAdminPerm] and others
}

// Flags of a [FamilyOp].
const (
	OpAdminPerm    = 0x01 // GENL_ADMIN_PERM: needs CAP_NET_ADMIN
	OpDo           = 0x02 // GENL_CMD_CAP_DO
	OpDump         = 0x04 // GENL_CMD_CAP_DUMP
	OpHasPolicy    = 0x08 // GENL_CMD_CAP_HASPOL
	OpUnsAdminPerm = 0x10 // GENL_UNS_ADMIN_PERM: needs it in the owning user namespace
)

// Group returns the multicast group of that name.
func (f *FamilyInfo) Group(name string) (Group, bool) {
	for _, g := range f.Groups {
		if g.Name == name {
			return g, true
		}
	}
	return Group{}, false
}

// controlGroup is the group "notify" of nlctrl, the family that knows the families:
// it hears when families come and go. Its number never changes.
const controlGroup = 16

var (
	controlFamily = Family{Name: "nlctrl", Protocol: ProtocolGeneric, Generic: true, Version: 2}
	getFamily     = Operation{Family: &controlFamily, Name: "getfamily", Request: 3, Reply: 1, Single: true}
)

// familyRequest asks for a family (CTRL_ATTR_FAMILY_NAME).
type familyRequest struct{ name string }

func (r *familyRequest) EncodeTo(e *nlattr.Encoder) { e.String(2, r.name) }

// familyReply is what nlctrl answers.
type familyReply struct{ FamilyInfo }

func (f *familyReply) DecodeFrom(d *nlattr.Decoder) {
	for d.Next() {
		switch d.Type() {
		case 1:
			f.ID = d.Uint16()
		case 2:
			f.Name = d.String()
		case 3:
			f.Version = d.Uint32()
		case 4:
			f.HeaderSize = d.Uint32()
		case 5:
			f.MaxAttr = d.Uint32()
		case 6:
			f.Ops = make([]FamilyOp, 0, d.Members())
			entries(d, func() {
				var op FamilyOp
				for d.Next() {
					switch d.Type() {
					case 1:
						op.ID = d.Uint32()
					case 2:
						op.Flags = d.Uint32()
					}
				}
				f.Ops = append(f.Ops, op)
			})
		case 7:
			f.Groups = make([]Group, 0, d.Members())
			entries(d, func() {
				var g Group
				for d.Next() {
					switch d.Type() {
					case 1:
						g.Name = d.String()
					case 2:
						g.ID = d.Uint32()
					}
				}
				f.Groups = append(f.Groups, g)
			})
		}
	}
}

// endOf reports whether a message is the news that the family with an id was
// unregistered (CTRL_CMD_DELFAMILY).
func endOf(id uint32, h nlmsg.Header, body []byte) bool {
	const delFamily = 2
	if h.Type != nlmsg.TypeControl || len(body) < nlmsg.GenericLen || body[0] != delFamily {
		return false
	}
	var f familyReply
	d := nlattr.NewDecoder(body[nlmsg.GenericLen:])
	f.DecodeFrom(&d)
	return uint32(f.ID) == id
}

// entries calls f inside each entry of an indexed array of nests.
func entries(d *nlattr.Decoder, f func()) {
	array := d.Enter()
	for d.Next() {
		entry := d.Enter()
		f()
		d.Leave(entry)
	}
	d.Leave(array)
}

// Family returns what the kernel tells about a family of generic netlink, from
// memory if it was asked for before. If there is no such family, also after the
// kernel tried to load its module, the error is an [os.ErrNotExist]. What is
// returned is shared: it must not be changed.
func (c *Conn) Family(ctx context.Context, name string) (*FamilyInfo, error) {
	if known := c.families.Load(); known != nil {
		if f := (*known)[name]; f != nil {
			return f, nil
		}
	}
	return c.lookUp(ctx, name)
}

// lookUp asks the kernel for a family and remembers the answer.
func (c *Conn) lookUp(ctx context.Context, name string) (*FamilyInfo, error) {
	reply, err := Do[familyReply](ctx, c, &getFamily, &familyRequest{name})
	if err == nil && reply == nil {
		err = ErrNoAnswer
	}
	if err != nil {
		c.remember(name, nil)
		return nil, fmt.Errorf("generic netlink family %q: %w", name, err)
	}
	c.remember(name, &reply.FamilyInfo)
	return &reply.FamilyInfo, nil
}

// remember keeps what is known of a family, nil for nothing.
func (c *Conn) remember(name string, f *FamilyInfo) {
	c.famMu.Lock()
	defer c.famMu.Unlock()
	known := make(map[string]*FamilyInfo)
	if old := c.families.Load(); old != nil {
		maps.Copy(known, *old)
	}
	if delete(known, name); f != nil {
		known[name] = f
	}
	c.families.Store(&known)
}

// Families returns all families that are registered now. The kernel loads no
// modules for it.
func (c *Conn) Families(ctx context.Context) ([]*FamilyInfo, error) {
	replies, err := Collect[familyReply](ctx, c, &getFamily, nil)
	all := make([]*FamilyInfo, len(replies))
	for i, r := range replies {
		all[i] = &r.FamilyInfo
	}
	return all, err
}

// messageType returns the type of a generic family's messages. For other
// families it returns 0: there each operation has its own.
func (c *Conn) messageType(ctx context.Context, f *Family) (uint16, error) {
	if !f.Generic {
		return 0, nil
	}
	if f.Name == controlFamily.Name {
		return nlmsg.TypeControl, nil
	}
	info, err := c.Family(ctx, f.Name)
	if err != nil {
		return 0, err
	}
	return info.ID, nil
}

// moved looks a family up anew that seemed to be gone. It reports whether it has
// another id now; the error says that it is gone.
func (c *Conn) moved(ctx context.Context, f *Family, id uint16) (bool, error) {
	if f.Name == controlFamily.Name {
		return false, nil
	}
	info, err := c.lookUp(ctx, f.Name)
	if err != nil {
		return false, err
	}
	return info.ID != id, nil
}
