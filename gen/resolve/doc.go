// Package resolve makes the resolved form of a family (package ir) from the tree of its spec (package spec): it assigns numbers, lets
// subsets inherit, binds references, lays out structs, shapes messages and decides all Go names. What it returns is complete; nothing
// behind it needs to look at the spec again.
//
// Defects that published specs have, and that leave no doubt about the bytes on the wire, are warnings with a defined outcome. What
// would make generated code wrong, ambiguous or impossible is an error. One run finds all of them, each cause once: what was reported
// as broken is left out quietly by the passes behind.
//
// It knows nothing of YAML and nothing of how Go code is written, beyond the names in it.
package resolve
