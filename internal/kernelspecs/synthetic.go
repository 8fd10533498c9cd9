package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// The size of the family that -synthetic makes: that of nl80211, the largest of the kernel.
const (
	syntheticAttrs = 333
	syntheticOps   = 130
	syntheticNests = 60
)

// writeSynthetic writes a spec as large as that of nl80211 to a folder: one set of attributes of all types for all messages, of which each
// operation lists every other or so.
func writeSynthetic(dir string) error {
	var b strings.Builder
	b.WriteString("name: synthetic\nprotocol: genetlink\ndoc: A family as large as nl80211.\n\ndefinitions:\n")
	for i := range 40 {
		fmt.Fprintf(&b, "  - {name: mode-%d, type: enum, entries: [off, low, middle, high, all], doc: How much of the thing %d there is.}\n", i, i)
	}
	b.WriteString("\nattribute-sets:\n")
	for i := range syntheticNests {
		fmt.Fprintf(&b, "  -\n    name: part-%d\n    doc: Part %d of a message.\n    attributes:\n", i, i)
		for j := range 8 {
			fmt.Fprintf(&b, "      - {name: detail-%d, type: %s, doc: Detail %d of part %d.}\n", j, [...]string{"u8", "u16", "u32", "string"}[j%4], j, i)
		}
	}
	b.WriteString("  -\n    name: attrs\n    doc: All that messages consist of.\n    attributes:\n")
	for i := range syntheticAttrs {
		fmt.Fprintf(&b, "      - {name: %s, %s, doc: What the operations say about the thing %d.}\n", attrName(i), attrType(i), i)
	}
	b.WriteString("\noperations:\n  list:\n")
	for op := range syntheticOps {
		fmt.Fprintf(&b, "    -\n      name: act-%d\n      doc: Do what the number %d stands for.\n      attribute-set: attrs\n", op, op)
		fmt.Fprintf(&b, "      do:\n        request: {attributes: [%s]}\n", attrList(op, 2))
		if op%2 == 0 {
			fmt.Fprintf(&b, "        reply: {attributes: [%s]}\n", attrList(op, 3))
		}
		if op%4 == 0 {
			fmt.Fprintf(&b, "      dump:\n        reply: {attributes: [%s]}\n", attrList(op, 3))
		}
	}
	return os.WriteFile(filepath.Join(dir, "synthetic.yaml"), []byte(b.String()), 0o666)
}

func attrName(i int) string { return fmt.Sprintf("thing-number-%d", i) }

// attrType is a type for the attribute with some index: integers mostly, as in the kernel.
func attrType(i int) string {
	switch {
	case i%5 == 4 && i/5 < syntheticNests:
		return fmt.Sprintf("type: nest, nested-attributes: part-%d", i/5)
	case i%8 == 7:
		return fmt.Sprintf("type: u32, enum: mode-%d", i/8%40)
	}
	return "type: " + [...]string{"u32", "u8", "binary", "flag", "u16", "u64", "string"}[i%7]
}

// attrList names one of so many attributes, other ones for each operation, and always the same.
func attrList(op, step int) string {
	rng := rand.New(rand.NewPCG(uint64(op), uint64(step)))
	var names []string
	for i := range syntheticAttrs {
		if rng.IntN(step) == 0 {
			names = append(names, attrName(i))
		}
	}
	return strings.Join(names, ", ")
}
