// Package nettest runs the tests of a package in a network namespace of their
// own, so that they can talk to the real kernel without touching the machine.
//
// A package with such tests has
//
//	func TestMain(m *testing.M) { nettest.Main(m) }
//
// and each test that talks to the kernel begins with
//
//	nettest.Isolate(t)
//
// [Main] starts the test binary again in a new network namespace (and a new
// mount namespace, with a /sys that shows it). Every thread of that process is
// in the new namespace from its start, so tests need not lock threads, and
// whatever they leave behind goes away with the process. It starts with a lo
// that is down, and nothing else.
//
// Where this is impossible (not Linux, not root, or under -fuzz, whose worker
// processes must not be started again) or not wanted (NLGEN_NETTEST=off in the
// environment) the tests run where they are and [Isolate] skips the ones that
// need a namespace, with the reason. A kernel that is stuck lets a process that
// asks for a namespace never come back; so another process asks first, and is
// left behind if that takes longer than five seconds.
package nettest

import "testing"

// reason is why there is no private namespace; empty if there is one.
var reason = "nettest.Main was not called by TestMain"

// Isolate skips the test unless the process is in a network namespace of its
// own.
func Isolate(t testing.TB) {
	t.Helper()
	if reason != "" {
		t.Skip("no private network namespace: " + reason)
	}
}

// Isolated reports whether the process is in a network namespace of its own.
func Isolated() bool { return reason == "" }
