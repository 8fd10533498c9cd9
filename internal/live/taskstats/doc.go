// Package taskstats tests the generated package of the same name on the running kernel: the statistics of processes that stand still
// are compared with what /proc shows of them, waits are provoked, exits are told, cgroups are counted.
//
// The package has no code of its own.
package taskstats
