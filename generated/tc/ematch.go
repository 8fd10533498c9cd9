package tc

import (
	"encoding/binary"
	"fmt"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// EmatchContent is what a match of a tree has behind its header, which depends on
// its kind: *EmContainer, *EmCmp, *EmNbyte, *U32Key, *EmMeta, *EmText or *EmIpt.
type EmatchContent interface {
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
	ematchKind() EmatchKind
}

func (*EmContainer) ematchKind() EmatchKind { return EmatchKindContainer }
func (*EmCmp) ematchKind() EmatchKind       { return EmatchKindCmp }
func (*EmNbyte) ematchKind() EmatchKind     { return EmatchKindNbyte }
func (*U32Key) ematchKind() EmatchKind      { return EmatchKindU32 }
func (*EmMeta) ematchKind() EmatchKind      { return EmatchKindMeta }
func (*EmText) ematchKind() EmatchKind      { return EmatchKindText }
func (*EmIpt) ematchKind() EmatchKind       { return EmatchKindIpt }

// NewEmatch returns a match of the kind that the content has.
func NewEmatch(content EmatchContent, flags EmatchFlags) (Ematch, error) {
	data, err := content.AppendBinary(nil)
	return Ematch{Kind: content.ematchKind(), Flags: flags, Data: data}, err
}

// Content returns what stands behind the header, or nil if there is no type for it.
func (x *Ematch) Content() (EmatchContent, error) {
	if x.Flags&EmatchFlagsSimple != 0 {
		return nil, nil
	}
	var c EmatchContent
	switch x.Kind {
	case EmatchKindContainer:
		c = new(EmContainer)
	case EmatchKindCmp:
		c = new(EmCmp)
	case EmatchKindNbyte:
		c = new(EmNbyte)
	case EmatchKindU32:
		c = new(U32Key)
	case EmatchKindMeta:
		c = new(EmMeta)
	case EmatchKindText:
		c = new(EmText)
	case EmatchKindIpt:
		c = new(EmIpt)
	default:
		return nil, nil
	}
	return c, c.UnmarshalBinary(x.Data)
}

// NewEmatchTree returns a tree of matches, which it numbers in their order.
func NewEmatchTree(list ...Ematch) *EmatchAttrs {
	tree := &EmatchAttrs{TreeHdr: nlattr.Some(EmatchTreeHdr{Nmatches: uint16(len(list))})}
	for i, m := range list {
		tree.TreeList = append(tree.TreeList, nlattr.Indexed[Ematch]{Index: uint16(i + 1), V: m})
	}
	return tree
}

// EmContainer stands for a group in brackets (TCF_EM_CONTAINER).
type EmContainer struct {
	First uint32 // the group's first match, counted from 0; it stands behind this one
}

// AppendBinary appends the number.
func (x *EmContainer) AppendBinary(b []byte) ([]byte, error) {
	return binary.NativeEndian.AppendUint32(b, x.First), nil
}

// UnmarshalBinary reads the number.
func (x *EmContainer) UnmarshalBinary(b []byte) error {
	if len(b) != 4 {
		return fmt.Errorf("tc: container of %d bytes: %w", len(b), nlattr.ErrLength)
	}
	x.First = binary.NativeEndian.Uint32(b)
	return nil
}

// EmMeta compares metadata (TCA_EM_META_*).
type EmMeta struct {
	Header EmMetaHdr
	// Of an integer, the value of a side that is EmMetaValue, else the mask of the
	// side, 4 bytes or the size of a C long, host order. Of bytes, the value.
	Left, Right []byte
}

// Numbers of the attributes (TCA_EM_META_HDR, TCA_EM_META_LVALUE, TCA_EM_META_RVALUE).
const (
	attrEmMetaHdr = iota + 1
	attrEmMetaLeft
	attrEmMetaRight
)

// AppendBinary appends the attributes.
func (x *EmMeta) AppendBinary(b []byte) ([]byte, error) {
	e := nlattr.NewEncoder(b)
	x.Header.encode(e.Struct(attrEmMetaHdr, 8))
	e.OptBytes(attrEmMetaLeft, x.Left)
	e.OptBytes(attrEmMetaRight, x.Right)
	return e.Finish()
}

// UnmarshalBinary reads the attributes; it ignores any others.
func (x *EmMeta) UnmarshalBinary(b []byte) error {
	*x = EmMeta{}
	d := nlattr.NewDecoder(b)
	for d.Next() {
		switch d.Type() {
		case attrEmMetaHdr:
			x.Header.decode(d.Payload())
		case attrEmMetaLeft:
			x.Left = d.Bytes()
		case attrEmMetaRight:
			x.Right = d.Bytes()
		}
	}
	return d.Err()
}

// EmMetaInt says of the kind in an [EmMetaVal] that it is an integer (TCF_META_TYPE_INT).
const EmMetaInt = 1 << 12

// What is compared by an [EmMetaVal] (TCF_META_ID_*): a value of the match itself, or a property of the
// machine, of the packet or of its socket.
const (
	EmMetaValue = iota
	EmMetaRandom
	EmMetaLoadavg0
	EmMetaLoadavg1
	EmMetaLoadavg2
	EmMetaDev
	EmMetaPriority
	EmMetaProtocol
	EmMetaPkttype
	EmMetaPktlen
	EmMetaDatalen
	EmMetaMaclen
	EmMetaNfmark
	EmMetaTcindex
	EmMetaRtclassid
	EmMetaRtiif
	EmMetaSkFamily
	EmMetaSkState
	EmMetaSkReuse
	EmMetaSkBoundIf
	EmMetaSkRefcnt
	EmMetaSkShutdown
	EmMetaSkProto
	EmMetaSkType
	EmMetaSkRcvbuf
	EmMetaSkRmemAlloc
	EmMetaSkWmemAlloc
	EmMetaSkOmemAlloc
	EmMetaSkWmemQueued
	EmMetaSkRcvQlen
	EmMetaSkSndQlen
	EmMetaSkErrQlen
	EmMetaSkForwardAllocs
	EmMetaSkSndbuf
	EmMetaSkAllocs
	_ // TCF_META_ID_SK_ROUTE_CAPS, which no kernel implements
	EmMetaSkHash
	EmMetaSkLingertime
	EmMetaSkAckBacklog
	EmMetaSkMaxAckBacklog
	EmMetaSkPrio
	EmMetaSkRcvlowat
	EmMetaSkRcvtimeo
	EmMetaSkSndtimeo
	EmMetaSkSendmsgOff
	EmMetaSkWritePending
	EmMetaVlanTag
	EmMetaRxhash
)
