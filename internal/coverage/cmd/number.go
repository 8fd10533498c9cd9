package main

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// width returns the bytes of an integer type; 0 of one that has no fixed width.
func width(typ string) int {
	if typ == "" || !strings.Contains("us", typ[:1]) {
		return 0
	}
	bits, _ := strconv.Atoi(typ[1:])
	return bits / 8
}

// load reads an unsigned number.
func load(b []byte, order ir.Order) (uint64, bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	var wide [8]byte
	if order == ir.BigEndian || order == ir.Host && binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		copy(wide[8-len(b):], b)
		return binary.BigEndian.Uint64(wide[:]), true
	}
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), true
}

// text returns the value of a selector as formats have it: its text, the name of its number, or the number.
func text(selector *ir.Attr, payload []byte) string {
	if selector.Type == "string" || selector.Type == "binary" {
		s, _, _ := strings.Cut(string(payload), "\x00")
		return s
	}
	v, ok := load(payload, selector.Order)
	if !ok {
		return ""
	}
	if selector.Enum != nil {
		if i := slices.IndexFunc(selector.Enum.Entries, func(x *ir.Entry) bool { return x.Value == v }); i >= 0 {
			return selector.Enum.Entries[i].Name
		}
	}
	return strconv.FormatUint(v, 10)
}
