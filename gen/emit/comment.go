package emit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
)

// commentWidth is where lines of comments are broken, indentation included.
const commentWidth = 100

// doc returns the lines of a doc comment: the intro, which starts with the name
// that is documented, and what the spec says. With nothing from the spec the
// intro alone is a sentence.
func doc(intro, text string) []jen.Code { return comments(docLines(intro, text)) }

// row adds what the spec says to a row of a block or to a field: behind it if it is
// short, else in lines above it.
func row(d *jen.Statement, text string) []jen.Code {
	if brief, whole := note(text); whole {
		return []jen.Code{lineComment(d, brief)}
	}
	// NB: the indentation counts as much as a tab is wide.
	above := comments(wrap(sentence(upper(strings.Join(split(text), " "))), commentWidth-len("// ")-8))
	return append(above, d)
}

func comments(lines []string) []jen.Code {
	var list []jen.Code
	for _, l := range lines {
		list = append(list, jen.Comment(l))
	}
	return list
}

// docLines is doc as lines, each with its slashes.
func docLines(intro, text string) []string {
	paragraphs := split(text)
	switch {
	case len(paragraphs) == 0:
		paragraphs = []string{intro + "."}
	default:
		paragraphs[0] = intro + ": " + sentence(lower(paragraphs[0]))
	}
	var lines []string
	for i, p := range paragraphs {
		if i > 0 {
			lines = append(lines, "//")
			p = sentence(p)
		}
		lines = append(lines, wrap(p, commentWidth-len("// "))...)
	}
	return lines
}

// wrap breaks a text of words and single blanks into lines of a comment.
func wrap(text string, width int) []string {
	var lines []string
	var line strings.Builder
	n := 0
	for word := range strings.FieldsSeq(text) {
		l := utf8.RuneCountInString(word)
		if n > 0 && n+1+l > width {
			lines = append(lines, "// "+line.String())
			line.Reset()
			n = 0
		}
		if n > 0 {
			line.WriteByte(' ')
			n++
		}
		line.WriteString(word)
		n += l
	}
	if n > 0 {
		lines = append(lines, "// "+line.String())
	}
	return lines
}

// split returns the paragraphs of a text, which blank lines separate, each with
// single blanks between its words.
func split(text string) []string {
	var list []string
	var words []string
	flush := func() {
		if len(words) > 0 {
			list = append(list, strings.Join(words, " "))
			words = nil
		}
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		fields := strings.Fields(clean(line))
		if len(fields) == 0 {
			flush()
		}
		words = append(words, fields...)
	}
	flush()
	return list
}

// clean makes the text of a spec fit for a comment: characters that do not print,
// that break lines or that change the direction of a line become blanks, and
// nothing looks like a build constraint.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	return strings.ReplaceAll(text, "+build", "+ build")
}

// sentence ends a text with a full stop, unless it ends with another mark.
func sentence(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?:;") {
		return text
	}
	return text + "."
}

// proper lists words that keep their capital anywhere.
var proper = map[string]bool{"Linux": true, "Ethernet": true, "Bluetooth": true, "Internet": true, "Deprecated": true, "I": true}

// lower makes the first word of a text fit for the middle of a sentence: it
// writes it in lower case, unless it is a name or an abbreviation.
func lower(text string) string {
	word, _, _ := strings.Cut(text, " ")
	word = strings.TrimRight(word, ",.:;")
	first, size := utf8.DecodeRuneInString(word)
	if !unicode.IsUpper(first) || proper[word] || len(word) == 1 && word != "A" {
		return text
	}
	for _, r := range word[size:] {
		if !unicode.IsLower(r) && r != '-' {
			return text
		}
	}
	return string(unicode.ToLower(first)) + text[size:]
}

// upper makes the first word of a text fit for the start of a sentence, unless it is
// a name with other characters than letters.
func upper(text string) string {
	word, _, _ := strings.Cut(text, " ")
	for _, r := range strings.TrimRight(word, ",.:;") {
		if !unicode.IsLower(r) {
			return text
		}
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// noteLen is the length of the longest comment that stands behind a field.
const noteLen = 60

// note returns the comment behind a field: the first sentence of what the spec
// says, or its beginning, if that is short, and whether this is all that the spec
// says.
func note(text string) (brief string, whole bool) {
	paragraphs := split(text)
	if len(paragraphs) == 0 {
		return "", true
	}
	all := strings.Join(paragraphs, " ")
	first := strings.TrimSuffix(firstSentence(paragraphs[0]), ".")
	whole = first == strings.TrimSuffix(all, ".")
	for _, end := range []string{"; ", " ("} {
		if i := strings.Index(first, end); i > 0 && utf8.RuneCountInString(first) > noteLen {
			first, whole = first[:i], false
		}
	}
	if utf8.RuneCountInString(first) > noteLen {
		return "", false
	}
	return lower(first), whole
}

// lineComment puts a note behind a field.
func lineComment(field *jen.Statement, note string) *jen.Statement {
	if note == "" {
		return field
	}
	return field.Comment("// " + note)
}
