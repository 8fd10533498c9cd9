package oracle

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/witness"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// contents are the types that sub-messages can hold.
var contents = []any{
	rtlink.CanDeviceStats{}, rtlink.LinkinfoCaifAttrs{},
	rtlink.LinkinfoAmtAttrs{}, rtlink.LinkinfoBareudpAttrs{}, rtlink.LinkinfoBatadvAttrs{}, rtlink.LinkinfoBondAttrs{},
	rtlink.LinkinfoBridgeAttrs{}, rtlink.LinkinfoCanAttrs{}, rtlink.LinkinfoDsaAttrs{}, rtlink.LinkinfoGreAttrs{},
	rtlink.LinkinfoGeneveAttrs{}, rtlink.LinkinfoGtpAttrs{}, rtlink.LinkinfoHsrAttrs{}, rtlink.LinkinfoGre6Attrs{},
	rtlink.LinkinfoIp6tnlAttrs{}, rtlink.LinkinfoIptunAttrs{}, rtlink.LinkinfoIpoibAttrs{}, rtlink.LinkinfoIpvlanAttrs{},
	rtlink.LinkinfoMacsecAttrs{}, rtlink.LinkinfoMacvlanAttrs{}, rtlink.LinkinfoNetkitAttrs{}, rtlink.LinkinfoOvpnAttrs{},
	rtlink.LinkinfoPppAttrs{}, rtlink.LinkinfoRmnetAttrs{}, rtlink.LinkinfoTunAttrs{}, rtlink.LinkinfoVethAttrs{},
	rtlink.LinkinfoVlanAttrs{}, rtlink.LinkinfoVrfAttrs{}, rtlink.LinkinfoVtiAttrs{}, rtlink.LinkinfoVti6Attrs{},
	rtlink.LinkinfoVxcanAttrs{}, rtlink.LinkinfoVxlanAttrs{}, rtlink.LinkinfoWwanAttrs{}, rtlink.LinkinfoXfrmAttrs{},
	rtlink.BondSlaveAttrs{}, rtlink.LinkinfoBrportAttrs{}, rtlink.LinkinfoVrfPortAttrs{},
	rtlink.VethPeerVeth{}, rtlink.VxcanPeerVxcan{}, rtlink.NetkitPeerNetkit{},
	rtroute.EncapMplsAttrs{}, rtroute.EncapIpAttrs{}, rtroute.EncapIlaAttrs{}, rtroute.EncapIp6Attrs{}, rtroute.EncapSeg6Attrs{},
	rtroute.EncapBpfAttrs{}, rtroute.EncapSeg6LocalAttrs{}, rtroute.EncapRplAttrs{}, rtroute.EncapIoam6Attrs{}, rtroute.EncapXfrmAttrs{},
}

// A sampler fills messages with values that tell fields apart.
type sampler struct {
	t       *testing.T
	pick    int // which format sub-messages have
	formats int // how many the largest sub-message has
	counter uint64
	depth   int
	wanted  map[string]bool // formats that have content
}

// deepest is how deep messages are filled: links hold data that holds a link.
const deepest = 7

func (s *sampler) next() uint64 {
	s.counter++
	return 0x0123_4567_89ab_cd00 + s.counter*0x0101_0101_0101_0101
}

func (s *sampler) message(m *nlpolicy.Message, x reflect.Value) {
	if m.Header != nil {
		s.header(m.Header, x.FieldByName("Header"))
	}
	if m.Attrs != nil {
		s.fill(m.Attrs.Set(), m.Accept, x)
	}
	x.FieldByName("Unknown").Set(reflect.ValueOf([]nlattr.Attr{{Type: 0x3ffe, Data: []byte{1, 2, 3}}}))
}

// fill sets every field of a set. Fields that the message does not accept are not there.
func (s *sampler) fill(set *nlpolicy.Set, accept []uint16, x reflect.Value) {
	s.t.Helper()
	if s.depth++; s.depth > deepest {
		s.depth--
		return
	}
	defer func() { s.depth-- }()
	chosen := map[string]*nlpolicy.Format{}
	for i := range set.Attrs {
		if a := &set.Attrs[i]; a.Kind == nlpolicy.SubMessage && fieldOf(x, a.Name).IsValid() {
			s.formats = max(s.formats, len(a.Sub.Formats))
			for _, f := range a.Sub.Formats {
				if f.Nested != nil || f.Header != nil {
					s.wanted[a.Sub.Name+" "+f.Value] = true
				}
			}
			format := &a.Sub.Formats[s.pick%len(a.Sub.Formats)]
			if first := chosen[a.Selector]; first != nil {
				// Two sub-messages go by one selector: the second has what belongs to the first, or nothing.
				if format = a.Sub.Find(first.Value); format == nil {
					continue
				}
			}
			if content := s.content(a, format); content.IsValid() {
				// The selector may be in an outer set, which then has chosen.
				if set.Named(a.Selector) != nil || strings.HasSuffix(strings.ToLower(content.Type().Elem().Name()), format.Value) {
					fieldOf(x, a.Name).Set(content)
				}
			}
			chosen[a.Selector] = format
		}
	}
	for i := range set.Attrs {
		a := &set.Attrs[i]
		field := fieldOf(x, a.Name)
		switch {
		case a.Kind == nlpolicy.SubMessage || a.Kind == nlpolicy.Pad || a.Kind == nlpolicy.Unused:
		case !field.IsValid():
			if accept != nil && slices.Contains(accept, a.Number) {
				s.t.Errorf("%s accepts %s, but has no such field", x.Type(), a.Name)
			}
		case chosen[a.Name] != nil:
			s.choose(a, chosen[a.Name], field)
		default:
			s.attr(a, field)
		}
	}
}

// choose sets a selector.
func (s *sampler) choose(a *nlpolicy.Attr, format *nlpolicy.Format, field reflect.Value) {
	field.FieldByName("OK").SetBool(true)
	if a.Enum != nil {
		v, _ := a.Enum.ValueOf(format.Value)
		field.FieldByName("V").SetUint(v)
		return
	}
	field.FieldByName("V").SetString(format.Value)
}

// content makes what a sub-message holds in a format; an invalid value if that is nothing.
func (s *sampler) content(a *nlpolicy.Attr, format *nlpolicy.Format) reflect.Value {
	if format.Nested == nil && format.Header == nil || s.depth >= deepest-1 {
		return reflect.Value{}
	}
	names := []string{a.Sub.Name + format.Value, strings.TrimSuffix(a.Sub.Name, "-msg") + format.Value}
	if format.Nested != nil {
		names = append(names, format.Nested.Set().Name)
	} else if format.Header != nil {
		names = append(names, format.Header.Name)
	}
	for _, c := range contents {
		typ := reflect.TypeOf(c)
		if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(strings.ReplaceAll(name, "-", ""), typ.Name()) }) {
			continue
		}
		x := reflect.New(typ)
		if format.Header != nil {
			s.header(format.Header, headerOf(x.Elem()))
		}
		if format.Nested != nil {
			s.fill(format.Nested.Set(), nil, x.Elem())
		}
		return x
	}
	s.t.Errorf("the oracle has no type for %s %s", a.Sub.Name, format.Value)
	return reflect.Value{}
}

// attr sets the field of an attribute.
func (s *sampler) attr(a *nlpolicy.Attr, field reflect.Value) {
	s.t.Helper()
	switch {
	case a.Flags&nlpolicy.Multi != 0:
		one := *a
		one.Flags &^= nlpolicy.Multi
		s.two(field, func(v reflect.Value) { s.attr(&one, v) })
	case a.Kind == nlpolicy.IndexedArray:
		elem := *a
		elem.Kind, elem.Elem = a.Elem, nlpolicy.Unused
		s.two(field, func(v reflect.Value) { s.attr(&elem, s.indexed(v)) })
	case a.Kind == nlpolicy.NestTypeValue:
		s.levels(a, field, len(a.Levels))
	case a.Kind == nlpolicy.Nest:
		s.fill(a.Nested.Set(), nil, s.pointer(field))
	case a.Record != nil:
		s.two(field, func(v reflect.Value) {
			s.header(a.Record.Header, v.FieldByName("Header"))
			v.FieldByName("Header").Field(0).SetZero() // The length: the encoder's.
			s.fill(a.Record.Nested.Set(), nil, v)
		})
	case a.Struct != nil:
		s.header(a.Struct, s.pointer(s.optional(field)))
	case a.Kind == nlpolicy.Bitfield32:
		s.leaf(reflect.ValueOf(field.Addr().Interface()).Elem().FieldByName("V").FieldByName("Value"), 4)
		field.FieldByName("OK").SetBool(true)
	case a.Elem != nlpolicy.Unused:
		s.two(field, func(v reflect.Value) { s.leaf(v, a.Elem.Width()) })
	case a.Hint == nlpolicy.IPv4 || a.Hint == nlpolicy.IPv6 || a.Hint == nlpolicy.IPv4OrV6:
		s.address(a.Hint, s.optional(field))
	case a.Kind == nlpolicy.Binary:
		length := 6
		if a.Limits != nil && a.Limits.Has&nlpolicy.HasExactLen != 0 {
			length = int(a.Limits.Exact)
		}
		s.bytes(s.optional(field), length)
	default:
		s.leaf(s.optional(field), a.Kind.Width())
	}
}

// levels sets nests whose numbers carry values.
func (s *sampler) levels(a *nlpolicy.Attr, field reflect.Value, depth int) {
	s.two(field, func(v reflect.Value) {
		v = s.indexed(v)
		if depth > 1 {
			s.levels(a, v, depth-1)
			return
		}
		s.fill(a.Nested.Set(), nil, v)
	})
}

// indexed sets the index of an entry, and returns its value.
func (s *sampler) indexed(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct && v.FieldByName("Index").IsValid() {
		v.FieldByName("Index").SetUint(s.next() & 0xff)
		return v.FieldByName("V")
	}
	return v
}

// two makes a slice of two values.
func (s *sampler) two(field reflect.Value, set func(v reflect.Value)) {
	field.Set(reflect.MakeSlice(field.Type(), 2, 2))
	for i := range 2 {
		set(field.Index(i))
	}
}

// optional makes an Opt present, and returns its value.
func (s *sampler) optional(field reflect.Value) reflect.Value {
	if witness.IsOpt(field) {
		field.FieldByName("OK").SetBool(true)
		return field.FieldByName("V")
	}
	return field
}

// pointer makes what a pointer points to, and returns it.
func (s *sampler) pointer(field reflect.Value) reflect.Value {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		return field.Elem()
	}
	return field
}

func (s *sampler) address(hint nlpolicy.Hint, v reflect.Value) {
	if v.Type() != reflect.TypeFor[netip.Addr]() {
		s.t.Errorf("an address in a %v", v.Type())
		return
	}
	n := s.next()
	a := netip.AddrFrom4([4]byte{192, byte(n), byte(n >> 8), byte(n >> 16)})
	if hint == nlpolicy.IPv6 || hint == nlpolicy.IPv4OrV6 && n&1 == 1 {
		a = netip.AddrFrom16([16]byte{0x20, 1, 13: byte(n), 14: byte(n >> 8), 15: byte(n >> 16)})
	}
	v.Set(reflect.ValueOf(a))
}

// leaf sets a value without parts. An integer has so many bytes on the wire; 0 stands for those of any width.
func (s *sampler) leaf(v reflect.Value, width int) {
	n := s.next()
	if width > 0 && width < 8 {
		n >>= 64 - 8*width
	}
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanUint():
		v.SetUint(n)
	case v.CanInt():
		v.SetInt(-int64(n >> 1))
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("text%d", s.counter))
	default:
		s.t.Errorf("the oracle can not fill a %v", v.Type())
	}
}

func (s *sampler) bytes(v reflect.Value, length int) {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(s.next()) | 1
	}
	switch v.Kind() {
	case reflect.Array:
		reflect.Copy(v, reflect.ValueOf(b))
	case reflect.Slice:
		v.SetBytes(b)
	default:
		s.t.Errorf("bytes in a %v", v.Type())
	}
}

// header sets the members of a C struct.
func (s *sampler) header(c *nlpolicy.Struct, x reflect.Value) {
	for i := range c.Members {
		m := &c.Members[i]
		field := fieldOf(x, m.Name)
		switch {
		case m.Type() == nlpolicy.Pad || m.Type() == nlpolicy.Unused || !field.IsValid():
		case m.Struct != nil:
			s.header(m.Struct, field)
		case field.Kind() == reflect.Array || field.Kind() == reflect.Slice:
			s.bytes(field, m.Size)
		default:
			s.leaf(field, m.Size)
		}
	}
}
