package inetdiag_test

import (
	"net"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		if err := nettest.Commands("ip link set lo up"); err != nil {
			return err
		}
		if _, err := net.Listen("tcp4", "127.0.0.1:7000"); err != nil {
			return err
		}
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7001}}
		_, err := d.Dial("tcp4", "127.0.0.1:7000")
		return err
	})
}
