package tcpmetrics

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/generated/tcpmetrics"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

var (
	near4, far4 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	near6, far6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
)

// newNamespace is a namespace whose lo has the addresses, and where servers may use TCP Fast Open.
func newNamespace(t *testing.T) (*witness.Namespace, *tcpmetrics.Client) {
	t.Helper()
	n := witness.NewNamespace(t)
	lo := n.Link("lo")
	n.Up(lo)
	for _, a := range []netip.Addr{near4, far4, near6, far6} {
		family := uint8(unix.AF_INET)
		if a.Is6() {
			family = unix.AF_INET6
		}
		err := rtaddr.New(n.Conn).Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
			Header: rtaddr.Ifaddrmsg{IfaFamily: family, IfaPrefixlen: uint8(a.BitLen()), IfaIndex: uint32(lo.Header.IfiIndex)},
			Local:  nlattr.Some(a), Address: nlattr.Some(a), Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
		}, nlconn.Create, nlconn.Replace)
		if err != nil {
			t.Fatal(err)
		}
	}
	// What the route to a host says is what its entry begins with.
	err := rtroute.New(n.Conn).Newroute(n.Ctx, &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{
			RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmTable: rtroute.RtTableLocal, RtmType: rtroute.RtmTypeLocal, RtmScope: rtroute.RtScopeHost,
			RtmProtocol: rtroute.RtProtocolKernel,
		},
		Dst: nlattr.Some(far4), Oif: nlattr.Some(uint32(lo.Header.IfiIndex)), Prefsrc: nlattr.Some(far4),
		Metrics: &rtroute.MetricsAttrs{Ssthresh: nlattr.Some(uint32(77)), Reordering: nlattr.Some(uint32(9))},
	}, nlconn.Create, nlconn.Replace)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen", []byte("3"), 0o644); err != nil {
		t.Log(err)
	}
	return n, tcpmetrics.New(n.Conn)
}

// option sets a socket option before a socket is used.
func option(name, value int) func(string, string, syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, name, value) })
		return errors.Join(err, failed)
	}
}

// exchange has two hosts send each other data, so that when they part the kernel knows how far apart they are.
func exchange(t *testing.T, ctx context.Context, near, far netip.Addr) {
	t.Helper()
	config := net.ListenConfig{Control: option(unix.TCP_FASTOPEN, 5)}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(ctx, "tcp", netip.AddrPortFrom(far, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// The first connection gets the cookie.
	for range 2 {
		dialer := net.Dialer{Control: option(unix.TCP_FASTOPEN_CONNECT, 1), LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(near, 0))}
		a, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
		for errors.Is(err, unix.ENETUNREACH) { // The kernel is still busy with a new IPv6 address.
			time.Sleep(time.Millisecond)
			a, err = dialer.DialContext(ctx, "tcp", listener.Addr().String())
		}
		if err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 20000)
		if _, err := a.Write(buffer); err != nil {
			t.Fatal(err)
		}
		b, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(b, buffer); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			for _, way := range [][2]net.Conn{{b, a}, {a, b}} {
				if _, err := way[0].Write(buffer); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(way[1], buffer); err != nil {
					t.Fatal(err)
				}
			}
		}
		a.Close()
		b.Close()
	}
}

// entry is how ip tcp_metrics prints an entry: times in seconds, with as many digits as it finds useful.
func entry(t *testing.T) witness.View[*tcpmetrics.GetReply] {
	address := func(v4, v6 nlattr.Opt[netip.Addr]) any {
		if v4.OK {
			return v4
		}
		return v6
	}
	seconds := func(us, ms nlattr.Opt[uint32], unit float64) any {
		if us.OK {
			return float64(int(float64(us.V)/unit)) / 1e6
		}
		return float64(ms.V) / unit / 1e3
	}
	return witness.View[*tcpmetrics.GetReply]{
		"dst":        func(x *tcpmetrics.GetReply) any { return address(x.AddrIpv4, x.AddrIpv6) },
		"source":     func(x *tcpmetrics.GetReply) any { return address(x.SaddrIpv4, x.SaddrIpv6) },
		"age":        func(x *tcpmetrics.GetReply) any { return witness.Near(float64(x.Age.V) / 1e3) },
		"cwnd":       func(x *tcpmetrics.GetReply) any { return x.Vals.Cwnd },
		"ssthresh":   func(x *tcpmetrics.GetReply) any { return x.Vals.Ssthresh },
		"reordering": func(x *tcpmetrics.GetReply) any { return x.Vals.Reordering },
		"rtt":        func(x *tcpmetrics.GetReply) any { return seconds(x.Vals.RttUs, x.Vals.Rtt, 8) },
		"rttvar":     func(x *tcpmetrics.GetReply) any { return seconds(x.Vals.RttvarUs, x.Vals.Rttvar, 4) },
		"fopen_miss": func(x *tcpmetrics.GetReply) any { return x.FopenMss },
		"fo_cookie":  func(x *tcpmetrics.GetReply) any { return hex.EncodeToString(x.FopenCookie) },
		"fo_syn_drops": func(x *tcpmetrics.GetReply) any {
			return witness.Object{"fo_syn_drops": x.FopenSynDrops.V, "syn_drop_ts": x.FopenSynDropTs.V}
		},
	}
}

func TestMetrics(t *testing.T) {
	n, client := newNamespace(t)
	exchange(t, n.Ctx, near4, far4)
	exchange(t, n.Ctx, near6, far6)
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) {
		all, err := client.GetCollect(n.Ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs := witness.IP(t, "tcp_metrics")
		if len(all) < 4 || len(all) != len(theirs) {
			c.Errorf("we see %d entries, ip %d: %v", len(all), len(theirs), theirs)
			return
		}
		cookies := 0
		for i, x := range all {
			witness.Known(t, "entry", x)
			witness.Compare(c, x.AddrIpv4.V.String()+" "+x.AddrIpv6.V.String(), x, entry(t), theirs[i])
			if len(x.FopenCookie) > 0 {
				cookies++
				if theirs[i]["fo_cookie"] == nil {
					c.Errorf("a cookie that ip does not see")
				}
			}
			one, err := client.Get(n.Ctx, &tcpmetrics.GetRequest{
				AddrIpv4: x.AddrIpv4, AddrIpv6: x.AddrIpv6, SaddrIpv4: x.SaddrIpv4, SaddrIpv6: x.SaddrIpv6,
			})
			if err != nil {
				c.Errorf("by do: %v", err)
				continue
			}
			if x.AddrIpv4 == nlattr.Some(far4) && (x.Vals.Ssthresh != nlattr.Some(uint32(77)) || !x.Vals.Reordering.OK) {
				c.Errorf("the route's metrics became %+v", x.Vals)
			}
			one.Age = x.Age
			if !reflect.DeepEqual(one, x) {
				c.Errorf("by do %+v, by dump %+v", one, x)
			}
			// The times in the two units.
			if x.Vals == nil {
				c.Errorf("an entry without metrics: %+v", x)
			} else if us, ms := x.Vals.RttUs.V, x.Vals.Rtt.V; max(us/1000, 1) != ms {
				c.Errorf("a round trip of %d/8 us is %d/8 ms", us, ms)
			}
		}
		if cookies < 2 {
			c.Errorf("%d entries have a cookie of TCP Fast Open", cookies)
		}
	})
	c.Report("entries")

	// One entry, all of a peer, all.
	pair := &tcpmetrics.GetRequest{AddrIpv4: nlattr.Some(far4), SaddrIpv4: nlattr.Some(near4)}
	if err := client.Del(n.Ctx, (*tcpmetrics.DelRequest)(pair)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get(n.Ctx, pair); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("an entry that was deleted: %v", err)
	}
	if err := client.Del(n.Ctx, &tcpmetrics.DelRequest{AddrIpv6: nlattr.Some(far6)}); err != nil {
		t.Fatal(err)
	}
	all, err := client.GetCollect(n.Ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if x.AddrIpv6 == nlattr.Some(far6) || x.AddrIpv4 == nlattr.Some(far4) {
			t.Errorf("the entry of %v %v was deleted and is there", x.AddrIpv4, x.AddrIpv6)
		}
	}
	if len(all) == 0 {
		t.Error("the other entries are gone, too")
	}
	if err := client.Del(n.Ctx, nil); err != nil {
		t.Fatal(err)
	}
	if all, err := client.GetCollect(n.Ctx, nil); err != nil || len(all) > 0 {
		t.Errorf("after all were deleted: %v, %v", all, err)
	}
}

// TestRefusals has the kernel refuse requests; it says little here.
func TestRefusals(t *testing.T) {
	n, client := newNamespace(t)
	for _, r := range []struct {
		name  string
		call  func() error
		errno syscall.Errno
		want  string
	}{
		{"no address", func() error { _, err := client.Get(n.Ctx, nil); return err },
			syscall.EAFNOSUPPORT, "tcp_metrics: get: EAFNOSUPPORT: address family not supported by protocol"},
		{"no entry", func() error {
			_, err := client.Get(n.Ctx, &tcpmetrics.GetRequest{AddrIpv4: nlattr.Some(netip.MustParseAddr("203.0.113.9"))})
			return err
		}, syscall.ESRCH, "tcp_metrics: get: ESRCH: no such process"},
		{"no entry to delete", func() error {
			return client.Del(n.Ctx, &tcpmetrics.DelRequest{AddrIpv4: nlattr.Some(netip.MustParseAddr("203.0.113.9"))})
		}, syscall.ESRCH, "tcp_metrics: del: ESRCH: no such process"},
		{"address that is too short", func() error {
			short := nlattr.Attr{Type: tcpmetrics.AttrTcpMetricsAddrIpv6, Data: make([]byte, 15)}
			_, err := client.Get(n.Ctx, &tcpmetrics.GetRequest{Unknown: []nlattr.Attr{short}}, nlconn.NoValidate)
			return err
		}, syscall.ERANGE, `tcp_metrics: get: ERANGE: "binary attribute size out of range" [attribute addr-ipv6, policy binary of 16 bytes]`},
	} {
		witness.Refused(t, r.name, r.call(), r.errno, r.want)
	}
}
