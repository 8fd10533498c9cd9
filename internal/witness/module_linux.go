package witness

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

// Load loads a module that somebody has built for the kernel of the virtual machine, the only place where modules are loaded: make and
// the name of the module does, into the folder bin. Elsewhere the test is skipped.
func Load(t *testing.T, name string) {
	t.Helper()
	if !nettest.Guest() {
		t.Skipf("this kernel has no %s, and modules are loaded in the virtual machine only: make %[1]s test-vm", name)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
	}
	file := filepath.Join(dir, "bin", name+".ko")
	if _, err := os.Stat(file); err != nil {
		t.Skipf("nobody has built the module for this kernel, see make %s: %v", name, err)
	}
	if _, err := os.Stat("/sys/module/" + name); err != nil {
		Output(t, "insmod", file)
	}
}
