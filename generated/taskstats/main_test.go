package taskstats_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		// The parent is the process that go test has started.
		first = fmt.Sprintf("/proc/%d/ns/net", os.Getppid())
		return nil
	})
}
