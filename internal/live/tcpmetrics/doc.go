// Package tcpmetrics tests the generated package of the same name on the running kernel: connections leave entries, which are compared
// with what ip tcp_metrics prints, and deleted.
//
// The package has no code of its own.
package tcpmetrics
