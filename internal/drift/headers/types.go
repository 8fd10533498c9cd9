package headers

import (
	"debug/dwarf"
	"go/constant"
	"go/token"
	gotypes "go/types"
	"regexp"
)

// Types are the constants and structs of a kernel.
type Types struct {
	Of      string // for people: where they are from
	Release []int  // of the kernel
	// Partial says that there may be more in the kernel's source.
	Partial bool

	constants map[string]constantOf
	structs   map[string]*dwarf.StructType
}

// A constantOf is a number with a name in C.
type constantOf struct {
	value int64
	enum  *dwarf.EnumType // that it is an entry of; nil for a macro
}

func newTypes() *Types {
	return &Types{constants: map[string]constantOf{}, structs: map[string]*dwarf.StructType{}}
}

// add takes an enum or a struct.
func (t *Types) add(typ dwarf.Type) {
	switch typ := typ.(type) {
	case *dwarf.EnumType:
		for _, v := range typ.Val {
			t.constants[v.Name] = constantOf{v.Val, typ}
		}
	case *dwarf.StructType:
		if typ.Kind == "struct" && !typ.Incomplete {
			t.structs[typ.StructName] = typ
		}
	}
}

func readDWARF(data *dwarf.Data) (*Types, error) {
	t := newTypes()
	r := data.Reader()
	for {
		entry, err := r.Next()
		if err != nil || entry == nil {
			return t, err
		}
		if entry.Tag != dwarf.TagEnumerationType && entry.Tag != dwarf.TagStructType {
			continue
		}
		typ, err := data.Type(entry.Offset)
		if err != nil {
			return nil, err
		}
		t.add(typ)
	}
}

var identifier = regexp.MustCompile(`\b[A-Za-z_]\w*\b`)

// eval returns the value of a C expression, and false if it has a name that is not there. What expressions are made of means the same in
// Go.
func (t *Types) eval(expression string) (int64, bool) {
	scope := gotypes.NewPackage("c", "c")
	for _, name := range identifier.FindAllString(expression, -1) {
		k, ok := t.constants[name]
		if !ok {
			return 0, false
		}
		scope.Scope().Insert(gotypes.NewConst(token.NoPos, scope, name, gotypes.Typ[gotypes.UntypedInt], constant.MakeInt64(k.value)))
	}
	v, err := gotypes.Eval(token.NewFileSet(), scope, token.NoPos, expression)
	if err != nil || v.Value == nil {
		return 0, false
	}
	return constant.Int64Val(v.Value)
}
