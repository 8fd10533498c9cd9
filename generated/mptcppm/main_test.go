package mptcppm_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		if err := nettest.Commands("ip link set lo up"); err != nil {
			return err
		}
		var listen net.ListenConfig
		listen.SetMultipathTCP(true)
		l, err := listen.Listen(context.Background(), "tcp4", "127.0.0.1:7000")
		if err != nil {
			return err
		}
		go accept(l)
		go connect()
		return nil
	})
}

// accept answers what comes and ends it.
func accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("hello"))
		conn.Close()
	}
}

// connect makes connections one after the other.
func connect() {
	var d net.Dialer
	d.SetMultipathTCP(true)
	for ; ; time.Sleep(10 * time.Millisecond) {
		if conn, err := d.Dial("tcp4", "127.0.0.1:7000"); err == nil {
			_, _ = conn.Read(make([]byte, 8))
			conn.Close()
		}
	}
}
