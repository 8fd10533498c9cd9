package rtbridgevlan_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		if err := nettest.Need("ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0"); err != nil {
			return err
		}
		return nettest.Commands(
			"ip link add eth0 index 10 type veth peer name eth1",
			"ip link set eth0 master br0",
		)
	})
}
