// Package specs holds the YAML specs of this project, so that the command knows
// families by their names wherever it runs. It knows nothing of what is in them.
package specs

import (
	"embed"
	"strings"
)

// FS holds the specs, and the errata of those that the kernel publishes.
//
//go:embed *.yaml
var FS embed.FS

// errata is the file that is no spec.
const errata = "errata.yaml"

// Names returns the names of the families, in alphabetical order. Each spec is
// named after its family.
func Names() []string {
	entries, err := FS.ReadDir(".")
	if err != nil {
		panic("specs: " + err.Error()) // The files are part of the program.
	}
	var names []string
	for _, e := range entries {
		if e.Name() != errata {
			names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
		}
	}
	return names
}

// Get returns the spec of a family, and false if there is none.
func Get(family string) ([]byte, bool) {
	name := family + ".yaml"
	src, err := FS.ReadFile(name)
	return src, err == nil && name != errata
}
