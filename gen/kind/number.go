package kind

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// What integer, auto and packed arrays have in common.

// name appends a number of bits.
func name(prefix string, bits int) string { return prefix + strconv.Itoa(bits) }

// goInt is the Go type uint8 to int64.
func goInt(bits int, signed bool) string {
	if signed {
		return name("int", bits)
	}
	return name("uint", bits)
}

// upper is U8 to S64, the constants of nlpolicy.
func upper(bits int, signed bool) string {
	if signed {
		return name("S", bits)
	}
	return name("U", bits)
}

// Suffix is the end of the methods and functions that read and write an order.
func Suffix(o ir.Order) string {
	switch o {
	case ir.BigEndian:
		return "BE"
	case ir.LittleEndian:
		return "LE"
	}
	return ""
}

// enumTyped says that the value has the Go type of its enum. An enum of numbers
// that an attribute uses as bits has no type for these.
func enumTyped(a *ir.Attr) bool { return a.Enum != nil && (a.Enum.Flags || !a.EnumFlags) }

// onWire converts v to the integer on the wire, where v is of an enum's type.
func onWire(a *ir.Attr, bits int, signed bool, typ, v *jen.Statement) *jen.Statement {
	switch wire := goInt(bits, signed); {
	case !enumTyped(a):
		return v
	case a.Enum.Bits > bits:
		return jen.Qual(Nlattr, "Fit").Types(jen.Id(wire)).Call(jen.Id("e"), typ, v)
	default:
		return jen.Id(wire).Call(v)
	}
}

// optInteger appends an integer that may be absent, with the method for plain ones
// or the function for enums. An enum that is wider than the integer on the wire
// takes more than a statement.
func optInteger(a *ir.Attr, bits int, method, enum string, typ, v *jen.Statement) *jen.Statement {
	switch {
	case !enumTyped(a):
		return call("e", "Opt"+method, typ, v)
	case a.Enum.Bits > bits:
		return nil
	}
	return jen.Qual(Nlattr, "OptEnum"+enum).Call(jen.Id("e"), typ, v)
}

// inGo converts an integer from the wire to the type of the enum, if there is
// one.
func inGo(a *ir.Attr, v *jen.Statement) *jen.Statement {
	if enumTyped(a) {
		return jen.Id(a.Enum.Go).Call(v)
	}
	return v
}

// nlattr.NamedSelector(x.Type)    with an enum
// nlattr.NumberSelector(x.Type)
func numberText(a *ir.Attr, opt *jen.Statement) *jen.Statement {
	if enumTyped(a) {
		return jen.Qual(Nlattr, "NamedSelector").Call(opt)
	}
	return jen.Qual(Nlattr, "NumberSelector").Call(opt)
}

// nlattr.ParseSelector(text, ParsePortType)    with an enum
// nlattr.ParseNumberSelector[uint8](text)
func numberFromText(a *ir.Attr, goType string, text *jen.Statement) *jen.Statement {
	if enumTyped(a) {
		return jen.Qual(Nlattr, "ParseSelector").Call(text, jen.Id("Parse"+a.Enum.Go))
	}
	return jen.Qual(Nlattr, "ParseNumberSelector").Types(jen.Id(goType)).Call(text)
}

// chooseNumber is the constant of the enum with the given name, or else the
// number itself.
func chooseNumber(a *ir.Attr, text string) (*jen.Statement, bool) {
	if enumTyped(a) {
		for _, e := range a.Enum.Entries {
			if e.Name == text {
				return jen.Id(e.Go), true
			}
		}
	}
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		return number(v), true
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return signedNumber(v), true
	}
	return nil, false
}

// number is an untyped constant. Jennifer's own literals above an int have a
// type.
func number(v uint64) *jen.Statement { return jen.Id(strconv.FormatUint(v, 10)) }

// signedNumber is number for values that may be negative.
func signedNumber(v int64) *jen.Statement { return jen.Id(strconv.FormatInt(v, 10)) }
