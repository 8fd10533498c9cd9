package emit_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/emit"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// TestWrongKinds puts every kind of YAML value into every place of a spec, in place of the value and of the key. What comes out is a
// diagnostic that shows a place, or a package that the compiler takes.
//
// The places are those of the golden cases, which have every key of the language; one of each sort is enough. Those of an attribute, a
// member or a definition are of another sort for each of its types.
func TestWrongKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("tries some ten thousand specs, skipped by -short")
	}
	c := &checker{fset: token.NewFileSet(), sound: map[string]bool{}}
	c.imports = importer.ForCompiler(c.fset, "gc", exports(t))
	sorts := map[string]bool{}
	for _, src := range goldenSpecs(t) {
		var doc yaml.Node
		if err := yaml.Unmarshal(src, &doc); err != nil {
			t.Fatal(err)
		}
		places(doc.Content[0], "", func(p place) {
			if sorts[p.sort] {
				return
			}
			sorts[p.sort] = true
			p.each(doc.Content[0], func(kind string) {
				text, err := yaml.Marshal(&doc)
				if err != nil {
					return // There is no such YAML: an alias of what would stand behind it.
				}
				c.check(t, p.sort+": "+kind, text)
			})
		})
	}
	t.Logf("%d sorts of places, %d specs, %d refused, %d different packages", len(sorts), c.tried, c.refused, len(c.sound))
	if len(sorts) < 150 || c.refused < 1000 || len(c.sound) < 500 {
		t.Error("this is less than there should be")
	}
}

// goldenSpecs returns the specs of the golden cases from which a package is made without nlgen.yaml.
func goldenSpecs(t *testing.T) [][]byte {
	t.Helper()
	files, err := filepath.Glob("../testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden cases", err)
	}
	var specs [][]byte
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if f := archive.Files[0]; f.Name == "spec.yaml" && !strings.Contains(file, "/error-") {
			specs = append(specs, f.Data)
		}
	}
	return specs
}

// A place is where a value stands: in a mapping behind a key, or in a list.
type place struct {
	sort  string
	in    *yaml.Node
	index int // of the value in the content of in
}

// places visits every place below a node.
func places(n *yaml.Node, sort string, visit func(place)) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "type" {
				sort += "=" + n.Content[i+1].Value
			}
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			inner := sort + "/" + n.Content[i].Value
			visit(place{inner, n, i + 1})
			places(n.Content[i+1], inner, visit)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			visit(place{sort + "[]", n, i})
			places(item, sort+"[]", visit)
		}
	}
}

// each changes a place in every way, and calls try for each.
func (p place) each(root *yaml.Node, try func(kind string)) {
	was, content := p.in.Content[p.index], p.in.Content
	for _, kind := range yamlKinds {
		p.in.Content[p.index] = kind.node(root, was)
		try(kind.name)
	}
	p.in.Content[p.index] = was
	root.Anchor, root.Content[1].Anchor = "", ""
	first := p.index
	if p.in.Kind == yaml.MappingNode {
		first--
		key := p.in.Content[first]
		for _, kind := range yamlKinds {
			p.in.Content[first] = kind.node(root, key)
			try("key that is " + kind.name)
		}
		p.in.Content[first] = key
		root.Anchor, root.Content[1].Anchor = "", ""
	}
	p.in.Content = append(content[:first:first], content[p.index+1:]...)
	try("nothing at all")
	p.in.Content = append(content[:p.index+1:p.index+1], content[first:]...)
	try("the same twice")
	p.in.Content = content
}

// A yamlKind is a kind of YAML value. The node of one may depend on what it stands for.
type yamlKind struct {
	name string
	node func(root, was *yaml.Node) *yaml.Node
}

func scalar(name, tag, value string) yamlKind {
	return yamlKind{name, func(*yaml.Node, *yaml.Node) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
	}}
}

func flow(name, text string) yamlKind {
	return yamlKind{name, func(*yaml.Node, *yaml.Node) *yaml.Node {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			panic("test: impossible YAML: " + err.Error())
		}
		return doc.Content[0]
	}}
}

func tagged(name, tag string) yamlKind {
	return yamlKind{name, func(_, was *yaml.Node) *yaml.Node {
		n := *was
		n.Tag, n.Style = tag, yaml.TaggedStyle
		return &n
	}}
}

// alias makes an alias of a node of the spec.
func alias(name string, of func(root *yaml.Node) *yaml.Node) yamlKind {
	return yamlKind{name, func(root, _ *yaml.Node) *yaml.Node {
		to := of(root)
		to.Anchor = "anchor"
		return &yaml.Node{Kind: yaml.AliasNode, Value: "anchor", Alias: to}
	}}
}

func merge(name string, value yamlKind) yamlKind {
	return yamlKind{name, func(root, was *yaml.Node) *yaml.Node {
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!merge", Value: "<<"}
		return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, value.node(root, was)}}
	}}
}

var (
	aliasOfText = alias("an alias of a text", func(root *yaml.Node) *yaml.Node { return root.Content[1] })
	aliasOfAll  = alias("an alias of everything", func(root *yaml.Node) *yaml.Node { return root })
	same        = yamlKind{"the same", func(_, was *yaml.Node) *yaml.Node { return was }}

	yamlKinds = []yamlKind{
		scalar("a word", "!!str", "word"), scalar("an empty text", "!!str", ""), scalar("a text with a colon", "!!str", "a: b"),
		scalar("lines", "!!str", "a\n\nb\n"), scalar("a long text", "!!str", strings.Repeat("x", 300)), scalar("a path", "!!str", "../x"),
		scalar("a word of Go", "!!str", "func"), scalar("a control character", "!!str", "a\x1bb"), scalar("a null in quotes", "!!str", "null"),
		scalar("0", "!!int", "0"), scalar("7", "!!int", "7"), scalar("-1", "!!int", "-1"), scalar("a hex number", "!!int", "0xfff"),
		scalar("a large number", "!!int", "18446744073709551615"), scalar("a larger number", "!!int", "99999999999999999999"),
		scalar("a fraction", "!!float", "1.5"), scalar("infinity", "!!float", ".inf"), scalar("no number", "!!float", ".nan"),
		scalar("true", "!!bool", "true"), scalar("off", "!!bool", "off"), scalar("null", "!!null", "null"), scalar("~", "!!null", "~"),
		scalar("a date", "!!timestamp", "2001-01-01"), scalar("<<", "!!merge", "<<"),
		flow("an empty list", "[]"), flow("a list", "[word]"), flow("a list of lists", "[[word], []]"), flow("a list of mappings", "[{a: b}, {}]"),
		flow("a list of nulls", "[~, null, ]"), flow("an empty mapping", "{}"), flow("a mapping", "{a: b}"), flow("a mapping with a name", "{name: word}"),
		flow("a mapping with odd keys", "{1: a, ~: b, [c]: d, {e: f}: g}"), flow("a mapping twice", "{name: a, type: u8, value: 1, attributes: []}"),
		aliasOfText, aliasOfAll, tagged("tagged as binary", "!!binary"), tagged("tagged as a text", "!!str"), tagged("tagged as a number", "!!int"),
		tagged("tagged as a set", "!!set"), tagged("tagged by someone", "!someone"), merge("merged with itself", same),
		merge("merged with a mapping", flow("", "{a: b}")), merge("merged with everything", aliasOfAll), merge("merged with a text", aliasOfText),
		merge("merged with lists", flow("", "[{a: b}, [{c: d}], e]")),
	}
)

// checker checks what becomes of specs.
type checker struct {
	fset    *token.FileSet
	imports types.Importer
	sound   map[string]bool // The packages that were checked.
	tried   int
	refused int
}

func (c *checker) check(t *testing.T, what string, src []byte) {
	t.Helper()
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("%s: panic: %v\n%s", what, p, src)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: takes %v\n%s", what, took, src)
		}
	}()
	c.tried++
	var report diag.Report
	family := resolve.Family(&report, spec.Read(&report, "spec.yaml", src), resolve.Options{})
	for _, d := range report.Diagnostics() {
		if d.Pos.File != "spec.yaml" || d.Pos.Line < 1 || d.Pos.Line > 1+strings.Count(string(src), "\n") {
			t.Errorf("%s: %v is at no place\n%s", what, d, src)
		}
	}
	if family == nil {
		c.refused++
		if !report.HasErrors() {
			t.Errorf("%s: neither a family nor an error\n%s", what, src)
		}
		return
	}
	files, err := emit.Family(family)
	if err != nil {
		t.Errorf("%s: %v\n%s", what, err, src)
		return
	}
	all := ""
	for _, f := range files {
		all += string(f.Content)
	}
	if c.sound[all] {
		return
	}
	c.sound[all] = true
	var trees []*ast.File
	for _, f := range files {
		tree, err := parser.ParseFile(c.fset, f.Name, f.Content, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v\n%s", what, err, src)
			return
		}
		trees = append(trees, tree)
	}
	config := types.Config{Importer: c.imports, Error: func(err error) { t.Errorf("%s: %v\n%s", what, err, src) }}
	// Errors go to the function above.
	_, _ = config.Check(family.Package, c.fset, trees, nil)
}
