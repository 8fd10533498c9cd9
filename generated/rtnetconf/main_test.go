package rtnetconf_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		return nettest.Commands(
			"sysctl -q -w net.ipv4.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=2",
		)
	})
}
