package witness

import (
	"testing"
	"time"
)

// Await waits until done reports true, for what the kernel does by and by and tells nobody. It ends the test if that takes longer than
// ten seconds.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
