package nljson

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// width returns the bytes that an integer of the given kind takes. Uint and Sint
// take four if the value fits, else eight.
func width(k nlpolicy.Kind, v uint64) int {
	switch {
	case k == nlpolicy.Uint && v <= math.MaxUint32, k == nlpolicy.Sint && int64(v) == int64(int32(v)):
		return 4
	case k == nlpolicy.Uint || k == nlpolicy.Sint:
		return 8
	}
	return k.Width()
}

// putInteger stores the low bytes of v in b, in the byte order that the flags
// name, and returns the n bytes it took.
func putInteger(b []byte, n int, f nlpolicy.Flags, v uint64) []byte {
	order := f.Order()
	switch n {
	case 1:
		b[0] = byte(v)
	case 2:
		order.PutUint16(b, uint16(v))
	case 4:
		order.PutUint32(b, uint32(v))
	case 8:
		order.PutUint64(b, v)
	}
	return b[:n]
}

// integer returns the value of an integer: a number, the same as text, the name
// of a value or the names of bits, or the text that its hint stands for.
func integer(n *node, k nlpolicy.Kind, f nlpolicy.Flags, h nlpolicy.Hint, e *nlpolicy.Enum) (uint64, error) {
	if flagged(e, f) && (n.sort == isArray || n.sort == isText) {
		size := k.Width()
		if size == 0 {
			size = 8
		}
		return bitsOf(n, e, size)
	}
	text := n.text
	switch n.sort {
	case isNumber:
	case isText:
		if v, ok := e.ValueOf(text); ok {
			return v, fits(n, k, v, k.Signed() && int64(v) < 0)
		}
		if v, ok := hinted(text, h, k); ok {
			return v, nil
		}
		if s, ok := strings.CutPrefix(text, "Unknown("); ok {
			text = strings.TrimSuffix(s, ")")
		}
	default:
		return 0, n.want(sortNames[isNumber])
	}
	v, negative, err := number(text)
	switch {
	case err == nil:
		return v, fits(n, k, v, negative)
	case errors.Is(err, strconv.ErrRange):
		return 0, n.fail(ErrRange)
	case e != nil && n.sort == isText:
		return 0, n.fail(fmt.Errorf("%q is no value of %s", text, e.Name))
	}
	return 0, n.fail(fmt.Errorf("%q is no integer", text))
}

// number reads decimal digits, or hex digits behind 0x, with or without a sign.
func number(s string) (v uint64, negative bool, err error) {
	s, negative = strings.CutPrefix(s, "-")
	base := 10
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s, base = s[2:], 16
	}
	if v, err = strconv.ParseUint(s, base, 64); negative {
		if v > 1<<63 {
			return 0, true, strconv.ErrRange
		}
		v = -v
	}
	return v, negative && v != 0, err
}

// fits checks that the value is in the range of its kind.
func fits(n *node, k nlpolicy.Kind, v uint64, negative bool) error {
	bits := 8 * k.Width()
	if bits == 0 {
		bits = 64
	}
	ok := true
	switch {
	case k.Signed() && negative:
		ok = int64(v) >= -1<<(bits-1)
	case k.Signed():
		ok = v <= 1<<(bits-1)-1
	case negative:
		ok = false
	case bits < 64:
		ok = v < 1<<bits
	}
	if !ok {
		return n.fail(ErrRange)
	}
	return nil
}

// hinted returns the number that an IPv4 address stands for.
func hinted(s string, h nlpolicy.Hint, k nlpolicy.Kind) (uint64, bool) {
	if h != nlpolicy.IPv4 && h != nlpolicy.IPv4OrV6 || k != nlpolicy.U32 {
		return 0, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	return uint64(binary.BigEndian.Uint32(b[:])), true
}

// bitsOf returns the bits that a list of names and numbers stands for, or a
// single one of them.
func bitsOf(n *node, e *nlpolicy.Enum, size int) (uint64, error) {
	var all uint64
	list := []node{*n}
	if n.sort == isArray {
		list = n.list
	}
	for i := range list {
		v, err := bitOf(&list[i], e)
		if err == nil && size < 8 && v>>(8*size) != 0 {
			err = list[i].fail(ErrRange)
		}
		if err != nil {
			if n.sort == isArray {
				err = within(step(i), err)
			}
			return 0, err
		}
		all |= v
	}
	return all, nil
}

// bitOf returns the bits of one name or number.
func bitOf(n *node, e *nlpolicy.Enum) (uint64, error) {
	if n.sort != isText && n.sort != isNumber {
		return 0, n.want("a name or a number")
	}
	if n.sort == isText {
		if v, ok := e.ValueOf(n.text); ok {
			return mask(e, v), nil
		}
	}
	v, negative, err := number(n.text)
	switch {
	case err != nil && n.sort == isText && e != nil:
		return 0, n.fail(fmt.Errorf("%q is no value of %s", n.text, e.Name))
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, n.fail(fmt.Errorf("%q is no integer", n.text))
	case err != nil || negative:
		return 0, n.fail(ErrRange)
	}
	return v, nil
}

// unhex returns the bytes that hex digits stand for, or the text of a hint.
// Blanks do not count; null stands for no bytes.
func unhex(n *node, h nlpolicy.Hint) ([]byte, error) {
	if n.sort == isNull {
		return nil, nil
	}
	if n.sort != isText {
		return nil, n.want("hex digits")
	}
	s := n.text
	between := ""
	switch h {
	case nlpolicy.IPv4, nlpolicy.IPv6, nlpolicy.IPv4OrV6:
		if strings.ContainsAny(s, ".:") {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return nil, n.fail(fmt.Errorf("%q is no address", s))
			}
			return a.AsSlice(), nil
		}
	case nlpolicy.MAC:
		between = ":-"
	case nlpolicy.UUID:
		between = "-"
	}
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || strings.ContainsRune(between, r) {
			return -1
		}
		return r
	}, s)
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, n.fail(fmt.Errorf("%q are no hex digits", n.text))
	}
	return b, nil
}

// putStruct stores the members of an object in b.
func putStruct(b []byte, s *nlpolicy.Struct, n *node, depth int) error {
	if n.sort != isObject {
		return n.want(sortNames[isObject])
	}
	for i, key := range n.keys {
		if s.Array != nil && key == s.Array.Name {
			continue
		}
		m := member(s, key)
		if m == nil {
			return within(key, n.list[i].fail(fmt.Errorf("%w in %s", ErrUnknown, s.Name)))
		}
		if err := putMember(memberOf(b, s, m), m, &n.list[i], depth); err != nil {
			return within(key, err)
		}
	}
	return nil
}

// memberOf returns the bytes of a member of the struct that is in b; nothing if
// that is too short.
func memberOf(b []byte, s *nlpolicy.Struct, m *nlpolicy.Member) []byte {
	at := s.Offset(m)
	if at < 0 || m.Size < 0 || at+m.Size > len(b) {
		return nil
	}
	return b[at : at+m.Size]
}

// putMember stores one member of a struct in its bytes.
func putMember(b []byte, m *nlpolicy.Member, n *node, depth int) error {
	if len(b) != m.Size || depth > nlattr.MaxDepth {
		return n.fail(nlattr.ErrLength)
	}
	clear(b) // a key that comes twice counts the second time
	if n.sort == isNull {
		return nil
	}
	switch {
	case m.Struct != nil && n.sort == isObject:
		return putStruct(b, m.Struct, n, depth+1)
	case m.Type().Integer():
		v, err := integer(n, m.Type(), m.Flags, m.Hint, m.Enum)
		if err != nil {
			return err
		}
		if w := m.Type().Width(); w == 0 || w > len(b) {
			return n.fail(nlattr.ErrLength)
		}
		putInteger(b, m.Type().Width(), m.Flags, v)
		return nil
	case m.Type() == nlpolicy.String:
		if n.sort != isText {
			return n.want(sortNames[isText])
		}
		if len(n.text) > len(b) {
			return n.fail(nlattr.ErrLength)
		}
		copy(b, n.text)
		return nil
	}
	v, err := unhex(n, m.Hint)
	if err != nil {
		return err
	}
	if len(v) > len(b) {
		return n.fail(nlattr.ErrLength)
	}
	copy(b, v)
	return nil
}
