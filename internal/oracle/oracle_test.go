package oracle

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mdlayher/netlink"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// A message is what all generated message types can do.
type message interface {
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// oracleMessages are the message types of families in which all kinds of attributes occur, with their policies.
var oracleMessages = []struct {
	policy *nlpolicy.Message
	zero   message
}{
	{rtlink.OpNewlink.Policy, &rtlink.NewlinkRequest{}},
	{rtlink.OpSetlink.Policy, &rtlink.SetlinkRequest{}},
	{rtlink.OpDellink.Policy, &rtlink.DellinkRequest{}},
	{rtlink.OpGetlink.Policy, &rtlink.GetlinkRequest{}},
	{rtlink.OpGetlink.DumpPolicy, &rtlink.GetlinkDumpRequest{}},
	{rtlink.OpGetlink.ReplyPolicy, &rtlink.GetlinkReply{}},
	{rtlink.OpNewlinkprop.Policy, &rtlink.NewlinkpropRequest{}},
	{rtlink.OpGetstats.Policy, &rtlink.GetstatsRequest{}},
	{rtlink.OpGetstats.ReplyPolicy, &rtlink.GetstatsReply{}},
	{rtlink.OpSetstats.Policy, &rtlink.SetstatsRequest{}},
	{rtaddr.OpNewaddr.Policy, &rtaddr.NewaddrRequest{}},
	{rtaddr.OpDeladdr.Policy, &rtaddr.DeladdrRequest{}},
	{rtaddr.OpGetaddr.Policy, &rtaddr.GetaddrRequest{}},
	{rtaddr.OpGetaddr.DumpPolicy, &rtaddr.GetaddrDumpRequest{}},
	{rtaddr.OpGetaddr.ReplyPolicy, &rtaddr.GetaddrReply{}},
	{rtaddr.OpGetmulticast.ReplyPolicy, &rtaddr.GetmulticastReply{}},
	{rtaddr.OpGetanycast.ReplyPolicy, &rtaddr.GetanycastReply{}},
	{rtroute.OpNewroute.Policy, &rtroute.NewrouteRequest{}},
	{rtroute.OpGetroute.Policy, &rtroute.GetrouteRequest{}},
	{rtroute.OpGetroute.DumpPolicy, &rtroute.GetrouteDumpRequest{}},
	{rtroute.OpGetroute.ReplyPolicy, &rtroute.GetrouteReply{}},
	{nlctrl.OpGetfamily.Policy, &nlctrl.GetfamilyRequest{}},
	{nlctrl.OpGetfamily.ReplyPolicy, &nlctrl.GetfamilyReply{}},
	{nlctrl.OpGetpolicy.Policy, &nlctrl.GetpolicyDumpRequest{}},
	{nlctrl.OpGetpolicy.ReplyPolicy, &nlctrl.GetpolicyReply{}},
	{netdev.OpDevGet.Policy, &netdev.DevGetRequest{}},
	{netdev.OpDevGet.ReplyPolicy, &netdev.DevGetReply{}},
	{netdev.OpPagePoolGet.ReplyPolicy, &netdev.PagePoolGetReply{}},
	{netdev.OpPagePoolStatsGet.ReplyPolicy, &netdev.PagePoolStatsGetReply{}},
	{netdev.OpQueueGet.Policy, &netdev.QueueGetRequest{}},
	{netdev.OpQueueGet.ReplyPolicy, &netdev.QueueGetReply{}},
	{netdev.OpNapiGet.ReplyPolicy, &netdev.NapiGetReply{}},
	{netdev.OpQstatsGet.ReplyPolicy, &netdev.QstatsGetReply{}},
	{netdev.OpBindRx.Policy, &netdev.BindRxRequest{}},
	{netdev.OpNapiSet.Policy, &netdev.NapiSetRequest{}},
}

// TestOtherDecoder fills messages of every family with values, once for each format that its sub-messages have. The bytes that we make
// of a message are read by another library's decoder and compared with the fields; what that read it writes again with its encoder,
// which must be the same bytes; and from those we must get the message back.
func TestOtherDecoder(t *testing.T) {
	families := map[string]int{}
	formats, wanted := map[string]bool{}, map[string]bool{}
	for _, m := range oracleMessages {
		t.Run(m.policy.Family+"/"+m.policy.Op+"/"+reflect.TypeOf(m.zero).Elem().Name(), func(t *testing.T) {
			o := &oracle{t: t, formats: formats}
			for pick := 0; pick == 0 || pick < o.picks; pick++ {
				s := &sampler{pick: pick, t: t, wanted: wanted}
				x := reflect.New(reflect.TypeOf(m.zero).Elem())
				s.message(m.policy, x.Elem())
				o.picks = max(o.picks, s.formats)
				o.check(m.policy, x)
			}
			t.Logf("%d fields compared in %d messages", o.fields, max(o.picks, 1))
			families[m.policy.Family] += o.fields
		})
	}
	for _, family := range witness.SortedKeys(families) {
		t.Logf("%s: %d fields compared", family, families[family])
	}
	t.Logf("%d formats of sub-messages", len(formats))
	for format := range wanted {
		if !formats[format] {
			t.Errorf("no message had the format %s", format)
		}
	}
}

// An oracle compares messages with what the other library reads.
type oracle struct {
	t       *testing.T
	picks   int
	fields  int
	formats map[string]bool
	at      []string
}

func (o *oracle) errorf(format string, args ...any) {
	o.t.Helper()
	o.t.Errorf("%s: %s", strings.Join(o.at, "."), fmt.Sprintf(format, args...))
}

func (o *oracle) check(m *nlpolicy.Message, x reflect.Value) {
	o.t.Helper()
	whole, err := x.Interface().(message).AppendBinary(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	var again []byte
	b := whole
	if m.Header != nil {
		size := nlattr.Align(m.Header.Size)
		o.header(m.Header, b, x.Elem().FieldByName("Header"))
		again, b = append(again, b[:size]...), b[size:]
	}
	if m.Attrs != nil {
		again = append(again, o.list(m.Attrs.Set(), b, x.Elem(), nil)...)
	}
	if !bytes.Equal(again, whole) {
		o.t.Errorf("the other library writes\n%x, we write\n%x", again, whole)
	}
	back := reflect.New(x.Type().Elem())
	if err := back.Interface().(message).UnmarshalBinary(again); err != nil {
		o.t.Fatal(err)
	}
	if diff := cmp.Diff(x.Interface(), back.Interface(), witness.Addresses, recordLength); diff != "" {
		o.t.Errorf("through the other library: before -, after +:\n%s", diff)
	}
}

// recordLength leaves out the length of a record: the wire has one, a request needs none.
var recordLength = cmpopts.IgnoreFields(rtroute.Rtnexthop{}, "RtnhLen")

// A scope tells the selectors of the sets around: their names and what they choose.
type scope struct {
	chosen map[string]string
	up     *scope
}

func (s *scope) find(selector string) string {
	for ; s != nil; s = s.up {
		if value, ok := s.chosen[selector]; ok {
			return value
		}
	}
	return ""
}

// list reads a list of attributes, compares them with the fields of x, and returns what the other library's encoder makes of them.
func (o *oracle) list(set *nlpolicy.Set, b []byte, x reflect.Value, up *scope) []byte {
	o.t.Helper()
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		o.errorf("%v", err)
		return nil
	}
	ae := netlink.NewAttributeEncoder()
	sc := &scope{chosen: map[string]string{}, up: up}
	seen := map[uint16]int{}
	for ad.Next() {
		number := ad.Type()
		a := set.Find(number)
		if a == nil {
			o.unknown(ad, ae, x)
			continue
		}
		field := fieldOf(x, a.Name)
		if !field.IsValid() {
			o.errorf("there is no field for %s", a.Name)
			continue
		}
		o.at = append(o.at, a.Name)
		o.attr(a, ad, ae, field, seen[number], sc)
		o.at = o.at[:len(o.at)-1]
		seen[number]++
	}
	if err := ad.Err(); err != nil {
		o.errorf("%v", err)
	}
	for i := range set.Attrs {
		a := &set.Attrs[i]
		field := fieldOf(x, a.Name)
		if field.IsValid() && !field.IsZero() && seen[a.Number] == 0 {
			o.errorf("%s is set, but was not read", a.Name)
		}
		if field.IsValid() && a.Flags&nlpolicy.Multi != 0 && field.Len() != seen[a.Number] {
			o.errorf("%s has %d values, %d were read", a.Name, field.Len(), seen[a.Number])
		}
	}
	out, err := ae.Encode()
	if err != nil {
		o.errorf("%v", err)
	}
	return out
}

// unknown compares an attribute that is in no set.
func (o *oracle) unknown(ad *netlink.AttributeDecoder, ae *netlink.AttributeEncoder, x reflect.Value) {
	list, _ := x.FieldByName("Unknown").Interface().([]nlattr.Attr)
	data := ad.Bytes()
	i := slices.IndexFunc(list, func(a nlattr.Attr) bool { return a.Number() == ad.Type() && bytes.Equal(a.Data, data) })
	if i < 0 {
		o.errorf("attribute %d was not meant to be there", ad.Type())
		return
	}
	o.fields++
	ae.Bytes(list[i].Type, data)
}

// attr compares one attribute. It is the i-th of its number.
func (o *oracle) attr(a *nlpolicy.Attr, ad *netlink.AttributeDecoder, ae *netlink.AttributeEncoder, field reflect.Value, i int, sc *scope) {
	o.t.Helper()
	if a.Flags&nlpolicy.Multi != 0 {
		if i >= field.Len() {
			o.errorf("more than %d values", field.Len())
			return
		}
		field = field.Index(i)
	}
	ad.ByteOrder, ae.ByteOrder = a.Flags.Order(), a.Flags.Order()
	typ := a.Number
	switch a.Kind {
	case nlpolicy.Flag:
		o.same(field, ad.Flag())
		ae.Flag(typ, true)
	case nlpolicy.String:
		s := ad.String()
		o.same(field, s)
		ae.String(typ, s)
		sc.chosen[a.Name] = s
	case nlpolicy.Nest:
		ae.Bytes(typ|nlattr.Nested, o.list(a.Nested.Set(), ad.Bytes(), indirect(field), sc))
	case nlpolicy.IndexedArray:
		ae.Bytes(typ|nlattr.Nested, o.entries(a, ad.Bytes(), field, sc))
	case nlpolicy.NestTypeValue:
		ae.Bytes(typ|nlattr.Nested, o.levels(a, ad.Bytes(), field, len(a.Levels), sc))
	case nlpolicy.SubMessage:
		if format := a.Sub.Find(sc.find(a.Selector)); format == nil || format.Nested != nil || format.Header == nil {
			typ |= nlattr.Nested // A struct without attributes is no nest.
		}
		ae.Bytes(typ, o.subMessage(a, ad.Bytes(), field, sc))
	case nlpolicy.Binary, nlpolicy.Bitfield32:
		b := ad.Bytes()
		ae.Bytes(typ, o.binary(a, b, field, sc))
	default:
		if a.Hint == nlpolicy.IPv4 {
			b := ad.Bytes()
			o.same(field, b)
			ae.Bytes(typ, b)
			return
		}
		v := o.integer(a, ad, ae, typ)
		o.same(field, v)
		if a.Enum != nil {
			sc.chosen[a.Name], _ = a.Enum.NameOf(v)
		}
	}
}

// integer reads an integer and writes it again.
func (o *oracle) integer(a *nlpolicy.Attr, ad *netlink.AttributeDecoder, ae *netlink.AttributeEncoder, typ uint16) uint64 {
	switch a.Kind {
	case nlpolicy.U8:
		v := ad.Uint8()
		ae.Uint8(typ, v)
		return uint64(v)
	case nlpolicy.U16:
		v := ad.Uint16()
		ae.Uint16(typ, v)
		return uint64(v)
	case nlpolicy.U32:
		v := ad.Uint32()
		ae.Uint32(typ, v)
		return uint64(v)
	case nlpolicy.U64:
		v := ad.Uint64()
		ae.Uint64(typ, v)
		return v
	case nlpolicy.S8:
		v := ad.Int8()
		ae.Int8(typ, v)
		return uint64(v)
	case nlpolicy.S16:
		v := ad.Int16()
		ae.Int16(typ, v)
		return uint64(v)
	case nlpolicy.S32:
		v := ad.Int32()
		ae.Int32(typ, v)
		return uint64(v)
	case nlpolicy.S64:
		v := ad.Int64()
		ae.Int64(typ, v)
		return uint64(v)
	case nlpolicy.Uint, nlpolicy.Sint: // Four or eight bytes, which the other library knows nothing of.
		b := ad.Bytes()
		ae.Bytes(typ, b)
		switch {
		case len(b) == 8:
			return ad.ByteOrder.Uint64(b)
		case len(b) == 4 && a.Kind == nlpolicy.Sint:
			return uint64(int32(ad.ByteOrder.Uint32(b)))
		case len(b) == 4:
			return uint64(ad.ByteOrder.Uint32(b))
		}
	}
	o.errorf("the oracle knows no %v", a.Kind)
	return 0
}

// entries reads an indexed array.
func (o *oracle) entries(a *nlpolicy.Attr, b []byte, field reflect.Value, sc *scope) []byte {
	elem := *a
	elem.Kind, elem.Elem, elem.Flags = a.Elem, nlpolicy.Unused, a.Flags&^nlpolicy.Multi
	return o.each(b, field, func(ad *netlink.AttributeDecoder, ae *netlink.AttributeEncoder, index uint16, value reflect.Value) {
		elem.Number = index
		o.attr(&elem, ad, ae, value, 0, sc)
	})
}

// levels reads nests whose attribute numbers carry values.
func (o *oracle) levels(a *nlpolicy.Attr, b []byte, field reflect.Value, depth int, sc *scope) []byte {
	return o.each(b, field, func(ad *netlink.AttributeDecoder, ae *netlink.AttributeEncoder, index uint16, value reflect.Value) {
		if depth > 1 {
			ae.Bytes(index|nlattr.Nested, o.levels(a, ad.Bytes(), value, depth-1, sc))
			return
		}
		ae.Bytes(index|nlattr.Nested, o.list(a.Nested.Set(), ad.Bytes(), value, sc))
	})
}

// each reads the entries of an array, one by one.
func (o *oracle) each(b []byte, field reflect.Value, f func(*netlink.AttributeDecoder, *netlink.AttributeEncoder, uint16, reflect.Value)) []byte {
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		o.errorf("%v", err)
		return nil
	}
	ae := netlink.NewAttributeEncoder()
	n := 0
	for ; ad.Next(); n++ {
		if n >= field.Len() {
			o.errorf("more than %d entries", field.Len())
			return nil
		}
		value := field.Index(n)
		if value.Kind() == reflect.Struct && value.FieldByName("Index").IsValid() {
			o.same(value.FieldByName("Index"), uint64(ad.Type()))
			value = value.FieldByName("V")
		}
		f(ad, ae, ad.Type(), value)
	}
	if n != field.Len() || ad.Err() != nil {
		o.errorf("%d entries of %d: %v", n, field.Len(), ad.Err())
	}
	out, err := ae.Encode()
	if err != nil {
		o.errorf("%v", err)
	}
	return out
}

// subMessage reads the content that a selector chooses.
func (o *oracle) subMessage(a *nlpolicy.Attr, b []byte, field reflect.Value, sc *scope) []byte {
	value := sc.find(a.Selector)
	format := a.Sub.Find(value)
	if format == nil {
		o.errorf("%q has no format", value)
		return nil
	}
	o.formats[a.Sub.Name+" "+value] = true
	x := indirect(field.Elem())
	var out []byte
	if format.Header != nil {
		o.header(format.Header, b, headerOf(x))
		size := nlattr.Align(format.Header.Size)
		out, b = append(out, b[:min(size, len(b))]...), b[min(size, len(b)):]
	}
	if format.Nested != nil {
		out = append(out, o.list(format.Nested.Set(), b, x, sc)...)
	}
	return out
}

// headerOf is the fixed header in a value: a field, or the value itself if there is nothing else in it.
func headerOf(x reflect.Value) reflect.Value {
	if h := x.FieldByName("Header"); h.IsValid() {
		return h
	}
	return x
}
