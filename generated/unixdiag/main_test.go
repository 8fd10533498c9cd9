package unixdiag_test

import (
	"net"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		_, err := net.Listen("unix", "@example")
		return err
	})
}
