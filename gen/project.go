package gen

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// A Project is a list of families to generate.
type Project struct {
	// Output is the folder that the packages stand in, each in a folder of its own. It is empty for a single spec.
	Output  string
	Targets []*Target
	// Errata says that the errata which come with nlgen apply to the specs.
	Errata bool
	// fsys holds the specs, by the keys of the targets. It is nil for a single spec, which stands where its path says.
	fsys fs.FS
	// patches are those of nlgen.yaml, for all families.
	patches []*spec.Patch
	// partial says that there are more families than Targets, so that a package of none of them may be one of the others.
	partial bool
}

// A Target is a family to generate.
type Target struct {
	Spec    string // the path of the spec, as diagnostics show it
	Dir     string // the folder of the package; if it is empty, one of Output that is named after the package
	Options resolve.Options

	unknown bool     // keys that the schemas lack are a warning
	key     string   // the spec as nlgen.yaml has it
	pattern bool     // the spec was found by a pattern
	pos     diag.Pos // the place in nlgen.yaml that names the package; zero if there is none
}

// Single returns the project of one spec, whose package goes to the folder dir. The name of the package is made from that of the family
// if pkg is empty.
func Single(file, dir, pkg string) *Project {
	return &Project{Targets: []*Target{{Spec: file, Dir: dir, Options: resolve.Options{Package: pkg}}}}
}

// Name returns the name by which a target is selected: that of its file, without the extension.
func (t *Target) Name() string {
	base := filepath.Base(t.Spec)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// Names returns the names of the targets.
func (p *Project) Names() []string {
	var names []string
	for _, t := range p.Targets {
		names = append(names, t.Name())
	}
	return names
}

// Find returns the target of the given name, as [Target.Name] has it, or nil.
func (p *Project) Find(name string) *Target {
	for _, t := range p.Targets {
		if t.Name() == name {
			return t
		}
	}
	return nil
}

// FindFile returns the target whose spec is the file at a path, or nil.
func (p *Project) FindFile(file string) *Target {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil
	}
	for _, t := range p.Targets {
		if spec, err := filepath.Abs(t.Spec); err == nil && spec == path {
			return t
		}
	}
	return nil
}

// Select returns the project without the targets that are not named. A target is named by its spec's file, with or without folder and
// extension, or by its package if nlgen.yaml has one. It returns p itself if there are no names.
func (p *Project) Select(names []string) (*Project, error) {
	if len(names) == 0 {
		return p, nil
	}
	selected := map[*Target]bool{}
	for _, name := range names {
		found := false
		for _, t := range p.Targets {
			if name == t.Name() || name == t.Options.Package || filepath.Clean(name) == t.Spec || filepath.ToSlash(name) == t.key {
				selected[t], found = true, true
			}
		}
		if !found {
			return nil, p.unknown(name)
		}
	}
	q := &Project{Output: p.Output, Errata: p.Errata, fsys: p.fsys, patches: p.patches, partial: len(selected) < len(p.Targets)}
	q.Targets = slices.DeleteFunc(slices.Clone(p.Targets), func(t *Target) bool { return !selected[t] })
	return q, nil
}

func (p *Project) unknown(name string) error {
	if near := diag.Closest(name, p.Names()); near != "" {
		return fmt.Errorf("unknown family %q, did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown family %q, %s lists %s", name, ConfigName, strings.Join(p.Names(), ", "))
}
