package oracle

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/internal/witness"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// binary compares a payload that has a form of its own, and returns it.
func (o *oracle) binary(a *nlpolicy.Attr, b []byte, field reflect.Value, sc *scope) []byte {
	switch {
	case a.Record != nil:
		return o.records(a.Record, b, field, sc)
	case a.Struct != nil:
		o.header(a.Struct, b, indirect(optional(field)))
		return b
	case a.Kind == nlpolicy.Bitfield32:
		x := optional(field)
		o.same(x.FieldByName("Value"), uint64(binary.NativeEndian.Uint32(b)))
		o.same(x.FieldByName("Selector"), uint64(binary.NativeEndian.Uint32(b[4:])))
		return b
	case a.Elem != nlpolicy.Unused:
		width := a.Elem.Width()
		if len(b) != width*field.Len() {
			o.errorf("%d bytes for %d elements", len(b), field.Len())
			return b
		}
		for i := range field.Len() {
			v, _ := nlpolicy.LoadInteger(a.Elem, a.Flags, b[i*width:])
			o.same(field.Index(i), v)
		}
		return b
	}
	o.same(field, b)
	return b
}

// records reads C structs that have attributes behind them.
func (o *oracle) records(r *nlpolicy.Record, b []byte, field reflect.Value, sc *scope) []byte {
	var out []byte
	n := 0
	for ; len(b) > 0; n++ {
		length, ok := r.Len(b)
		if !ok || n >= field.Len() {
			o.errorf("%d records, and %d more bytes", n, len(b))
			return nil
		}
		x := field.Index(n)
		o.header(r.Header, b[:length], x.FieldByName("Header"))
		attrs := o.list(r.Nested.Set(), b[r.Header.Size:length], x, sc)
		record := append(slices.Clone(b[:r.Header.Size]), attrs...)
		binary.NativeEndian.PutUint16(record, uint16(len(record)))
		out = append(out, record...)
		b = b[min(nlattr.Align(length), len(b)):]
	}
	if n != field.Len() {
		o.errorf("%d records of %d", n, field.Len())
	}
	return out
}

// header compares a C struct, member by member.
func (o *oracle) header(s *nlpolicy.Struct, b []byte, x reflect.Value) {
	o.t.Helper()
	for i := range s.Members {
		m := &s.Members[i]
		if m.Type() == nlpolicy.Pad || m.Type() == nlpolicy.Unused {
			continue
		}
		field := fieldOf(x, m.Name)
		if !field.IsValid() {
			o.errorf("there is no field for the member %s of %s in %v", m.Name, s.Name, x.Type())
			continue
		}
		at := s.Offset(m)
		if at+m.Size > len(b) {
			o.errorf("%s ends before its member %s", s.Name, m.Name)
			return
		}
		part := b[at : at+m.Size]
		o.at = append(o.at, m.Name)
		switch {
		case m.Struct != nil:
			o.header(m.Struct, part, field)
		case m.Name == "rtnh-len": // Only the wire has a length.
		case m.Type() == nlpolicy.String:
			text, _, _ := bytes.Cut(part, []byte{0})
			o.same(field, string(text))
		case m.Type() == nlpolicy.Binary:
			o.same(field, part)
		default:
			v, _ := nlpolicy.LoadInteger(m.Type(), m.Flags, part)
			o.same(field, v)
		}
		o.at = o.at[:len(o.at)-1]
	}
}

// same compares the value of a field with what was read.
func (o *oracle) same(field reflect.Value, read any) {
	o.t.Helper()
	o.fields++
	v := optional(field)
	var ours any
	switch {
	case v.Type() == reflect.TypeFor[netip.Addr]():
		ours = v.Interface().(netip.Addr).AsSlice()
	case v.CanInt():
		ours = uint64(v.Int())
	case v.CanUint():
		ours = v.Uint()
	case v.Kind() == reflect.String:
		ours = v.String()
	case v.Kind() == reflect.Bool:
		ours = v.Bool()
	case v.Kind() == reflect.Slice:
		ours = v.Bytes()
	case v.Kind() == reflect.Array:
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		ours = b
	}
	if !reflect.DeepEqual(ours, read) {
		o.errorf("the field is %v, the other library reads %v", v, read)
	}
}

// optional returns the value in an Opt.
func optional(v reflect.Value) reflect.Value {
	if witness.IsOpt(v) {
		return v.FieldByName("V")
	}
	return v
}

func indirect(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Pointer {
		return v.Elem()
	}
	return v
}

// fieldOf returns the field of a struct that has the name of an attribute or member. Names with a digit in front have an X in Go.
func fieldOf(x reflect.Value, name string) reflect.Value {
	plain := strings.NewReplacer("-", "", "_", "").Replace(name)
	f := x.FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, plain) || strings.EqualFold(field, "x"+plain) })
	return f
}
