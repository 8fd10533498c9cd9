package nlpolicy

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Text returns the name of a value, or its decimal digits if it has none. For
// flags it returns the names of the bits that are set, lowest first, and unknown
// bits as one hexadecimal number: "up|broadcast|0x8000"; "0" if none is set.
//
// Nothing is allocated for a value that has a name.
func (e *Enum) Text(v uint64) string {
	if name, ok := e.NameOf(v); ok {
		return name
	}
	if !e.Flags || v == 0 {
		return strconv.FormatUint(v, 10)
	}
	var s strings.Builder
	rest := v
	for b := v; b != 0; b &= b - 1 {
		bit := uint64(1) << bits.TrailingZeros64(b)
		if name, ok := e.NameOf(bit); ok {
			if s.Len() > 0 {
				s.WriteByte('|')
			}
			s.WriteString(name)
			rest &^= bit
		}
	}
	if rest != 0 {
		if s.Len() > 0 {
			s.WriteByte('|')
		}
		s.WriteString("0x")
		s.WriteString(strconv.FormatUint(rest, 16))
	}
	return s.String()
}

// SignedText is [Enum.Text] for enums whose Go type has a sign.
func (e *Enum) SignedText(v int64) string {
	if name, ok := e.NameOf(uint64(v)); ok || v >= 0 {
		if ok {
			return name
		}
		return e.Text(uint64(v))
	}
	return strconv.FormatInt(v, 10)
}

// Integer is any integer type of a fixed width, such as those of enums.
type Integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int8 | ~int16 | ~int32 | ~int64
}

// ParseEnum returns the value of an enum's Go type that [Enum.Text] or
// [Enum.SignedText] printed.
func ParseEnum[T Integer](e *Enum, text string) (T, error) {
	size := binary.Size(T(0)) * 8
	if T(0)-1 < 0 && !e.Flags {
		v, err := e.ParseSigned(text, size)
		return T(v), err
	}
	v, err := e.Parse(text, size)
	return T(v), err
}

// UnmarshalEnum stores the value that [Enum.Text] or [Enum.SignedText] printed. After
// an error v is zero.
func UnmarshalEnum[T Integer](e *Enum, text []byte, v *T) (err error) {
	*v, err = ParseEnum[T](e, string(text))
	return err
}

// Parse returns the value that [Enum.Text] printed: a name, or a number in
// decimal, or in hexadecimal, octal or binary with the prefix that Go gives them.
// For flags several of them may be joined by "|". The value must fit an unsigned
// integer of the given number of bits.
func (e *Enum) Parse(text string, size int) (uint64, error) {
	if !e.Flags {
		return e.parse(text, size)
	}
	var all uint64
	for word := range strings.SplitSeq(text, "|") {
		v, err := e.parse(word, size)
		if err != nil {
			return 0, err
		}
		all |= v
	}
	return all, nil
}

func (e *Enum) parse(text string, size int) (uint64, error) {
	v, ok := e.ValueOf(text)
	if !ok {
		var err error
		if v, err = strconv.ParseUint(text, 0, 64); err != nil {
			return 0, e.unknown(text)
		}
	}
	if size < 64 && v>>size != 0 {
		return 0, fmt.Errorf("%s: %q exceeds %d bits", e.Name, text, size)
	}
	return v, nil
}

// ParseSigned is [Enum.Parse] for enums whose Go type has a sign. They hold no
// flags.
func (e *Enum) ParseSigned(text string, size int) (int64, error) {
	u, ok := e.ValueOf(text)
	v := int64(u)
	if !ok {
		var err error
		if v, err = strconv.ParseInt(text, 0, 64); err != nil {
			return 0, e.unknown(text)
		}
	}
	if shift := 64 - size; v<<shift>>shift != v {
		return 0, fmt.Errorf("%s: %q exceeds %d bits", e.Name, text, size)
	}
	return v, nil
}

func (e *Enum) unknown(text string) error {
	return fmt.Errorf("%s: %q is neither one of its names nor a number", e.Name, text)
}
