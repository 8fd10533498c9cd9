package rtbridgemdb_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		return nettest.Commands(
			"sysctl -q -w net.ipv6.conf.default.disable_ipv6=1", // It would join groups.
			"ip link add br0 type bridge mcast_snooping 1",
			"ip link set br0 up",
			"ip link add eth0 index 10 type veth peer name eth1",
			"ip link set eth0 master br0 up",
			"bridge mdb add dev br0 port eth0 grp 239.1.1.1 permanent",
		)
	})
}
