package headers

import (
	"debug/dwarf"
	"fmt"
	"strings"
)

// A place is something in a struct: a member, a member of a member, or an element of an array.
type place struct {
	name   string // of the innermost member that has a name, with the index of an element
	offset int64
	size   int64
	typ    string // the name of the integer's type, such as __be32, empty if it is no integer
	signed bool
	leaf   bool // not made of other places
}

// places returns all places in a struct.
func places(s *dwarf.StructType) []place { return appendPlaces(nil, "", "", 0, s) }

func appendPlaces(list []place, name, typ string, offset int64, t dwarf.Type) []place {
	p := place{name: name, offset: offset, size: t.Size()}
	switch t := t.(type) {
	case *dwarf.TypedefType:
		if typ == "" || strings.HasPrefix(t.Name, "__be") || strings.HasPrefix(t.Name, "__le") {
			typ = t.Name
		}
		return appendPlaces(list, name, typ, offset, t.Type)
	case *dwarf.QualType:
		return appendPlaces(list, name, typ, offset, t.Type)
	case *dwarf.StructType:
		if name != "" {
			list = append(list, p)
		}
		for _, f := range t.Field {
			inner := f.Name
			if inner == "" {
				inner = name
			}
			list = appendPlaces(list, inner, "", offset+f.ByteOffset, f.Type)
		}
		return list
	case *dwarf.ArrayType:
		// Bytes, and arrays of any length, count as one.
		p.size, p.leaf = max(p.size, 0), t.Count <= 0 || t.Type.Size() == 1
		list = append(list, p)
		for i := int64(0); !p.leaf && i < t.Count; i++ {
			list = appendPlaces(list, fmt.Sprintf("%s%d", name, i), typ, offset+i*t.Type.Size(), t.Type)
		}
		return list
	case *dwarf.IntType, *dwarf.CharType:
		p.signed = true
	}
	if typ == "" {
		typ = t.Common().Name
	}
	p.typ, p.leaf = typ, true
	return append(list, p)
}
