package dynamic

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// showBytes returns bytes as the hint has them, or as hex digits if they do not
// fit the hint.
func showBytes(h ir.Hint, b []byte) string {
	switch h {
	case ir.Hex:
		return spaced(b, " ")
	case ir.MAC:
		return spaced(b, ":")
	case ir.IPv4, ir.IPv6, ir.IPv4OrV6:
		if a, ok := netip.AddrFromSlice(b); ok {
			return a.String()
		}
	case ir.UUID:
		if len(b) == 16 {
			s := hex.EncodeToString(b)
			return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
		}
	}
	return hex.EncodeToString(b)
}

// spaced returns hex digits with something between the bytes.
func spaced(b []byte, between string) string {
	var s strings.Builder
	for i := range b {
		if i > 0 {
			s.WriteString(between)
		}
		s.WriteString(hex.EncodeToString(b[i : i+1]))
	}
	return s.String()
}

// readBytes returns the bytes that hex digits stand for, or the text of a hint.
// Blanks do not count; null stands for no bytes.
func readBytes(h ir.Hint, v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, wrongf("got %s, want hex digits", sortOf(v))
	}
	between := " \t\n"
	switch h {
	case ir.IPv4, ir.IPv6, ir.IPv4OrV6:
		if strings.ContainsAny(s, ".:") {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return nil, wrongf("%q is no address", s)
			}
			return a.AsSlice(), nil
		}
	case ir.MAC:
		between += ":-"
	case ir.UUID:
		between += "-"
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(between, r) {
			return -1
		}
		return r
	}, s)
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, wrongf("%q are no hex digits", s)
	}
	return b, nil
}

// untilNul returns the text in front of the first NUL byte, or all of it.
func untilNul(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
