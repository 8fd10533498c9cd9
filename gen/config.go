package gen

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// ConfigName is the name of the file that lists the families of a repository.
const ConfigName = "nlgen.yaml"

// version is the version of nlgen.yaml that is known here.
const version = 1

// Open reads an nlgen.yaml and returns the project that it describes. The paths in it are relative to its folder and stay within. Open
// returns nil if there is an error in the report then.
func Open(report *diag.Report, name string) *Project {
	dir, base := filepath.Split(name)
	return openFS(report, os.DirFS(filepath.Clean(dir)), filepath.Clean(dir), base)
}

// openFS reads the nlgen.yaml of the given name in a file system, which stands in the folder dir.
func openFS(report *diag.Report, fsys fs.FS, dir, name string) *Project {
	config := spec.ReadConfigFS(report, fsys, name, filepath.Join(dir, name))
	if config == nil {
		return nil
	}
	l := &loader{report: report, dir: dir, fsys: fsys, named: map[string]*Target{}, matched: map[string]bool{}}
	l.head(config)
	for _, f := range config.Families {
		l.family(f)
	}
	if report.HasErrors() {
		return nil
	}
	p := &Project{Output: filepath.Join(l.dir, filepath.FromSlash(l.output)), Errata: config.Errata.V, fsys: fsys, patches: config.Patches}
	for _, t := range l.targets {
		if !t.pattern || l.named[t.key] == nil {
			p.Targets = append(p.Targets, t)
		}
	}
	return p
}

// loader turns the tree of an nlgen.yaml into targets.
type loader struct {
	report  *diag.Report
	dir     string // the folder of nlgen.yaml
	fsys    fs.FS  // dir
	output  string // relative to dir
	targets []*Target
	named   map[string]*Target // the specs that have an entry of their own
	matched map[string]bool    // the specs that a pattern matched
}

// head checks what is said once.
func (l *loader) head(config *spec.Config) {
	if v := config.Version; v.Set && v.V != version {
		l.report.Errorf(v.Pos, `"version" is %d, this nlgen knows version %d`, v.V, version)
	}
	if config.Output.Set && l.local("output", config.Output) {
		l.output = config.Output.V
	}
	if len(config.Families) == 0 {
		l.report.Errorf(config.Pos, `"families" lists no family`)
	}
}

// local checks that a path stays within the folder of nlgen.yaml.
func (l *loader) local(key string, v spec.Val[string]) bool {
	switch {
	case strings.Contains(v.V, `\`):
		l.report.Errorf(v.Pos, `%q is %q: folders are separated by "/"`, key, v.V)
	case !filepath.IsLocal(filepath.FromSlash(v.V)):
		l.report.Errorf(v.Pos, "%q is %q, which is outside of the folder of %s", key, v.V, ConfigName)
	default:
		return true
	}
	return false
}

// family adds the targets of one entry: one for a spec, any number for a pattern.
func (l *loader) family(f *spec.FamilyOptions) {
	if !f.Spec.Set || !l.local("spec", f.Spec) {
		return
	}
	options := l.options(f)
	if strings.ContainsAny(f.Spec.V, "*?[") {
		l.pattern(f)
		return
	}
	key := path.Clean(f.Spec.V)
	if first := l.named[key]; first != nil {
		l.report.Errorf(f.Spec.Pos, "spec %q is listed twice", f.Spec.V).See(first.pos, "first listed here")
		return
	}
	switch info, err := fs.Stat(l.fsys, key); {
	case errors.Is(err, fs.ErrNotExist):
		l.report.Errorf(f.Spec.Pos, "spec %q does not exist", f.Spec.V)
		return
	case err == nil && info.IsDir():
		l.report.Errorf(f.Spec.Pos, "spec %q is a folder; its specs are %q", f.Spec.V, key+"/*.yaml")
		return
	}
	t := l.add(key, f)
	t.Options = options
	l.named[key] = t
}

// pattern adds the specs that match a pattern and have no entry of their own.
func (l *loader) pattern(f *spec.FamilyOptions) {
	for _, v := range []struct {
		key string
		set bool
	}{{"package", f.Package.Set}, {"strip", f.Strip != nil}, {"names", f.Names != nil}, {"records", f.Records != nil}, {"replies", f.Replies != nil},
		{"arrays", f.Arrays != nil}, {"single", f.Single != nil}, {"net-byteorder", f.NetByteorder.Set}, {"errors", f.Errors.Set}} {
		if v.set {
			l.report.Errorf(f.Spec.Pos, "%q goes with one spec, and %q is a pattern", v.key, f.Spec.V)
		}
	}
	names, err := fs.Glob(l.fsys, path.Clean(f.Spec.V))
	if err != nil {
		l.report.Errorf(f.Spec.Pos, "%q is no pattern: %v", f.Spec.V, err)
		return
	}
	if len(names) == 0 {
		l.report.Errorf(f.Spec.Pos, "no file matches %q", f.Spec.V)
	}
	for _, name := range names {
		if !l.matched[name] {
			l.matched[name] = true
			l.add(name, f).pattern = true
		}
	}
}

func (l *loader) add(key string, f *spec.FamilyOptions) *Target {
	t := &Target{Spec: filepath.Join(l.dir, filepath.FromSlash(key)), key: key, pos: f.Spec.Pos, unknown: f.UnknownKeys.V}
	if f.Package.Set {
		t.pos = f.Package.Pos
	}
	l.targets = append(l.targets, t)
	return t
}

// options turns the choices of an entry into those of package resolve.
func (l *loader) options(f *spec.FamilyOptions) resolve.Options {
	if f.Package.Set && !goname.IsPackage(f.Package.V) {
		l.report.Errorf(f.Package.Pos, "%q is no name for a package: those have lower-case letters and digits, a letter first, and mean nothing else to Go", f.Package.V)
	}
	options := resolve.Options{Package: f.Package.V, NetByteorder: f.NetByteorder.V, Errors: resolve.Errors{Enum: f.Errors.V, Pos: f.Errors.Pos}}
	for _, s := range f.Strip {
		if s.Set {
			options.Strip = append(options.Strip, resolve.Strip{Prefix: s.V, Pos: s.Pos})
		}
	}
	for _, n := range f.Names {
		if n.Path.Set && n.Go.Set {
			options.Names = append(options.Names, resolve.Rename{Path: n.Path.V, Go: n.Go.V, Pos: n.Path.Pos})
		}
	}
	for _, s := range f.Single {
		if s.Set {
			options.Single = append(options.Single, resolve.Single{Operation: s.V, Pos: s.Pos})
		}
	}
	for _, r := range f.Records {
		if r.Set.Set && r.Attribute.Set && r.Struct.Set && r.Attributes.Set && r.Go.Set {
			options.Records = append(options.Records, resolve.Record{Set: r.Set.V, Attribute: r.Attribute.V, Struct: r.Struct.V,
				Length: r.Length.V, Attributes: r.Attributes.V, Go: r.Go.V, Pos: r.Attribute.Pos})
		}
	}
	for _, r := range f.Replies {
		if r.Operation.Set {
			options.Replies = append(options.Replies, resolve.Reply{Operation: r.Operation.V, FixedHeader: r.FixedHeader.V,
				AttributeSet: r.AttributeSet.V, Pos: r.Operation.Pos})
		}
	}
	for _, a := range f.Arrays {
		if a.Struct.Set && a.Member.Set {
			options.Arrays = append(options.Arrays, resolve.Array{Struct: a.Struct.V, Member: a.Member.V, Count: a.Count.V, Pos: a.Member.Pos})
		}
	}
	return options
}
