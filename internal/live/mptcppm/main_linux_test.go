package mptcppm

import (
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/mptcppm"
	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// The addresses of lo that subflows run between, without a delay for duplicate address detection.
var hosts = map[uint16][2]netip.Addr{
	unix.AF_INET:  {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")},
	unix.AF_INET6: {netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")},
}

// newNamespace is a namespace whose lo has the hosts, for tests of a kernel that speaks MPTCP.
func newNamespace(t *testing.T) (*witness.Namespace, *mptcppm.Client) {
	t.Helper()
	n := witness.NewNamespace(t)
	if _, err := n.Conn.Family(n.Ctx, "mptcp_pm"); err != nil {
		t.Skip(err)
	}
	lo := n.Link("lo")
	n.Up(lo)
	for family, pair := range hosts {
		for _, host := range pair {
			err := rtaddr.New(n.Conn).Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
				Header: rtaddr.Ifaddrmsg{
					IfaFamily: uint8(family), IfaPrefixlen: uint8(host.BitLen()), IfaIndex: uint32(lo.Header.IfiIndex),
				},
				Local: nlattr.Some(host), Address: nlattr.Some(host), Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
			}, nlconn.Create, nlconn.Replace)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	client := mptcppm.New(n.Conn)
	t.Cleanup(func() {
		if err := client.FlushAddrs(n.Ctx, nil); err != nil {
			t.Error(err)
		}
	})
	return n, client
}

// address is an attribute set with an address in it.
func address(family uint16, a netip.Addr) *mptcppm.AddressAttrs {
	x := &mptcppm.AddressAttrs{Family: nlattr.Some(family)}
	if family == unix.AF_INET {
		x.Addr4 = nlattr.Some(a)
	} else {
		x.Addr6 = nlattr.Some(a)
	}
	return x
}

// userspace makes this namespace's connections be managed from here, or skips the test.
func userspace(t *testing.T) {
	t.Helper()
	for _, s := range [][2]string{{"path_manager", "userspace"}, {"pm_type", "1"}} {
		file := "/proc/sys/net/mptcp/" + s[0]
		before, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if err := os.WriteFile(file, []byte(s[1]), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.WriteFile(file, before, 0o644); err != nil {
				t.Error(err)
			}
		})
		return
	}
	t.Skip("this kernel lets no program manage the paths of connections")
}
