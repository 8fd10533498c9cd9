package resolve_test

import (
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// FuzzTree resolves trees that are made of the fuzzer's bytes: every key is there or not, with one of a few values, so that most
// references lead somewhere and most keys stand where they do not belong.
func FuzzTree(f *testing.F) {
	f.Add([]byte("seed"))
	f.Add([]byte{0xff, 0x80, 0x01, 0x7f, 0x33, 0x55, 0xaa, 0x10, 0x20, 0x40, 0x99, 0xc1, 0x07})
	f.Fuzz(func(t *testing.T, src []byte) {
		g := &grower{src: src}
		s := new(spec.Family)
		g.grow(reflect.ValueOf(s).Elem())
		var report diag.Report
		family := resolve.Family(&report, s, resolve.Options{})
		if family != nil {
			checkFamily(t, family)
		}
	})
}

// grower makes a tree of bytes, read over and over with a change in each round.
type grower struct {
	src   []byte
	at    int
	nodes int
}

func (g *grower) pick(n int) int {
	if len(g.src) == 0 || n <= 1 {
		return 0
	}
	b := int(g.src[g.at%len(g.src)]) + 31*(g.at/len(g.src))
	g.at++
	return b % n
}

var (
	someNames = []string{"a", "b", "c", "d-e", "x1", "id", "a b"}
	someWords = map[string][]string{
		"Protocol":    {"genetlink", "genetlink-legacy", "netlink-raw"},
		"Scope":       {"uapi", "kernel"},
		"ByteOrder":   {"big-endian", "little-endian"},
		"DisplayHint": {"hex", "mac", "ipv4", "ipv6", "uuid"},
		"EnumModel":   {"unified", "directional"},
		"Doc":         {"text", "//go:x", "*/"},
	}
	attrTypes = []string{
		"unused", "pad", "flag", "binary", "bitfield32", "uint", "sint", "u8", "u16", "u32", "u64", "s8", "s64", "string", "nest",
		"indexed-array", "nest-type-value", "sub-message",
	}
	memberTypes     = []string{"u8", "u16", "u32", "u64", "s32", "string", "binary", "pad"}
	definitionTypes = []string{"const", "enum", "flags", "struct"}
)

func (g *grower) word(field string, owner reflect.Type) string {
	words := someWords[field]
	switch {
	case field == "SubType":
		words = attrTypes
	case field == "Type" && owner == reflect.TypeFor[spec.Attribute]():
		words = attrTypes
	case field == "Type" && owner == reflect.TypeFor[spec.Member]():
		words = memberTypes
	case field == "Type":
		words = definitionTypes
	case words == nil:
		words = someNames
	}
	return words[g.pick(len(words))]
}

// grow fills v, a struct of the tree.
func (g *grower) grow(v reflect.Value) {
	g.nodes++
	for i := range v.NumField() {
		field := v.Type().Field(i)
		must := field.Name == "Name" || field.Name == "Type" && v.Type() != reflect.TypeFor[spec.Attribute]() || field.Name == "Operations"
		if field.Name == "Pos" || !must && g.pick(3) == 0 {
			continue
		}
		g.value(v.Field(i), field.Name, v.Type())
	}
}

func (g *grower) value(v reflect.Value, name string, owner reflect.Type) {
	pos := diag.Pos{File: "t.yaml", Line: 1 + g.at, Col: 1}
	switch p := v.Addr().Interface().(type) {
	case *spec.Val[string]:
		*p = spec.Val[string]{V: g.word(name, owner), Pos: pos, Set: true}
	case *spec.Val[bool]:
		*p = spec.Val[bool]{V: g.pick(2) == 1, Pos: pos, Set: true}
	case *spec.Val[uint64]:
		*p = spec.Val[uint64]{V: uint64(g.pick(20)), Pos: pos, Set: true}
	case *spec.Val[spec.Int]:
		*p = spec.Val[spec.Int]{V: spec.IntOf(int64(g.pick(70) - 2)), Pos: pos, Set: true}
	case *spec.Val[spec.Limit]:
		*p = spec.Val[spec.Limit]{V: spec.Limit{IsInt: g.pick(2) == 1, Int: spec.IntOf(int64(g.pick(20))), Name: g.word("", owner)}, Pos: pos, Set: true}
	case *spec.Val[spec.Const]:
		*p = spec.Val[spec.Const]{V: spec.Const{IsInt: g.pick(4) > 0, Int: spec.IntOf(int64(g.pick(20)))}, Pos: pos, Set: true}
	default:
		switch v.Kind() {
		case reflect.Slice:
			for range g.pick(5) {
				if g.nodes > 300 {
					break
				}
				elem := reflect.New(v.Type().Elem()).Elem()
				g.value(elem, name, owner)
				v.Set(reflect.Append(v, elem))
			}
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			g.grow(v.Elem())
		}
	}
}
