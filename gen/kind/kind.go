// Package kind knows the attribute types of the spec language: one file for each
// of them, registered under its name in specs. Everything about a type is in its
// file: which keys it reads, the Go type of a value, the statements that encode
// and decode it, its part of the policy table, and a sample value for tests.
//
// A kind only sees a value that is present. Whether an attribute may be absent,
// or occur many times, is its ir.Presence, which package emit handles for all
// kinds alike.
//
// The package serves resolve and emit. It knows nothing of YAML, files and
// declarations.
package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// Import paths of the packages that generated code uses.
const (
	Nlattr   = "github.com/nlgen/nlgen/runtime/nlattr"
	Nlpolicy = "github.com/nlgen/nlgen/runtime/nlpolicy"
)

// A Kind is one attribute type.
type Kind interface {
	// Reads returns the keys that mean something for the attribute, beside its
	// name, type, value, doc and multi-attr.
	Reads(a *ir.Attr) Keys
	// Check reports what is missing or impossible.
	Check(a *ir.Attr, r *diag.Report)
	// Presence says how a field holds one value that may be absent.
	Presence(a *ir.Attr) ir.Presence
	// Type returns the Go type of a present value.
	Type(a *ir.Attr) *jen.Statement
	// ByRef says that a value is encoded and decoded where it stands, by methods
	// of its own, rather than copied.
	ByRef(a *ir.Attr) bool
	// Put returns the statements that append v to the encoder e as an attribute
	// with the number typ.
	Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code
	// Take returns the statements that read the decoder's current attribute
	// into dst.
	Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code
	// Row returns what the attribute's policy has beyond the keys that are the
	// same for all kinds.
	Row(a *ir.Attr) Row
	// Sample returns a value for tests, another one for every attribute, and a
	// pointer to it where ByRef says so. It keeps within the limits of requests.
	Sample(a *ir.Attr, s Samples) *jen.Statement
}

// Keys is a set of keys of an attribute.
type Keys uint16

// The keys.
const (
	KeyByteOrder Keys = 1 << iota
	KeySubType
	KeyNested
	KeyEnum // and enum-as-flags
	KeyStruct
	KeySubMessage // and selector
	KeyTypeValue
	KeyHint
	KeyRange  // min, max and flags-mask of checks
	KeyLength // min-len, max-len and exact-len of checks
	KeyUnterminated
)

// Dest is where a value that was read goes.
type Dest struct {
	// Set returns the statement that stores a value.
	Set func(v *jen.Statement) jen.Code
	// Place returns the statements that make room for a zero value of the given
	// type, and the expression that the value is then reached by.
	Place func(typ *jen.Statement) ([]jen.Code, *jen.Statement)
	// Opt is the field, an Opt whose absent value the decoder can set. It is nil
	// if the value goes anywhere else.
	Opt *jen.Statement
	// Misfit stands for a payload that does not fit the Go type.
	Misfit jen.Code
	// Undo takes back the room that Place made at the end of a slice. It is nil
	// if the field is no slice.
	Undo jen.Code
}

// Row is the part of a policy row that depends on the kind.
type Row struct {
	Kind   string // name of the constant in nlpolicy
	Elem   string // likewise; empty if there are no elements
	Nested *ir.Set
	Struct *ir.Struct
	Sub    *ir.SubMessage
	Levels []string
	Record *ir.Record
}

// Samples returns expressions for sample values that have declarations of their
// own.
type Samples interface {
	// Set returns a pointer to the type of a set.
	Set(set *ir.Set) *jen.Statement
	// Struct returns a pointer to the type of a struct.
	Struct(s *ir.Struct) *jen.Statement
	// Record returns a pointer to the type of a record.
	Record(a *ir.Attr) *jen.Statement
	// Sub returns a value of the interface of a sub-message.
	Sub(a *ir.Attr) *jen.Statement
}

// optional is a kind for which the runtime looks whether a field has a value.
type optional interface {
	// PutOpt returns the statement that appends the field v as an attribute with
	// the number typ if it has a value, or nil if this form of the kind has none.
	PutOpt(a *ir.Attr, typ, v *jen.Statement, s *Scope) *jen.Statement
}

// PutOpt returns the one statement that appends a field if it has a value, or nil
// if it takes more than one.
func PutOpt(a *ir.Attr, typ, v *jen.Statement, s *Scope) *jen.Statement {
	if k, ok := Of(a).(optional); ok && !Many(a) {
		return k.PutOpt(a, typ, v, s)
	}
	return nil
}

var kinds = map[string]Kind{}

func register(name string, k Kind) {
	if kinds[name] != nil {
		panic("kind: registered twice: " + name)
	}
	kinds[name] = k
}

// Of returns the kind of an attribute. Its type is one of the spec language.
func Of(a *ir.Attr) Kind {
	k := kinds[a.Type]
	if k == nil {
		panic("kind: no such attribute type: " + a.Type)
	}
	return k
}

// Known reports whether the spec language has an attribute type of this name.
func Known(name string) bool { return kinds[name] != nil }

// Presence says how a field holds the attribute: the presence of its kind, or a
// slice if it may occur many times. What has no value stays what it is.
func Presence(a *ir.Attr) ir.Presence {
	p := Of(a).Presence(a)
	if a.Multi && p != ir.Never && p != ir.Bool {
		return ir.Slice
	}
	return p
}

// Many reports whether the field holds a slice because the attribute may occur
// many times, and not because its value is one.
func Many(a *ir.Attr) bool { return a.Multi && a.Presence == ir.Slice }

// Check reports keys of the attribute that are missing, impossible or without
// meaning for its type.
func Check(a *ir.Attr, r *diag.Report) {
	k := Of(a)
	reads := k.Reads(a)
	for _, key := range []struct {
		key  Keys
		name string
		set  bool
	}{
		{KeyByteOrder, "byte-order", a.Order != ir.Host},
		{KeySubType, "sub-type", a.Elem != ""},
		{KeyNested, "nested-attributes", a.Nested != nil && a.Record == nil},
		{KeyEnum, "enum", a.Enum != nil},
		{KeyStruct, "struct", a.Struct != nil},
		{KeySubMessage, "sub-message", a.Sub != nil},
		{KeyTypeValue, "type-value", len(a.Levels) > 0},
		{KeyHint, "display-hint", a.Hint != ir.NoHint},
		{KeyRange, "check of a range or mask", a.Checks != nil && (a.Checks.Min != nil || a.Checks.Max != nil || a.Checks.Mask != nil)},
		{KeyLength, "check of a length", a.Checks != nil && (a.Checks.MinLen != nil || a.Checks.MaxLen != nil || a.Checks.ExactLen != nil)},
		{KeyUnterminated, "unterminated-ok", a.Checks != nil && a.Checks.Unterminated},
	} {
		if key.set && reads&key.key == 0 {
			r.Warnf(a.Pos, "attribute %q: %s means nothing for type %s", a.Name, key.name, a.Type)
		}
	}
	k.Check(a, r)
}

// element returns the attribute that an entry of an array is: the array's own
// keys with its sub-type as the type.
func element(a *ir.Attr) *ir.Attr {
	e := *a
	e.Type, e.Elem, e.Multi, e.Levels = a.Elem, "", false, nil
	e.Presence = Of(&e).Presence(&e)
	return &e
}

// plain is embedded by kinds whose values are copied and have nothing to check.
type plain struct{}

func (plain) Check(*ir.Attr, *diag.Report) {}
func (plain) ByRef(*ir.Attr) bool          { return false }
func (plain) Reads(*ir.Attr) Keys          { return 0 }

// call returns recv.method(args...).
func call(recv, method string, args ...jen.Code) *jen.Statement {
	return jen.Id(recv).Dot(method).Call(args...)
}

// one makes a list of one statement.
func one(c jen.Code) []jen.Code { return []jen.Code{c} }

// unknown is &x.Unknown, where a nest is kept that cannot be read.
func unknown() *jen.Statement { return jen.Op("&").Id("x").Dot("Unknown") }

// takeOpt stores what a method of the decoder returns: x.F = d.OptUint32(), or what
// Set makes of d.Uint32().
func takeOpt(dst Dest, method string) []jen.Code {
	if dst.Opt != nil {
		return one(dst.Opt.Clone().Op("=").Add(call("d", "Opt"+method)))
	}
	return one(dst.Set(call("d", method)))
}

// Keep is d.Keep(&x.Unknown): an attribute that no field can hold stays as it came.
func Keep() *jen.Statement { return call("d", "Keep", unknown()) }
