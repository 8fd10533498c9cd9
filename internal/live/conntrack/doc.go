// Package conntrack tests the generated package of that name against the running kernel. The witness is conntrack(8): it lists the flows
// that our package made, and makes flows that our package reads.
//
// The package has no code of its own.
package conntrack
