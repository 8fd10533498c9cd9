package rtnexthop_test

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
			"ip address add 192.0.2.1/24 dev eth0",
			"ip nexthop add id 1 via 192.0.2.2 dev eth0",
			"ip nexthop add id 2 via 192.0.2.3 dev eth0",
		)
	})
}
