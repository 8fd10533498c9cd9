package sockdiag

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// onDevice has sockets use one device.
func onDevice(name string) func(network, address string, c syscall.RawConn) error {
	return func(network, address string, c syscall.RawConn) (err error) {
		if failed := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), name) }); failed != nil {
			return failed
		}
		return err
	}
}

// TestTLSDevice has a device take the work of TLS from the kernel: one direction, then both. Two ends of a veth in routing domains of their
// own are a network between sockets of one namespace.
func TestTLSDevice(t *testing.T) {
	witness.Load(t, "nlgen_offload")
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	for _, command := range []string{
		"link add nlgen0 type veth peer name nlgen1",
		"link add red type vrf table 10", "link add blue type vrf table 11",
		"link set nlgen0 master red", "link set nlgen1 master blue",
		"link set red up", "link set blue up", "link set nlgen0 up", "link set nlgen1 up",
		"address add 192.0.2.1/24 dev nlgen0", "address add 192.0.2.2/24 dev nlgen1",
	} {
		witness.Output(t, "ip", strings.Fields(command)...)
	}
	listener, err := (&net.ListenConfig{Control: onDevice("blue")}).Listen(ctx, "tcp4", "192.0.2.2:0")
	must(t, err)
	defer listener.Close()
	// Devices know TLS 1.2 only.
	dialed, err := (&net.Dialer{Control: onDevice("red")}).DialContext(ctx, "tcp4", listener.Addr().String())
	must(t, err)
	defer dialed.Close()
	socket := dialed.(*net.TCPConn)
	read := func() *inetdiag.TlsInfoAttrs { t.Helper(); return ulpInfo(ctx, t, c, socket).Tls }
	tally := witness.NewTally(t)
	setText(t, socket, unix.IPPROTO_TCP, unix.TCP_ULP, "tls")
	setText(t, socket, unix.SOL_TLS, tlsTx, tlsKeys(tlsVersion12))
	tls := read()
	tally.Field("txconf", tls.Txconf, "hw")
	tally.Field("rxconf of one direction", tls.Rxconf, "base")
	tally.Field("zc-ro-tx of one direction", tls.ZcRoTx, false)
	setText(t, socket, unix.SOL_TLS, tlsRx, tlsKeys(tlsVersion12))
	onFD(t, socket, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_TLS, tlsTxZerocopyRO, 1) })
	tls = read()
	tally.Field("rxconf", tls.Rxconf, "hw")
	tally.Field("zc-ro-tx", tls.ZcRoTx, true)
	seen(tally, "ss", string(witness.Output(t, "ss", "-HtienO", "dport", "=", fmt.Sprintf(":%d", listener.Addr().(*net.TCPAddr).Port))),
		fmt.Sprintf("tcp-ulp-tls version: 1.2 cipher: aes-gcm-128 rxconf: %v txconf: %v zc_ro_tx", tls.Rxconf.V, tls.Txconf.V))
	counters, err := os.ReadFile("/proc/net/tls_stat")
	must(t, err)
	seen(tally, "/proc/net/tls_stat", strings.Join(strings.Fields(string(counters)), " "), "TlsCurrTxDevice 1 TlsCurrRxDevice 1")
	tally.Report("TLS in a device")
}

// seen looks for words in what a tool shows.
func seen(c *witness.Tally, tool, out, words string) {
	if c.Fields++; !strings.Contains(out, words) {
		c.Errorf("%s shows %s, without %s", tool, out, words)
	}
}
