package sockdiag

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// Socket options of TLS in the kernel (linux/tls.h).
const (
	tlsTx            = 1
	tlsRx            = 2
	tlsTxZerocopyRO  = 3
	tlsRxExpectNoPad = 4
	tlsVersion12     = 0x0303
	tlsVersion13     = 0x0304
	tlsAesGcm128     = 51
)

// tlsKeys is a struct tls12_crypto_info_aes_gcm_128: version and cipher, then keys of 36 bytes.
func tlsKeys(version uint16) string {
	b := binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, version), tlsAesGcm128)
	return string(append(b, make([]byte, 36)...))
}

// setText sets an option of a connection.
func setText(t *testing.T, socket *net.TCPConn, level, option int, value string) {
	t.Helper()
	onFD(t, socket, func(fd int) error { return unix.SetsockoptString(fd, level, option, value) })
}

// ulpInfo is what the kernel says of the protocol above TCP on a connection.
func ulpInfo(ctx context.Context, t *testing.T, c *inetdiag.Client, socket *net.TCPConn) *inetdiag.UlpInfoAttrs {
	t.Helper()
	mine := find(t, sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP), socket)
	witness.Known(t, "tls", mine)
	return mine.UlpInfo
}

// TestTLS reads what the kernel says of TLS on a connection: nothing yet, keys for one direction, keys for both.
func TestTLS(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	for _, version := range []uint16{tlsVersion12, tlsVersion13} {
		dialed, err := net.Dial("tcp4", listener.Addr().String())
		must(t, err)
		defer dialed.Close()
		socket := dialed.(*net.TCPConn)
		set := func(level, option int, value string) { t.Helper(); setText(t, socket, level, option, value) }
		read := func() *inetdiag.UlpInfoAttrs { t.Helper(); return ulpInfo(ctx, t, c, socket) }
		if ulp := read(); ulp != nil {
			t.Errorf("a connection without a protocol above TCP has %+v", ulp)
		}
		err = nil
		onFD(t, socket, func(fd int) error {
			err = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_ULP, "tls")
			return nil
		})
		if errors.Is(err, syscall.ENOENT) {
			t.Skipf("this kernel has no TLS: %v", err)
		}
		must(t, err)
		if ulp := read(); ulp == nil || ulp.Name.V != "tls" || ulp.Tls == nil || ulp.Tls.Version.OK || ulp.Tls.Cipher.OK ||
			ulp.Tls.Txconf.V != inetdiag.TlsConfBase || ulp.Tls.Rxconf.V != inetdiag.TlsConfBase {
			t.Errorf("TLS without keys is %+v", ulp)
		}

		set(unix.SOL_TLS, tlsTx, tlsKeys(version))
		tally := witness.NewTally(t)
		tally.Field("rxconf of one direction", read().Tls.Rxconf, "base")
		set(unix.SOL_TLS, tlsRx, tlsKeys(version))
		if version == tlsVersion13 {
			onFD(t, socket, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_TLS, tlsRxExpectNoPad, 1) })
		}
		tls := read().Tls
		tally.Field("version", tls.Version, float64(version))
		tally.Field("cipher", tls.Cipher, float64(tlsAesGcm128))
		noPad := 0 // TLS 1.2 has no such option.
		if version == tlsVersion13 {
			onFD(t, socket, func(fd int) (err error) {
				noPad, err = unix.GetsockoptInt(fd, unix.SOL_TLS, tlsRxExpectNoPad)
				return err
			})
		}
		tally.Field("rx-no-pad", tls.RxNoPad, noPad != 0)
		tally.Field("zc-ro-tx", tls.ZcRoTx, false)

		out := string(witness.Output(t, "ss", "-HtienO", "sport", "=", fmt.Sprintf(":%d", socket.LocalAddr().(*net.TCPAddr).Port)))
		theirs := fmt.Sprintf("tcp-ulp-tls version: 1.%d cipher: aes-gcm-128 rxconf: %v txconf: %v", tls.Version.V&0xff-1, tls.Rxconf.V, tls.Txconf.V)
		tally.Field("ss", strings.Contains(out, theirs), true)
		if len(tally.Errs) > 0 {
			tally.Errorf("want %s in %s", theirs, out)
		}
		tally.Report(fmt.Sprintf("TLS 1.%d", version&0xff-1))
	}
}
