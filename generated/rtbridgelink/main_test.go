package rtbridgelink_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		err := nettest.Commands(
			"ip link add br0 type bridge",
			"ip link add eth0 type veth peer name eth1",
			"ip link set eth0 master br0",
			"ip link set br0 up",
			"ip link set eth1 up",
			"ip link set eth0 up",
		)
		// Kernels with VLANs in bridges begin with VLAN 1.
		_ = nettest.Commands("bridge vlan del vid 1 dev eth0", "bridge vlan del vid 1 dev br0 self")
		return err
	})
}
