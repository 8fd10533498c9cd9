//go:build !linux

package nettest

import (
	"os"
	"testing"
)

// Main runs the tests and exits.
func Main(m *testing.M) {
	reason = "not Linux"
	prepare()
	os.Exit(m.Run())
}
