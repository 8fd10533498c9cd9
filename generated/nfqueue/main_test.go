package nfqueue_test

import (
	"net"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		err := nettest.Commands(
			"ip link set lo up",
			"nft add table inet t",
			"nft add chain inet t c { type filter hook output priority 0; }",
		)
		if err != nil {
			return err
		}
		if err := nettest.Need("nft add rule inet t c udp dport 7000 queue num 5 bypass"); err != nil {
			return err
		}
		conn, err := net.Dial("udp4", "127.0.0.1:7000")
		if err != nil {
			return err
		}
		go func() {
			for ; ; time.Sleep(10 * time.Millisecond) {
				_, _ = conn.Write([]byte("hello")) // Nobody listens at that port.
			}
		}()
		return nil
	})
}
