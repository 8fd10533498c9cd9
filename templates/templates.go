// Package templates holds the prose of generated packages: text with holes. What
// depends on the type of something is built by package emit instead.
package templates

import (
	"embed"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

// Get returns the template of the given file. It panics if there is none: the
// files are part of nlgen.
func Get(name string) *template.Template {
	return template.Must(template.ParseFS(files, name))
}
