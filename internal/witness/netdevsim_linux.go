package witness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Simulate makes a netdevsim device with four ports and returns its name on the bus "netdevsim", as devlink has it.
//
// Debian's kernel does not come with this module. In the virtual machine, the only place where modules are loaded, it is taken from
// bin/netdevsim.ko below the module's folder if somebody has built it for the guest's kernel; elsewhere the test is skipped.
func Simulate(t *testing.T) string {
	t.Helper()
	const bus = "/sys/bus/netdevsim/"
	if _, err := os.Stat(bus); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("NLGEN_VM") == "" {
			t.Skip("this kernel has no netdevsim, and modules are loaded in the virtual machine only")
		}
		load(t, "netdevsim.ko")
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

// load loads a module from the folder bin.
func load(t *testing.T, name string) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
	}
	file := filepath.Join(dir, "bin", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("nobody has built the module for this kernel, see make netdevsim: %v", err)
	}
	Output(t, "insmod", file)
}
