package wireguard_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		if err := nettest.Need("ip link add wg0 type wireguard"); err != nil {
			return err
		}
		return nettest.Commands(
			"wg set wg0 peer AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= endpoint 192.0.2.9:51820",
		)
	})
}
