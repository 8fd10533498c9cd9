package nljson

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

const hexDigits = "0123456789abcdef"

// appendText appends a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c >= utf8.RuneSelf:
			dst = append(dst, "\ufffd"...)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i += n
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// appendHex appends bytes as a string of hex digits.
func appendHex(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = hex.AppendEncode(dst, b)
	return append(dst, '"')
}

// appendSpaced appends bytes as a string of pairs of hex digits.
func appendSpaced(dst, b []byte, between byte) []byte {
	dst = append(dst, '"')
	for i, c := range b {
		if i > 0 {
			dst = append(dst, between)
		}
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, '"')
}

// appendBytes appends bytes as the hint has them, or as hex digits if they do
// not fit the hint.
func appendBytes(dst []byte, h nlpolicy.Hint, b []byte) []byte {
	switch h {
	case nlpolicy.Hex:
		return appendSpaced(dst, b, ' ')
	case nlpolicy.MAC:
		return appendSpaced(dst, b, ':')
	case nlpolicy.IPv4, nlpolicy.IPv6, nlpolicy.IPv4OrV6:
		if a, ok := netip.AddrFromSlice(b); ok {
			dst = append(dst, '"')
			dst = a.AppendTo(dst)
			return append(dst, '"')
		}
	case nlpolicy.UUID:
		if len(b) == 16 {
			dst = append(dst, '"')
			for i, c := range b {
				if i == 4 || i == 6 || i == 8 || i == 10 {
					dst = append(dst, '-')
				}
				dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
			}
			return append(dst, '"')
		}
	}
	return appendHex(dst, b)
}

// appendHexNumber appends a number as a string in hex.
func appendHexNumber(dst []byte, signed bool, v uint64) []byte {
	dst = append(dst, '"')
	if signed && int64(v) < 0 {
		dst = append(dst, '-')
		v = -v
	}
	dst = append(dst, "0x"...)
	dst = strconv.AppendUint(dst, v, 16)
	return append(dst, '"')
}
