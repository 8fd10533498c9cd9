// Package mptcppm tests the generated package of the same name on the running kernel: endpoints and limits against ip mptcp, and
// connections over lo that are managed from here, with the events of both ends against ip mptcp monitor.
//
// The package has no code of its own.
package mptcppm
