package nlattr

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrSelector reports a sub-message whose form is not the one that its selector
// chooses.
var ErrSelector = errors.New("sub-message and selector disagree")

// Select records an error if the value of a selector is none of those that choose a
// sub-message of the Go type content, which is about to be written as the attribute
// typ. The value is empty if the selector is absent.
func (e *Encoder) Select(typ uint16, content, selector, value string, wanted ...string) {
	for _, w := range wanted {
		if w == value {
			return
		}
	}
	if value == "" {
		e.Fail(typ, fmt.Errorf("%w: %s needs %s to be set", ErrSelector, content, selector))
		return
	}
	e.Fail(typ, fmt.Errorf("%w: %s does not go with %s %q", ErrSelector, content, selector, value))
}

// Ambiguous records that a sub-message does not tell the value of its selector,
// since several fit it.
func (e *Encoder) Ambiguous(typ uint16, content, selector, values string) {
	e.Fail(typ, fmt.Errorf("%w: set %s: %s fits %s", ErrSelector, selector, content, values))
}

// NamedSelector returns the text that chooses a format where the selector is an
// enum: the name of its value. It is empty if the selector is absent.
func NamedSelector[T fmt.Stringer](o Opt[T]) string {
	if !o.OK {
		return ""
	}
	return o.V.String()
}

// ParseSelector returns the value of a selector that is an enum, given the text
// that chooses a format.
func ParseSelector[T any](text Opt[string], parse func(string) (T, error)) Opt[T] {
	v, err := parse(text.V)
	return Opt[T]{V: v, OK: text.OK && err == nil}
}

// NumberSelector returns the text that chooses a format where the selector is a
// number: its decimal digits. It is empty if the selector is absent.
func NumberSelector[T Integer](o Opt[T]) string {
	switch {
	case !o.OK:
		return ""
	case o.V < 0:
		return strconv.FormatInt(int64(o.V), 10)
	default:
		return strconv.FormatUint(uint64(o.V), 10)
	}
}

// ParseNumberSelector returns the value of a selector that is a number, given the
// text that chooses a format.
func ParseNumberSelector[T Integer](text Opt[string]) Opt[T] {
	if u, err := strconv.ParseUint(text.V, 10, 64); err == nil && uint64(T(u)) == u {
		return Opt[T]{V: T(u), OK: text.OK}
	}
	i, err := strconv.ParseInt(text.V, 10, 64)
	return Opt[T]{V: T(i), OK: text.OK && err == nil && int64(T(i)) == i}
}
