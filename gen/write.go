package gen

import "github.com/nlgen/nlgen/gen/output"

// Plan compares the packages of a project with what is on disk and returns what has to change, ordered by path. Files in the project's
// output folder that nlgen wrote for families which are not in the project any more are orphaned. It is an error if a file that
// nlgen did not write stands in the way. Nothing is written; [output.Apply] does that.
func (p *Project) Plan(packages []*Package) ([]output.Change, error) {
	var folders []output.Folder
	for _, pkg := range packages {
		folders = append(folders, output.Folder{Dir: pkg.Dir, Files: pkg.Files})
	}
	root := p.Output
	if p.partial {
		root = "" // What no target of p has may be that of a family which was not selected.
	}
	return output.Plan(folders, root)
}
