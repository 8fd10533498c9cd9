package headers

import (
	"bytes"
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"os"

	"github.com/nlgen/nlgen/internal/drift"
)

// Running returns the types of the running kernel. The error is [os.ErrNotExist] if it tells none (CONFIG_DEBUG_INFO_BTF).
func Running() (*Types, error) {
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		return nil, err
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	t, err := readBTF(data)
	if err != nil {
		return nil, err
	}
	version := bytes.TrimSpace(release)
	t.Of, t.Release, t.Partial = "types of "+string(version), drift.Version(string(version))[:2], true
	return t, nil
}

// The kinds of BTF types (BTF_KIND_INT and so on in linux/btf.h) that are looked at.
const (
	kindInt, kindPtr, kindArray, kindStruct, kindUnion, kindEnum         = 1, 2, 3, 4, 5, 6
	kindTypedef, kindVolatile, kindConst, kindRestrict, kindTag, kindE64 = 8, 9, 10, 11, 18, 19
)

// extra are the bytes behind struct btf_type: for the type, and for each of its parts. Functions, variables, sections and tags are passed
// over.
var extra = map[uint32][2]int{
	kindInt: {4, 0}, kindArray: {12, 0}, kindStruct: {0, 12}, kindUnion: {0, 12}, kindEnum: {0, 8}, kindE64: {0, 12},
	13: {0, 8}, 14: {4, 0}, 15: {0, 12}, 17: {4, 0},
}

// A btfType is a struct btf_type with what stands behind it.
type btfType struct {
	Name, Info, Size uint32 // Size is the number of another type in some kinds
	rest             []byte
}

func (t *btfType) kind() uint32 { return t.Info >> 24 & 0x1f }
func (t *btfType) parts() int   { return int(t.Info & 0xffff) }

// word returns a number of what stands behind the type.
func (t *btfType) word(i int) uint32 { return binary.NativeEndian.Uint32(t.rest[4*i:]) }

// A btf makes types as package dwarf has them.
type btf struct {
	types   []btfType // number 0 is void
	strings []byte
	made    map[uint32]dwarf.Type
}

var errBTF = errors.New("the types of the kernel are not as linux/btf.h says")

// readBTF reads a struct btf_header, the types and the strings.
func readBTF(data []byte) (*Types, error) {
	var h struct {
		Magic                                 uint16
		Version, Flags                        uint8
		Length, TypeOff, TypeLen, Off, StrLen uint32
	}
	if _, err := binary.Decode(data, binary.NativeEndian, &h); err != nil || h.Magic != 0xeb9f {
		return nil, errBTF
	}
	section := func(offset, length uint32) ([]byte, bool) {
		start := uint64(h.Length) + uint64(offset)
		if end := start + uint64(length); end <= uint64(len(data)) {
			return data[start:end], true
		}
		return nil, false
	}
	list, ok := section(h.TypeOff, h.TypeLen)
	text, ok2 := section(h.Off, h.StrLen)
	if !ok || !ok2 {
		return nil, errBTF
	}
	b := &btf{types: make([]btfType, 1), strings: text, made: map[uint32]dwarf.Type{}}
	for len(list) > 0 {
		var t btfType
		n := 12
		if len(list) < n {
			return nil, errBTF
		}
		t.Name, t.Info, t.Size = binary.NativeEndian.Uint32(list), binary.NativeEndian.Uint32(list[4:]), binary.NativeEndian.Uint32(list[8:])
		n += extra[t.kind()][0] + extra[t.kind()][1]*t.parts()
		if len(list) < n {
			return nil, errBTF
		}
		t.rest, list = list[12:n], list[n:]
		b.types = append(b.types, t)
	}
	types := newTypes()
	for i := range b.types {
		switch b.types[i].kind() {
		case kindStruct, kindEnum, kindE64:
			types.add(b.typ(uint32(i)))
		}
	}
	return types, nil
}

func (b *btf) name(offset uint32) string {
	if int(offset) >= len(b.strings) {
		return ""
	}
	name, _, _ := bytes.Cut(b.strings[offset:], []byte{0})
	return string(name)
}

// typ returns the type of a number. It is entered before what it refers to, since structs refer to themselves.
func (b *btf) typ(number uint32) dwarf.Type {
	if made := b.made[number]; made != nil {
		return made
	}
	if int(number) >= len(b.types) {
		return &dwarf.VoidType{}
	}
	t := &b.types[number]
	common := dwarf.CommonType{ByteSize: int64(t.Size), Name: b.name(t.Name)}
	switch t.kind() {
	case kindInt:
		basic := dwarf.BasicType{CommonType: common}
		if t.word(0)>>24&1 != 0 { // BTF_INT_SIGNED
			b.made[number] = &dwarf.IntType{BasicType: basic}
		} else {
			b.made[number] = &dwarf.UintType{BasicType: basic}
		}
	case kindPtr:
		b.made[number] = &dwarf.PtrType{CommonType: dwarf.CommonType{ByteSize: 8}}
	case kindArray:
		element := b.typ(t.word(0))
		b.made[number] = &dwarf.ArrayType{Type: element, Count: int64(t.word(2)), CommonType: dwarf.CommonType{ByteSize: element.Size() * int64(t.word(2))}}
	case kindStruct, kindUnion:
		b.structure(number, t, common)
	case kindEnum, kindE64:
		b.made[number] = b.enum(t, common)
	case kindTypedef:
		b.made[number] = &dwarf.TypedefType{CommonType: dwarf.CommonType{Name: common.Name}, Type: b.typ(t.Size)}
	case kindVolatile, kindConst, kindRestrict, kindTag:
		b.made[number] = &dwarf.QualType{Type: b.typ(t.Size)}
	default:
		b.made[number] = &dwarf.VoidType{}
	}
	return b.made[number]
}

func (b *btf) structure(number uint32, t *btfType, common dwarf.CommonType) {
	s := &dwarf.StructType{CommonType: common, StructName: common.Name, Kind: "struct"}
	if t.kind() == kindUnion {
		s.Kind = "union"
	}
	b.made[number] = s
	for i := range t.parts() {
		bit := t.word(3*i + 2)
		if t.Info>>31 != 0 {
			bit &= 0xffffff // The size of a bit field stands above.
		}
		s.Field = append(s.Field, &dwarf.StructField{Name: b.name(t.word(3 * i)), Type: b.typ(t.word(3*i + 1)), ByteOffset: int64(bit / 8)})
	}
}

func (b *btf) enum(t *btfType, common dwarf.CommonType) *dwarf.EnumType {
	e := &dwarf.EnumType{CommonType: common, EnumName: common.Name}
	words := len(t.rest) / 4 / max(t.parts(), 1)
	for i := range t.parts() {
		v := &dwarf.EnumValue{Name: b.name(t.word(words * i)), Val: int64(int32(t.word(words*i + 1)))}
		if words == 3 {
			v.Val = int64(uint64(t.word(3*i+1)) | uint64(t.word(3*i+2))<<32)
		}
		e.Val = append(e.Val, v)
	}
	return e
}
