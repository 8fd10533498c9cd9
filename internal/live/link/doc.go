// Package link tests the generated package rtlink against the running kernel: links of every kind and their ports, virtual functions,
// statistics, settings of address families, events, and what the kernel says of its policies. The witnesses are ip-link(8), ip-stats(8),
// bridge(8) and /sys.
//
// The package has no code of its own.
package link
