package spec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// scalar is what the reader needs of a *Val.
type scalar interface {
	read(r *reader, t *target, f *field, at diag.Pos, n *yaml.Node)
	spoil(at diag.Pos)
}

// spoil marks the value as refused or missing, after this was reported.
func (v *Val[T]) spoil(at diag.Pos) { *v = Val[T]{Pos: at, Bad: true} }

// read reads the value of a key of t, or one item of the list f if t is nil. The position at is that of the key or of the item.
func (v *Val[T]) read(r *reader, t *target, f *field, at diag.Pos, n *yaml.Node) {
	v.spoil(at)
	n, ok := r.enter(n)
	if !ok {
		return
	}
	defer r.leave()
	_, isText := any(v.V).(string)
	switch {
	case isNull(n) && !(isText && !f.null && isNullWord(n.Value)):
		switch {
		case t == nil:
			r.report.Errorf(at, "an item of %q is empty", f.key)
		case f.required:
			r.report.Errorf(at, "%q of %s has no value", f.key, t.noun)
		default:
			*v = Val[T]{Pos: at}
		}
		return
	case n.Kind != yaml.ScalarNode:
		r.report.Errorf(r.pos(n), "%s must be %s, not %s", f.title(t), wanted(any(v.V)), kind(n))
		return
	}
	pos := r.pos(n)
	if err := convert(any(&v.V), n, f); err != nil {
		complain := r.report.Errorf
		if r.allowUnknown && f.list == "display-hint" {
			complain = r.report.Warnf
		}
		complain(pos, "%s %v", f.title(t), err)
		v.spoil(pos)
		return
	}
	v.Pos, v.Set, v.Bad = pos, true, false
}

// title names the value of a field in a message.
func (f *field) title(t *target) string {
	if t == nil {
		return "an item of " + quote(f.key)
	}
	return quote(f.key)
}

// isNullWord reports whether a null was written as a word, which is a name in the places that want one.
func isNullWord(s string) bool { return strings.EqualFold(s, "null") }

// knownTag reports whether the tag of a node is one that YAML itself gives to nodes of this kind.
func knownTag(n *yaml.Node) bool {
	switch n.Tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge":
		return n.Kind == yaml.ScalarNode
	case "!!seq":
		return n.Kind == yaml.SequenceNode
	case "!!map":
		return n.Kind == yaml.MappingNode
	default:
		return false
	}
}

// wanted says what a value should be.
func wanted(v any) string {
	switch v.(type) {
	case bool:
		return "true or false"
	case uint64, Int:
		return "an integer"
	case Limit, Const:
		return "an integer or a text"
	default:
		return "a text"
	}
}

// convert stores the value of a scalar node in *v. The error continues a sentence that begins with the name of the key.
func convert(v any, n *yaml.Node, f *field) (err error) {
	switch v := v.(type) {
	case *string:
		*v = n.Value
		if f.words != nil {
			return checkWord(n.Value, f)
		}
		return checkText(n.Value, f)
	case *bool:
		*v, err = parseBool(n)
	case *uint64:
		var i Int
		i, err = parseInt(n)
		if *v = i.Abs; err == nil && i.Neg {
			return errors.New("must not be negative")
		}
	case *Int:
		*v, err = parseInt(n)
	case *Limit:
		*v, err = parseLimit(n, f)
	case *Const:
		if *v, err = parseConst(n); err == nil && !v.IsInt {
			err = checkText(v.Text, f)
		}
	default:
		panic(fmt.Sprintf("spec: impossible type %T of key %s", v, f.key))
	}
	return err
}

// isQuoted reports whether a scalar is a text because it was written as one.
func isQuoted(n *yaml.Node) bool {
	const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Style&quotes != 0 && n.Tag == "!!str" || n.Style&yaml.TaggedStyle != 0 && n.Tag == "!!str"
}

// parseBool takes the words of YAML 1.1, like the kernel's own reader.
func parseBool(n *yaml.Node) (bool, error) {
	if !isQuoted(n) {
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
	}
	return false, fmt.Errorf("must be true or false, not %s", quote(n.Value))
}

var (
	errNotInt = errors.New("not an integer")
	errRange  = errors.New("must fit in 64 bits")
)

func parseInt(n *yaml.Node) (Int, error) {
	if isQuoted(n) {
		return Int{}, fmt.Errorf("must be an integer, not the text %s", quote(n.Value))
	}
	i, err := intOf(n.Value)
	if errors.Is(err, errNotInt) {
		err = fmt.Errorf("must be an integer, not %s", quote(n.Value))
	}
	return i, err
}

// intOf reads a number in any form that YAML 1.1 and 1.2 know: decimal, 0x, 0b, 0o, octal with a leading 0, with underscores.
func intOf(s string) (Int, error) {
	digits := strings.TrimPrefix(s, "-")
	neg := digits != s
	if !neg {
		digits = strings.TrimPrefix(s, "+")
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return Int{}, errNotInt
	}
	abs, err := strconv.ParseUint(strings.ReplaceAll(digits, "_", ""), 0, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && neg && abs > 1<<63:
		return Int{}, errRange
	case err != nil:
		return Int{}, errNotInt
	}
	return Int{Neg: neg && abs != 0, Abs: abs}, nil
}

// parseLimit reads an integer, quoted or not, or a name, or a name less a number.
func parseLimit(n *yaml.Node, f *field) (Limit, error) {
	i, err := intOf(n.Value)
	switch {
	case err == nil:
		return Limit{IsInt: true, Int: i}, nil
	case errors.Is(err, errRange):
		return Limit{}, err
	case n.Tag == "!!float":
		return Limit{}, fmt.Errorf("must be an integer or a text, not %s", quote(n.Value))
	case n.Value == "":
		return Limit{}, errors.New("is empty")
	}
	l := Limit{Name: n.Value}
	if at := strings.LastIndex(l.Name, " - "); at > 0 {
		if less, err := intOf(l.Name[at+3:]); err == nil && !less.Neg {
			l.Name, l.Minus = strings.TrimRight(l.Name[:at], " "), less.Abs
		}
	}
	return l, checkText(l.Name, &field{name: looseName})
}

// parseConst reads an integer or a text. A number in quotes is a text.
func parseConst(n *yaml.Node) (Const, error) {
	if isQuoted(n) {
		return Const{Text: n.Value}, nil
	}
	i, err := intOf(n.Value)
	switch {
	case err == nil:
		return Const{IsInt: true, Int: i}, nil
	case errors.Is(err, errRange):
		return Const{}, err
	case n.Tag == "!!float":
		return Const{}, fmt.Errorf("must be an integer or a text, not %s", quote(n.Value))
	}
	return Const{Text: n.Value}, nil
}

// checkWord checks a text that must be one of a list.
func checkWord(s string, f *field) error {
	if slices.Contains(f.words, s) {
		return nil
	}
	hint := ""
	if near := diag.Closest(s, f.words); near != "" {
		hint = fmt.Sprintf(", did you mean %q?", near)
	}
	return fmt.Errorf("is %s, must be one of %s%s", quote(s), strings.Join(f.words, ", "), hint)
}

// maxName is the longest name. C compilers and the kernel's tools stop far earlier.
const maxName = 250

// checkText refuses what would do harm in generated files and on terminals, and for names what the schemas refuse.
func checkText(s string, f *field) error {
	if f.name != anyText {
		switch {
		case strings.TrimSpace(s) == "":
			return errors.New("is empty")
		case len(s) > maxName:
			return fmt.Errorf("is longer than %d bytes", maxName)
		}
	}
	for _, r := range s {
		switch {
		case r >= utf8.RuneSelf && f.name == strictName, r < utf8.RuneSelf && f.name == strictName && !isNameByte(byte(r)):
			return fmt.Errorf("%s holds %q, a name has letters, digits, dashes, underscores and spaces", quote(s), string(r))
		case f.name == looseName && !unicode.IsPrint(r):
			return fmt.Errorf("%s holds %q, which cannot be printed", quote(s), string(r))
		case unicode.IsControl(r) && r != '\n' && r != '\t', isHidden(r):
			return fmt.Errorf("holds the character U+%04X, which is not allowed", r)
		}
	}
	return nil
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == ' '
}

// isHidden reports whether r breaks a line where Go and editors disagree, or changes the direction of the text behind it, so that a
// reviewer would not see what is there.
func isHidden(r rune) bool {
	switch {
	case r == 0x061c, r == 0x200e, r == 0x200f, r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	default:
		return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
	}
}

// quote quotes a text of the spec for a message that is formatted in two steps.
func quote(s string) string {
	const longest = 80
	if utf8.RuneCountInString(s) > longest {
		s = string([]rune(s[:min(len(s), 4*longest)])[:longest]) + "…"
	}
	return strconv.Quote(s)
}
