package tc

import "github.com/nlgen/nlgen/runtime/nlattr"

// EmIpt asks a match of iptables. The attributes, AttrEmIptHook and the others, say
// what the fields are.
type EmIpt struct {
	Hook          uint32
	MatchName     string
	MatchRevision uint8
	Nfproto       uint8
	MatchData     []byte
}

// AppendBinary appends the attributes.
func (x *EmIpt) AppendBinary(b []byte) ([]byte, error) {
	e := nlattr.NewEncoder(b)
	e.Uint32(AttrEmIptHook, x.Hook)
	e.String(AttrEmIptMatchName, x.MatchName)
	e.Uint8(AttrEmIptMatchRevision, x.MatchRevision)
	e.Uint8(AttrEmIptNfproto, x.Nfproto)
	e.Bytes(AttrEmIptMatchData, x.MatchData)
	return e.Finish()
}

// UnmarshalBinary reads the attributes; it ignores any others.
func (x *EmIpt) UnmarshalBinary(b []byte) error {
	*x = EmIpt{}
	d := nlattr.NewDecoder(b)
	for d.Next() {
		switch d.Type() {
		case AttrEmIptHook:
			x.Hook = d.Uint32()
		case AttrEmIptMatchName:
			x.MatchName = d.String()
		case AttrEmIptMatchRevision:
			x.MatchRevision = d.Uint8()
		case AttrEmIptNfproto:
			x.Nfproto = d.Uint8()
		case AttrEmIptMatchData:
			x.MatchData = d.Bytes()
		}
	}
	return d.Err()
}
