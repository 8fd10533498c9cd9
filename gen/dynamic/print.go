package dynamic

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// AppendText appends a value as text for people: the members of an object one a
// line and aligned, what is inside of them indented. A text of several lines ends
// in a newline.
//
//	ifi-index: 2
//	ifname:    eth0
//	ifi-flags: up, broadcast
//	linkinfo:
//	  kind: vlan
//	  data:
//	    id: 7
func AppendText(dst []byte, v any) []byte {
	switch v := v.(type) {
	case *Object:
		return appendObject(dst, v, 0)
	case []any:
		return appendList(dst, v, 0)
	}
	return append(append(dst, inline(v)...), '\n')
}

const indent = "  "

// inline returns a value on one line. The second result is false for those that
// need several.
func inline(v any) string {
	s, _ := oneLine(v)
	return s
}

func oneLine(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "-", true
	case bool:
		if v {
			return "yes", true
		}
		return "no", true
	case json.Number:
		return v.String(), true
	case string:
		return quoted(v), true
	case *Object:
		return "{}", len(v.Keys) == 0
	case []any:
		if len(v) == 0 {
			return "[]", true
		}
		words := make([]string, len(v))
		for i, x := range v {
			s, ok := oneLine(x)
			if _, list := x.([]any); !ok || list {
				return "", false
			}
			words[i] = s
		}
		return strings.Join(words, ", "), true
	}
	return "", false
}

// quoted returns a text as it is, or in quotes where it could be taken for
// something else.
func quoted(s string) string {
	plain := s != "" && s == strings.TrimSpace(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == '"' || r == ',' || r == utf8.RuneError || r == 0x7f
	})
	if plain {
		return s
	}
	return string(appendText(nil, s))
}

func appendObject(dst []byte, o *Object, depth int) []byte {
	width := 0
	for i, key := range o.Keys {
		if _, ok := oneLine(o.Values[i]); ok {
			width = max(width, utf8.RuneCountInString(key))
		}
	}
	for i, key := range o.Keys {
		dst = append(dst, strings.Repeat(indent, depth)...)
		dst = append(dst, key...)
		dst = append(dst, ':')
		if s, ok := oneLine(o.Values[i]); ok {
			dst = append(dst, strings.Repeat(" ", width-utf8.RuneCountInString(key)+1)...)
			dst = append(dst, s...)
			dst = append(dst, '\n')
			continue
		}
		dst = append(dst, '\n')
		if inner, ok := o.Values[i].(*Object); ok {
			dst = appendObject(dst, inner, depth+1)
		} else if list, ok := o.Values[i].([]any); ok {
			dst = appendList(dst, list, depth+1)
		}
	}
	return dst
}

// appendList writes each entry behind a dash.
func appendList(dst []byte, list []any, depth int) []byte {
	for _, v := range list {
		start := len(dst)
		switch v := v.(type) {
		case *Object:
			if len(v.Keys) > 0 {
				dst = appendObject(dst, v, depth+1)
			}
		case []any:
			dst = appendList(dst, v, depth+1)
		}
		if len(dst) == start {
			dst = append(dst, strings.Repeat(indent, depth+1)...)
			dst = append(dst, inline(v)...)
			dst = append(dst, '\n')
		}
		dst[start+len(indent)*depth] = '-'
	}
	return dst
}
