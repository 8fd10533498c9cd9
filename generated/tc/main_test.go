package tc_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		return nettest.Commands(
			"ip link add eth0 type veth peer name eth1",
		)
	})
}
