// Package connection tests connections on the running kernel: the answers of every shape that it has, its refusals in its own words,
// storms of events, many goroutines, several namespaces and protocols in one process, and other processes, friendly and not. What can be
// shown without a kernel is in runtime/nlconn.
//
// The package has no code of its own.
package connection
