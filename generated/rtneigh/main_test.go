package rtneigh_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		return nettest.Commands(
			"ip link add eth0 index 10 type veth peer name eth1",
			"ip link set eth0 up",
			"ip link set eth1 up",
			"ip link add br0 type bridge",
			"ip link add port0 type veth peer name port1",
			"ip link set port0 master br0",
		)
	})
}
