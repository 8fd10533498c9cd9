package nettest

import "os"

// Guest says whether the tests run in the virtual machine of make test-vm, whose kernel has more than most, and whose processors are
// emulated.
func Guest() bool { return os.Getenv("NLGEN_VM") != "" }

// Rounds is how often a test does what it does many times: n, or a tenth of it in the virtual machine, where everything takes some
// twenty times as long.
func Rounds(n int) int {
	if Guest() {
		return n / 10
	}
	return n
}
