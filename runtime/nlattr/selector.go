package nlattr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSelector reports a sub-message whose form is not the one that its selector
// chooses.
var ErrSelector = errors.New("sub-message and selector disagree")

// separator stands between the values of a selector that choose the same form.
const separator = ", "

// Select records an error if the value of a selector is none of those that choose the
// form of a sub-message which is about to be written as the attribute typ. The value
// is empty if the selector is absent; no wanted one goes with all. Several are
// separated by a comma and a blank.
func (e *Encoder) Select(typ uint16, selector, value, wanted string) {
	for rest := wanted; rest != ""; {
		var w string
		if w, rest, _ = strings.Cut(rest, separator); w == value {
			return
		}
	}
	switch {
	case wanted == "":
	case value == "":
		e.Fail(typ, fmt.Errorf("%w: content for %s needs %s to be set", ErrSelector, wanted, selector))
	default:
		e.Fail(typ, fmt.Errorf("%w: content for %s does not go with %s %q", ErrSelector, wanted, selector, value))
	}
}

// Selector returns the value of a selector that follows from the form of a
// sub-message, which is about to be written as the attribute typ. Where several
// choose that form it is an error; where none does, there is no value.
func (e *Encoder) Selector(typ uint16, selector, wanted string) Opt[string] {
	if strings.Contains(wanted, separator) {
		e.Fail(typ, fmt.Errorf("%w: set %s: the content fits %s", ErrSelector, selector, wanted))
		return Opt[string]{}
	}
	return Opt[string]{V: wanted, OK: wanted != ""}
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
