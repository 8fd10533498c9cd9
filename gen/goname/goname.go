// Package goname turns names of specs into Go names. It knows the words of a name and nothing of specs: which declaration gets which
// prefix or suffix, and whether two of them collide, is decided by package resolve.
package goname

import (
	"go/token"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLen is the length in bytes up to which a name of a spec is accepted.
const MaxLen = 128

// Problem says what is wrong with a name of a spec, or is empty if a Go name can be made from it. Letters, digits, dashes,
// underscores and blanks are accepted in any order, as long as there is a letter or a digit among them.
func Problem(name string) string {
	if name == "" {
		return "is empty"
	}
	if len(name) > MaxLen {
		return "is too long"
	}
	solid := false
	for _, r := range name {
		switch {
		case isLetter(r), isDigit(r):
			solid = true
		case !isSeparator(r):
			return "has a character that names cannot have"
		}
	}
	if !solid {
		return "has neither a letter nor a digit"
	}
	return ""
}

func isLetter(r rune) bool    { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
func isDigit(r rune) bool     { return '0' <= r && r <= '9' }
func isSeparator(r rune) bool { return r == '-' || r == '_' || r == ' ' }

// Words splits a name at dashes, underscores and blanks.
func Words(name string) []string { return strings.FieldsFunc(name, isSeparator) }

// Camel joins the words of a name, each with a capital: `port-get` becomes PortGet. The word `id` becomes ID; it is the only one
// written in capitals throughout. Capitals of the spec stay. The result may start with a digit.
func Camel(name string) string {
	var b strings.Builder
	for _, w := range Words(name) {
		if strings.EqualFold(w, "id") {
			b.WriteString("ID")
			continue
		}
		b.WriteString(strings.ToUpper(w[:1]))
		b.WriteString(w[1:])
	}
	return b.String()
}

// Exported makes an exported Go identifier of a camel-case name: one that starts with a digit gets an X in front.
func Exported(camel string) string {
	if camel != "" && isDigit(rune(camel[0])) {
		return "X" + camel
	}
	return camel
}

// Unexported makes an unexported Go identifier of a camel-case name: MaxErrno becomes maxErrno, and IDMax idMax.
func Unexported(camel string) string {
	switch {
	case camel == "":
		return ""
	case isDigit(rune(camel[0])):
		return "x" + camel
	case strings.HasPrefix(camel, "ID") && !(len(camel) > 2 && 'a' <= camel[2] && camel[2] <= 'z'):
		return "id" + camel[2:]
	default:
		return strings.ToLower(camel[:1]) + camel[1:]
	}
}

// Package makes a Go package name of the name of a family: its letters and digits in lower case, so `rt-link` becomes rtlink. It is
// empty if that would be no package name: if it would start with a digit or be a word of the language.
func Package(family string) string {
	s := strings.ToLower(strings.Join(Words(family), ""))
	if !IsPackage(s) {
		return ""
	}
	return s
}

// IsPackage reports whether a name can be that of a generated package: lower-case letters and digits, a letter first, no word that
// the language keeps for itself, and none that the go command treats specially.
func IsPackage(s string) bool {
	if s == "" || len(s) > MaxLen || !('a' <= s[0] && s[0] <= 'z') {
		return false
	}
	for _, r := range s {
		if !isDigit(r) && !('a' <= r && r <= 'z') {
			return false
		}
	}
	return !token.IsKeyword(s) && !slices.Contains(special, s)
}

// special are the names that make a package no library: package main is a program, files of package documentation and folders testdata
// and vendor are passed over, and what is in a folder internal cannot be imported from elsewhere. Nothing can be called init.
var special = []string{"documentation", "init", "internal", "main", "testdata", "vendor"}

// IsExported reports whether s is an exported Go identifier of ASCII letters, digits and underscores.
func IsExported(s string) bool {
	if s == "" || len(s) > MaxLen || !('A' <= s[0] && s[0] <= 'Z') {
		return false
	}
	for _, r := range s {
		if !isLetter(r) && !isDigit(r) && r != '_' {
			return false
		}
	}
	return true
}

// Clean makes a name of a text that may hold any character, such as the value of a selector: what no name can have separates words.
// It is empty if no letter and no digit is left.
func Clean(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (isLetter(r) || isDigit(r)) {
			return r
		}
		return '-'
	}, text)
	return strings.Join(Words(clean), "-")
}

// Base returns a camel-case name without the first of some endings that it has, each being a word of its own: LinkAttrs becomes Link.
func Base(camel string, endings ...string) string {
	for _, ending := range endings {
		if base, ok := strings.CutSuffix(camel, ending); ok {
			return base
		}
	}
	return camel
}
