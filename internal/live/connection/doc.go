// Package connection tests connections under load on the running kernel: storms of events, many goroutines, several namespaces and
// protocols in one process, and other processes, friendly and not. What can be shown without a kernel is in runtime/nlconn.
//
// The package has no code of its own.
package connection
