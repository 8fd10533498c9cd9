package nlserve

import (
	"context"
	"iter"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// The family nlctrl, which every Server has: it tells the ids of generic
// families and the numbers of their groups.

const controlName = "nlctrl"

// Commands of nlctrl.
const (
	cmdNewFamily = 1 // CTRL_CMD_NEWFAMILY
	cmdDelFamily = 2 // CTRL_CMD_DELFAMILY
	cmdGetFamily = 3 // CTRL_CMD_GETFAMILY
)

var (
	controlFamily = nlconn.Family{Name: controlName, Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 2}
	controlPolicy = nlpolicy.Message{Family: controlName, Op: "getfamily", Attrs: &nlpolicy.Set{Name: "ctrl-attrs", Attrs: []nlpolicy.Attr{
		{Name: "family-id", Number: 1, Kind: nlpolicy.U16},
		{Name: "family-name", Number: 2, Kind: nlpolicy.String,
			Limits: &nlpolicy.Limits{Has: nlpolicy.HasMaxLen, MaxLen: 15}},
	}}}
	getFamily = nlconn.Operation{Family: &controlFamily, Name: "getfamily", Request: cmdGetFamily, Reply: cmdNewFamily,
		Policy: &controlPolicy}
)

// control returns the service of nlctrl.
func (s *Server) control() Service {
	return Service{
		Family:  &controlFamily,
		Groups:  []nlconn.Group{{Name: "notify", ID: notifyGroup}},
		Methods: []Method{Do(&getFamily, s.getFamily), Dump(&getFamily, s.dumpFamilies)},
	}
}

func (s *Server) getFamily(_ context.Context, req *familyRequest) (*familyMessage, error) {
	if req.id == 0 && req.name == "" {
		return nil, syscall.Errno(eINVAL)
	}
	for _, f := range s.infos() {
		if (req.id == 0 || req.id == f.ID) && (req.name == "" || req.name == f.Name) {
			return f, nil
		}
	}
	return nil, syscall.Errno(eNOENT)
}

func (s *Server) dumpFamilies(context.Context, *familyRequest) iter.Seq2[*familyMessage, error] {
	return func(yield func(*familyMessage, error) bool) {
		for _, f := range s.infos() {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// announce tells that a family has come or gone.
func (s *Server) announce(command uint16, f *familyMessage) {
	_ = s.Notify(context.Background(), &controlFamily, command, nlconn.Group{ID: notifyGroup}, f)
}

// familyRequest names a family.
type familyRequest struct {
	id   uint16
	name string
}

func (r *familyRequest) DecodeFrom(d *nlattr.Decoder) {
	for d.Next() {
		switch d.Type() {
		case 1:
			r.id = d.Uint16()
		case 2:
			r.name = d.String()
		}
	}
}

// familyMessage is what nlctrl tells of a family.
type familyMessage struct{ nlconn.FamilyInfo }

// message returns what nlctrl tells of a generic family.
func (f *family) message() *familyMessage {
	info := nlconn.FamilyInfo{Name: f.Family.Name, ID: f.id, Version: uint32(f.Family.Version)}
	for i := range f.Methods {
		m := &f.Methods[i]
		if p := m.Op.Policy; p != nil && p.Header != nil {
			info.HeaderSize = uint32(p.Header.Size)
		}
		number, _ := m.number()
		info.Ops = merge(info.Ops, number, m)
	}
	for _, g := range f.Groups {
		if g.ID != 0 {
			info.Groups = append(info.Groups, g)
		}
	}
	return &familyMessage{info}
}

// merge adds a method to a list of commands.
func merge(ops []nlconn.FamilyOp, number uint16, m *Method) []nlconn.FamilyOp {
	flags := uint32(nlconn.OpDo)
	if m.kind == dump {
		flags = nlconn.OpDump
	}
	if m.Op.Policy != nil {
		flags |= nlconn.OpHasPolicy
	}
	for i := range ops {
		if ops[i].ID == uint32(number) {
			ops[i].Flags |= flags
			return ops
		}
	}
	return append(ops, nlconn.FamilyOp{ID: uint32(number), Flags: flags})
}

// EncodeTo encodes what nlctrl tells (CTRL_ATTR_*).
func (f *familyMessage) EncodeTo(e *nlattr.Encoder) {
	e.String(2, f.Name)
	e.Uint16(1, f.ID)
	e.Uint32(3, f.Version)
	e.Uint32(4, f.HeaderSize)
	e.Uint32(5, f.MaxAttr)
	if len(f.Ops) > 0 {
		ops := e.Begin(6)
		for i, op := range f.Ops {
			entry := e.Begin(uint16(i + 1))
			e.Uint32(1, op.ID)
			e.Uint32(2, op.Flags)
			e.End(entry)
		}
		e.End(ops)
	}
	if len(f.Groups) > 0 {
		groups := e.Begin(7)
		for i, g := range f.Groups {
			entry := e.Begin(uint16(i + 1))
			e.Uint32(2, g.ID)
			e.String(1, g.Name)
			e.End(entry)
		}
		e.End(groups)
	}
}
