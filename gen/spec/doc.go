// Package spec reads ynl specs: YAML files that describe one netlink family each.
//
// The tree mirrors the schemas of all four protocol levels (genetlink, genetlink-c, genetlink-legacy, netlink-raw) field for field.
// It knows nothing of Go names, applies no defaults, assigns no numbers and follows no references: that is the work of package
// resolve. It is the only user of the YAML library.
//
// Patches change the tree as if the spec had been edited: those of an nlgen.yaml, and errata for specs that other people publish.
//
// Reading is strict and complete: an unknown key, a key given twice, a missing key and a value of the wrong kind are errors at their
// own position, and one run reports all of them. No input makes it panic, hang, or use memory beyond a bound.
package spec
