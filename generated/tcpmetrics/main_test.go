package tcpmetrics_test

import (
	"errors"
	"io"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		if err := nettest.Commands("ip link set lo up"); err != nil {
			return err
		}
		l, err := net.Listen("tcp4", "127.0.0.1:7000")
		if err != nil {
			return err
		}
		go echo(l)
		// The kernel remembers a host when a connection has ended on which it could measure.
		for range 100 {
			if err := talk(); err != nil {
				return err
			}
			if out, err := exec.Command("ip", "tcp_metrics").Output(); err != nil || len(out) > 0 {
				return err
			}
			time.Sleep(10 * time.Millisecond)
		}
		return errors.New("the kernel remembers nothing")
	})
}

// echo sends back what it gets.
func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(conn, conn)
		conn.Close()
	}
}

// talk sends something and waits for it to come back, many times.
func talk() error {
	conn, err := net.Dial("tcp4", "127.0.0.1:7000")
	if err != nil {
		return err
	}
	defer conn.Close()
	b := make([]byte, 1000)
	for range 50 {
		if _, err := conn.Write(b); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, b); err != nil {
			return err
		}
	}
	return nil
}
