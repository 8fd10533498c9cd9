package sockdiag

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestOptions sets every option that a socket tells, one on each, and all of them on another, of every protocol.
func TestOptions(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	ip := func(name int) func(fd int) error { return option(unix.IPPROTO_IP, name, 1) }
	for _, p := range []struct {
		name     string
		kind     int
		protocol uint8
		set      []func(fd int) error
		want     inetdiag.InetDiagSockopt
		flag     string
	}{
		{"udp", unix.SOCK_DGRAM, unix.IPPROTO_UDP, []func(fd int) error{
			ip(unix.IP_RECVERR), ip(unix.IP_FREEBIND), ip(unix.IP_TRANSPARENT), ip(unix.IP_MULTICAST_ALL), ip(unix.IP_MULTICAST_LOOP),
			ip(unix.IP_BIND_ADDRESS_NO_PORT), ip(unix.IP_RECVERR_RFC4884),
		}, inetdiag.InetDiagSockopt{
			Flags: inetdiag.SockoptFlagsRecverr | inetdiag.SockoptFlagsFreebind | inetdiag.SockoptFlagsTransparent | inetdiag.SockoptFlagsMcAll | inetdiag.SockoptFlagsMcLoop,
			More:  inetdiag.SockoptMoreBindAddressNoPort | inetdiag.SockoptMoreRecverrRfc4884,
		}, "-u"},
		{"raw", unix.SOCK_RAW, unix.IPPROTO_RAW, []func(fd int) error{ip(unix.IP_HDRINCL), ip(unix.IP_NODEFRAG)}, inetdiag.InetDiagSockopt{
			Flags: inetdiag.SockoptFlagsHdrincl | inetdiag.SockoptFlagsNodefrag | inetdiag.SockoptFlagsMcAll | inetdiag.SockoptFlagsMcLoop,
		}, "-w"},
		{"tcp", unix.SOCK_STREAM, unix.IPPROTO_TCP, []func(fd int) error{option(unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1)}, inetdiag.InetDiagSockopt{
			Flags: inetdiag.SockoptFlagsIsIcsk | inetdiag.SockoptFlagsMcAll | inetdiag.SockoptFlagsMcLoop,
			More:  inetdiag.SockoptMoreDeferConnect,
		}, "-t"},
	} {
		t.Run(p.name, func(t *testing.T) {
			fd, err := unix.Socket(unix.AF_INET, p.kind, int(p.protocol))
			must(t, err)
			defer unix.Close(fd)
			for _, set := range p.set {
				must(t, set(fd))
			}
			if p.protocol == unix.IPPROTO_TCP { // A connection that waits for its first data needs a cookie from before.
				deferred(t, fd)
			} else {
				must(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 5353}))
			}
			tally := witness.NewTally(t)
			tally.Steady(func(tally *witness.Tally) {
				all := sockets(ctx, t, c, unix.AF_INET, p.protocol)
				mine := withInode(t, all, fdInode(t, fd))
				witness.Known(t, p.name, mine)
				tally.Field("flags", mine.Sockopt.V.Flags, p.want.Flags.String())
				tally.Field("more", mine.Sockopt.V.More, p.want.More.String())
				compareInet(t, tally, all, ofTCP, tcpView, p.flag, "-4")
			})
			tally.Report(p.name)
		})
	}
}

// deferred connects a socket with TCP Fast Open to a server from which this host has a cookie: nothing is sent until there is data.
func deferred(t *testing.T, fd int) {
	t.Helper()
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(listener) })
	must(t, errors.Join(
		unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		unix.SetsockoptInt(listener, unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 5),
		unix.Listen(listener, 5)))
	where, err := unix.Getsockname(listener)
	must(t, err)
	// Both sides, and no need of cookies: the namespace is this process's.
	writeFile(t, "/proc/sys/net/ipv4/tcp_fastopen", "1031")
	must(t, unix.Connect(fd, where))
}

// TestMD5 reads the keys by which TCP signs, and compares them with what ss prints.
func TestMD5(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	for _, host := range []string{"127.0.0.1", "::1"} {
		family, flag := uint8(unix.AF_INET), "-4"
		if host == "::1" {
			family, flag = unix.AF_INET6, "-6"
		}
		var config net.ListenConfig
		config.SetMultipathTCP(false)
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		must(t, err)
		defer listener.Close()
		var sig unix.TCPMD5Sig
		sig.Addr.Family = uint16(family)
		sig.Keylen = uint16(copy(sig.Key[:], "secret"))
		// The address stands in a struct sockaddr, behind the port and, with IPv6, a flow label.
		if addr := netip.MustParseAddr(host); addr.Is4() {
			copy(sig.Addr.Data[2:], addr.AsSlice())
		} else {
			copy(sig.Addr.Data[6:], addr.AsSlice())
		}
		onFD(t, listener.(*net.TCPListener), func(fd int) error { return unix.SetsockoptTCPMD5Sig(fd, unix.IPPROTO_TCP, unix.TCP_MD5SIG, &sig) })
		list := sockets(ctx, t, c, family, unix.IPPROTO_TCP)
		mine := find(t, list, listener.(*net.TCPListener))
		if mine.Md5sig == nil || len(mine.Md5sig.Keys) != 1 {
			t.Fatalf("the keys are %+v", mine.Md5sig)
		}
		k := mine.Md5sig.Keys[0]
		tally := witness.NewTally(t)
		tally.Field("family", k.Family, float64(family))
		tally.Field("key", string(k.Key[:k.Keylen]), "secret")
		// The tool prints the key itself out of its line.
		out := string(witness.Output(t, "ss", "-HOnetli", flag))
		theirs := fmt.Sprintf("md5keys:%v/%d=", addrOf(k.Family, k.Addr), k.Prefixlen)
		tally.Field("ss", strings.Contains(out, theirs) && strings.Contains(out, "secret"), true)
		if len(tally.Errs) > 0 {
			tally.Errorf("want %s in %s", theirs, out)
		}
		tally.Report("md5 " + host)
	}
}
