package emit

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/output"
	"github.com/nlgen/nlgen/templates"
)

// about emits doc.go: what the package talks to, and how.
func (g *generator) about() (output.File, error) {
	var b bytes.Buffer
	if err := templates.Get("doc.go.tmpl").Execute(&b, map[string]any{
		"Header":  output.Header(clean(g.f.File)),
		"Package": g.f.Package,
		"About":   docLines("Package "+g.f.Package+" is a client of the netlink family "+clean(g.f.Name), g.f.Doc),
		"Ops":     g.opList(),
		"Unicast": g.f.Unicast(),
		"Use":     g.use(),
		"Served":  len(g.served()) > 0,
		"C":       g.cHeader(),
	}); err != nil {
		return output.File{}, fmt.Errorf("package %s, doc.go: %w", g.f.Package, err)
	}
	return output.Format(output.File{Name: "doc.go", Content: b.Bytes()})
}

// cHeader is where the C names of the family are declared, unless its doc says so.
func (g *generator) cHeader() string {
	if strings.Contains(g.f.Doc, g.f.CHeader) {
		return ""
	}
	return strings.Join(strings.Fields(clean(g.f.CHeader)), "")
}

// opList is one entry for each operation of the client, and for each notification.
func (g *generator) opList() [][]string {
	var list [][]string
	item := func(links, text string) {
		lines := wrap(links+": "+lower(firstSentence(text)), commentWidth-len("//     "))
		if text == "" {
			lines = []string{"// " + links}
		}
		for i := range lines {
			indent := "    "
			if i == 0 {
				indent = "  - "
			}
			lines[i] = "// " + indent + lines[i][len("// "):]
		}
		list = append(list, lines)
	}
	for _, op := range g.f.Ops {
		dump := op.Dump != nil && op.Reply != nil
		switch {
		case op.Do != nil && dump:
			item("[Client."+op.Go+"], [Client."+op.Go+"Dump]", op.Doc)
		case op.Do != nil:
			item("[Client."+op.Go+"]", op.Doc)
		case dump:
			item("[Client."+op.Go+"Dump]", op.Doc)
		}
	}
	if len(g.f.Events) > 0 {
		var names []string
		for _, e := range g.f.Events {
			names = append(names, "["+e.Go+"]")
		}
		item("[Client.Subscribe] to notifications", strings.Join(names, ", ")+".")
	}
	return list
}

func firstSentence(text string) string {
	p := split(text)
	if len(p) == 0 {
		return ""
	}
	first := p[0]
	for i := 0; i+1 < len(first); i++ {
		if first[i] == '.' && first[i+1] == ' ' {
			return first[:i+1]
		}
	}
	return sentence(first)
}

// use shows one call: a subscription to a family that is there for it, else a dump if the family has one, else a do.
func (g *generator) use() []string {
	if g.f.Unicast() {
		return []string{"events, err := client.Subscribe(ctx)"}
	}
	for _, op := range g.f.Ops {
		if op.Dump != nil && op.Reply != nil {
			return []string{
				fmt.Sprintf("for reply, err := range client.%sDump(ctx, &%s.%s{}) {", op.Go, g.f.Package, op.Dump.Request.Go),
				"	if err != nil {",
				"		return err",
				"	}",
				"	fmt.Println(reply)",
				"}",
			}
		}
	}
	for _, op := range g.f.Ops {
		if op.Do != nil {
			return []string{useDo(g.f.Package, op)}
		}
	}
	return nil
}

func useDo(pkg string, op *ir.Op) string {
	left := "err ="
	if op.Do.HasReply && op.Reply != nil {
		left = "reply, err :="
	}
	return fmt.Sprintf("%s client.%s(ctx, &%s.%s{})", left, op.Go, pkg, op.Do.Request.Go)
}
