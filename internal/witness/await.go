package witness

import (
	"os"
	"testing"
	"time"
)

// Await waits until done reports true, for what the kernel does by and by and tells nobody. It ends the test if that takes longer than
// half a minute, for processors that are emulated.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Forwards waits until a port of a bridge forwards, as the bridge lets it when its link has been ready for long enough.
func Forwards(t testing.TB, port string) {
	t.Helper()
	Await(t, "state forwarding of "+port, func() bool {
		state, _ := os.ReadFile("/sys/class/net/" + port + "/brport/state")
		return string(state) == "3\n" // BR_STATE_FORWARDING
	})
}
