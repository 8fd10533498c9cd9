package witness

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Mount shows a file system of the kernel, such as debugfs, until the test ends, and returns where.
func Mount(t testing.TB, kind string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount(kind, dir, kind, 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}
