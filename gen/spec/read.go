package spec

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// Option changes how a spec is read.
type Option func(*reader)

// AllowUnknown makes keys and display hints that the schemas do not know warnings instead of errors, for specs that carry the
// extensions of other tools.
func AllowUnknown() Option { return func(r *reader) { r.allowUnknown = true } }

// ReadFile reads the spec in a file. Positions carry the path as given.
func ReadFile(report *diag.Report, path string, options ...Option) *Family {
	return ReadFS(report, osFS{}, path, path, options...)
}

// ReadFS reads the spec in a file of a file system. Positions carry path.
func ReadFS(report *diag.Report, fsys fs.FS, name, path string, options ...Option) *Family {
	src, err := readLimited(fsys, name)
	if err != nil {
		report.Errorf(diag.Pos{File: path}, "cannot read the spec: %v", err)
		return nil
	}
	return Read(report, path, src, options...)
}

// osFS is the file system as it is, with paths as the operating system has them.
type osFS struct{}

func (osFS) Open(path string) (fs.File, error) { return os.Open(path) }

// readLimited reads no more than one byte above the limit, so that Read can see that there is too much. Its errors do not name the
// file.
func readLimited(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	return src, withoutPath(err)
}

func withoutPath(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// Read reads a spec from memory. It keeps src, which must not change, in the report, and name in all positions.
//
// Read returns nil if src is not a YAML mapping. Otherwise it returns what it could make of it, so that later passes can find more
// mistakes; the caller asks the report whether there were errors.
func Read(report *diag.Report, name string, src []byte, options ...Option) *Family {
	family := new(Family)
	r := readObject(report, name, src, reflect.ValueOf(family).Elem(), options)
	if r == nil {
		return nil
	}
	r.check(family)
	return family
}

// readObject reads a file with one mapping into a struct. It returns nil if there is none.
func readObject(report *diag.Report, name string, src []byte, v reflect.Value, options []Option) *reader {
	if len(src) > maxSize {
		const shown = 256
		report.AddSource(name, bytes.Clone(src[:shown]))
		report.Errorf(diag.Pos{File: name, Line: 1, Col: 1}, "the file is larger than %d MiB", maxSize>>20)
		return nil
	}
	report.AddSource(name, src)
	t := newText(name, bytes.TrimPrefix(src, []byte("\ufeff")))
	if !t.checkBytes(report) {
		return nil
	}
	root := t.parse(report)
	if root == nil {
		return nil
	}
	r := &reader{report: report, text: t, budget: aliasBudget}
	for _, option := range options {
		option(r)
	}
	if !r.object(root, r.pos(root), v) {
		return nil
	}
	return r
}

// reader turns the nodes of one YAML document into a Family.
type reader struct {
	report       *diag.Report
	text         *text
	allowUnknown bool

	path    []frame    // The nodes that are being read, outermost first.
	aliases int        // How many of them were reached through an alias.
	outer   *yaml.Node // The outermost of these aliases.
	budget  int        // How much may still be read through aliases.
}

type frame struct {
	node  *yaml.Node
	alias bool
}

// aliasBudget bounds what aliases may multiply: it counts the nodes read through aliases, a mapping as mappingCost of them, which is
// about what it takes in memory, and a text as one more for each textCost bytes. The kernel's specs stay below a hundredth of it.
const (
	aliasBudget = 1 << 20
	mappingCost = 16
	textCost    = 16
)

// enter begins the reading of a node. It follows an alias, and returns false if the node must not be read; otherwise the caller calls
// leave when it is done.
func (r *reader) enter(n *yaml.Node) (*yaml.Node, bool) {
	if r.report.Full() || r.budget < 0 {
		return nil, false
	}
	next := frame{node: n}
	if n.Kind == yaml.AliasNode {
		next = frame{node: n.Alias, alias: true}
		if slices.ContainsFunc(r.path, func(f frame) bool { return f.node == n.Alias }) {
			r.report.Errorf(r.pos(n), "alias %q stands within the value that it refers to", "*"+n.Value)
			return nil, false
		}
		if r.aliases == 0 {
			r.outer = n
		}
		r.aliases++
	}
	r.path = append(r.path, next)
	if !knownTag(next.node) {
		r.report.Errorf(r.pos(next.node), "YAML tag %q does not belong here", next.node.Tag)
		r.leave()
		return nil, false
	}
	cost := 1 + len(next.node.Value)/textCost
	if next.node.Kind == yaml.MappingNode {
		cost = mappingCost
	}
	if !r.spend(cost) {
		r.leave()
		return nil, false
	}
	return next.node, true
}

func (r *reader) leave() {
	last := len(r.path) - 1
	if r.path[last].alias {
		r.aliases--
	}
	r.path = r.path[:last]
}

// spend takes cost from the budget if the current node was reached through an alias.
func (r *reader) spend(cost int) bool {
	if r.aliases == 0 {
		return true
	}
	r.budget -= cost
	if r.budget < 0 {
		r.report.Errorf(r.pos(r.outer), "the aliases of this spec stand for too much, with %q it is more than %d values",
			"*"+r.outer.Value, aliasBudget)
		return false
	}
	return true
}
