package witness

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// Simulate makes a netdevsim device with four ports and returns its name on the bus "netdevsim", as devlink has it.
//
// Debian's kernel does not come with this module; `make netdevsim` builds it for [Load].
func Simulate(t *testing.T) string {
	t.Helper()
	const bus = "/sys/bus/netdevsim/"
	if _, err := os.Stat(bus); errors.Is(err, fs.ErrNotExist) {
		Load(t, "netdevsim")
	}
	if err := os.WriteFile(bus+"new_device", []byte("17 4 1"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(bus+"del_device", []byte("17"), 0); err != nil {
			t.Error(err)
		}
	})
	return "netdevsim17"
}
