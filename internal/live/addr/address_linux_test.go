package addr

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// addrView is how "ip -d -j addr show" prints an address.
var addrView = witness.View[*rtaddr.GetaddrReply]{
	"family": func(x *rtaddr.GetaddrReply) any {
		return map[uint8]string{unix.AF_INET: "inet", unix.AF_INET6: "inet6"}[x.Header.IfaFamily]
	},
	"local": func(x *rtaddr.GetaddrReply) any {
		if x.Local.OK {
			return x.Local
		}
		return x.Address
	},
	"prefixlen":           func(x *rtaddr.GetaddrReply) any { return x.Header.IfaPrefixlen },
	"scope":               func(x *rtaddr.GetaddrReply) any { return witness.ScopeName(uint8(x.Header.IfaScope)) },
	"metric":              func(x *rtaddr.GetaddrReply) any { return x.RtPriority },
	"protocol":            func(x *rtaddr.GetaddrReply) any { return addrProtocol(x.Proto.V) },
	"valid_life_time":     func(x *rtaddr.GetaddrReply) any { return witness.Near(x.Cacheinfo.V.IfaValid) },
	"preferred_life_time": func(x *rtaddr.GetaddrReply) any { return witness.Near(x.Cacheinfo.V.IfaPrefered) },
	"dynamic":             func(x *rtaddr.GetaddrReply) any { return x.Flags.V&rtaddr.IfaFlagsPermanent == 0 },
	"secondary":           addrFlag(rtaddr.IfaFlagsSecondary),
	"temporary":           addrFlag(rtaddr.IfaFlagsSecondary),
	"nodad":               addrFlag(rtaddr.IfaFlagsNodad),
	"optimistic":          addrFlag(rtaddr.IfaFlagsOptimistic),
	"dadfailed":           addrFlag(rtaddr.IfaFlagsDadfailed),
	"home":                addrFlag(rtaddr.IfaFlagsHomeaddress),
	"deprecated":          addrFlag(rtaddr.IfaFlagsDeprecated),
	"tentative":           addrFlag(rtaddr.IfaFlagsTentative),
	"mngtmpaddr":          addrFlag(rtaddr.IfaFlagsManagetempaddr),
	"noprefixroute":       addrFlag(rtaddr.IfaFlagsNoprefixroute),
	"autojoin":            addrFlag(rtaddr.IfaFlagsMcautojoin),
	"stable-privacy":      addrFlag(rtaddr.IfaFlagsStablePrivacy),
}

func addrFlag(flag rtaddr.IfaFlags) func(*rtaddr.GetaddrReply) any {
	return func(x *rtaddr.GetaddrReply) any { return x.Flags.V&flag != 0 }
}

// addrProtocol is the name of who made an address.
func addrProtocol(p rtaddr.IfaProto) any {
	name := witness.Pick(p, "unspec", "kernel_lo", "kernel_ra", "kernel_ll")
	return witness.OneOf{name, "0x" + name}
}

const forever = 0xffffffff

// addrCases are the addresses that TestAddresses makes.
func addrCases(index uint32) []*rtaddr.NewaddrRequest {
	header := func(family, length uint8, scope rtaddr.RtScope) rtaddr.Ifaddrmsg {
		return rtaddr.Ifaddrmsg{IfaFamily: family, IfaPrefixlen: length, IfaScope: scope, IfaIndex: index}
	}
	lifetime := func(preferred, valid uint32) nlattr.Opt[rtaddr.IfaCacheinfo] {
		return nlattr.Some(rtaddr.IfaCacheinfo{IfaPrefered: preferred, IfaValid: valid})
	}
	return []*rtaddr.NewaddrRequest{
		{
			Header: header(unix.AF_INET, 24, rtaddr.RtScopeUniverse), Local: addr("192.0.2.1"), Address: addr("192.0.2.1"),
			Broadcast: addr("192.0.2.255"), Label: nlattr.Some("addr0:label"), RtPriority: u32(77), Cacheinfo: lifetime(500, 1000),
		},
		{Header: header(unix.AF_INET, 24, rtaddr.RtScopeUniverse), Local: addr("192.0.2.9"), Proto: nlattr.Some(rtaddr.IfaProto(5))},
		{
			Header: header(unix.AF_INET, 32, rtaddr.RtScopeLink), Local: addr("198.51.100.1"), Address: addr("198.51.100.2"),
			Flags: nlattr.Some(rtaddr.IfaFlagsNoprefixroute),
		},
		{Header: header(unix.AF_INET, 8, rtaddr.RtScopeHost), Local: addr("10.255.0.1"), Cacheinfo: lifetime(forever, forever)},
		{
			Header: header(unix.AF_INET6, 64, rtaddr.RtScopeUniverse), Address: addr("2001:db8::1"), Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
			RtPriority: u32(5), Proto: nlattr.Some(rtaddr.IfaProto(6)),
		},
		{
			Header: header(unix.AF_INET6, 64, rtaddr.RtScopeUniverse), Address: addr("2001:db8:1::1"), Cacheinfo: lifetime(500, 1000),
			Flags: nlattr.Some(rtaddr.IfaFlagsNodad | rtaddr.IfaFlagsHomeaddress | rtaddr.IfaFlagsManagetempaddr | rtaddr.IfaFlagsNoprefixroute),
		},
		{
			Header: header(unix.AF_INET6, 128, rtaddr.RtScopeUniverse), Local: addr("2001:db8:2::1"), Address: addr("2001:db8:2::2"),
			Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
		},
		{Header: header(unix.AF_INET6, 64, rtaddr.RtScopeUniverse), Address: addr("2001:db8:3::1"), Cacheinfo: lifetime(0, 1000)},
	}
}

// own is the address of this host in a message: IPv6 has a local one only if there is a peer.
func own(local, address nlattr.Opt[netip.Addr]) netip.Addr {
	if local.OK {
		return local.V
	}
	return address.V
}

// addresses reads all addresses of a link, by themselves.
func addresses(n *witness.Namespace, client *rtaddr.Client, index uint32) map[netip.Addr]*rtaddr.GetaddrReply {
	n.T.Helper()
	all, err := client.GetaddrCollect(n.Ctx, &rtaddr.GetaddrDumpRequest{Header: rtaddr.Ifaddrmsg{IfaIndex: index}})
	if err != nil {
		n.T.Fatal(err)
	}
	out := map[netip.Addr]*rtaddr.GetaddrReply{}
	for _, a := range all {
		if a.Header.IfaIndex != index {
			n.T.Errorf("a dump for link %d has an address of link %d", index, a.Header.IfaIndex)
		}
		witness.Known(n.T, "address", a)
		out[own(a.Local, a.Address)] = a
	}
	return out
}

// TestAddresses makes addresses, and compares every field with what was asked for and with what ip prints.
func TestAddresses(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("addr0", "addr1")
	n.Up(link, peer)
	index := uint32(link.Header.IfiIndex)
	client := rtaddr.New(n.Conn)
	cases := addrCases(index)
	for _, req := range cases {
		if err := client.Newaddr(n.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%v: %v", own(req.Local, req.Address), err)
		}
	}
	replies := addresses(n, client, index)
	for _, req := range cases {
		a := own(req.Local, req.Address)
		reply := replies[a]
		if reply == nil {
			t.Errorf("%v is not in the dump", a)
			continue
		}
		// The kernel adds flags, and lifetimes run.
		c.Within(a.String(), req, reply, "Flags", "Cacheinfo", "IfaFlags")
		if req.Flags.V&^reply.Flags.V != 0 {
			t.Errorf("%v: asked for the flags %v, got %v", a, req.Flags.V, reply.Flags.V)
		}
		if a.Is6() {
			do, err := client.Getaddr(n.Ctx, &rtaddr.GetaddrRequest{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6}, Address: nlattr.Some(a)})
			if err != nil || own(do.Local, do.Address) != a || do.Header.IfaIndex != index {
				t.Errorf("%v by do: %+v, %v", a, do, err)
			}
		}
	}
	c.Steady(func(c *witness.Tally) { compareAddresses(n, c, client, "addr0", len(cases)) })

	// Change one, delete two.
	change := *cases[0]
	change.Cacheinfo = nlattr.Some(rtaddr.IfaCacheinfo{IfaPrefered: forever, IfaValid: forever})
	change.RtPriority = u32(78)
	if err := client.Newaddr(n.Ctx, &change, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	got := addresses(n, client, index)[change.Local.V]
	c.Within("changed", &change, got, "Flags", "Cacheinfo", "IfaFlags")
	if got.Cacheinfo.V.IfaValid != forever || got.Flags.V&rtaddr.IfaFlagsPermanent == 0 {
		t.Errorf("the address has still a lifetime: %+v", got)
	}
	for _, req := range []*rtaddr.NewaddrRequest{cases[2], cases[4]} {
		a := own(req.Local, req.Address)
		del := &rtaddr.DeladdrRequest{Header: req.Header, Local: req.Local, Address: req.Address}
		if err := client.Deladdr(n.Ctx, del); err != nil {
			t.Fatalf("%v: %v", a, err)
		}
		if addresses(n, client, index)[a] != nil {
			t.Errorf("%v is still there", a)
		}
		if err := client.Deladdr(n.Ctx, del); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("%v a second time: %v", a, err)
		}
	}
	c.Steady(func(c *witness.Tally) { compareAddresses(n, c, client, "addr0", len(cases)-2) })

	err := client.Newaddr(n.Ctx, cases[3], nlconn.Create, nlconn.Exclusive)
	if !errors.Is(err, os.ErrExist) {
		t.Errorf("an address that is there: %v", err)
	}
	c.Report("addresses")
}

// compareAddresses compares all addresses of a link with what ip prints. What it prints of the link is compared in package link.
func compareAddresses(n *witness.Namespace, c *witness.Tally, client *rtaddr.Client, name string, atLeast int) {
	n.T.Helper()
	theirs := witness.IP(n.T, "-d", "addr", "show", "dev", name)
	ours := addresses(n, client, uint32(n.Link(name).Header.IfiIndex))
	if len(theirs) != 1 {
		n.T.Fatalf("ip shows %d links named %s", len(theirs), name)
	}
	list, _ := theirs[0]["addr_info"].([]any)
	if len(list) != len(ours) || len(ours) < atLeast {
		c.Errorf("%s: we see %d addresses, ip %d", name, len(ours), len(list))
	}
	for _, item := range list {
		o := item.(witness.Object)
		a, err := netip.ParseAddr(o["local"].(string))
		if err != nil || ours[a] == nil {
			c.Errorf("%s: we do not see %v: %v", name, o["local"], err)
			continue
		}
		witness.Compare(c, a.String(), ours[a], addrView, o)
	}
}

// TestMulticastAddresses compares the multicast and anycast addresses of a link with what ip and /proc say.
func TestMulticastAddresses(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, _ := n.Veth("multi0", "multi1")
	n.Up(link)
	client := rtaddr.New(n.Conn)
	// A router of IPv6 has an anycast address for each of its networks.
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/multi0/forwarding", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	err := client.Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
		Header:  rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64, IfaIndex: uint32(link.Header.IfiIndex)},
		Address: addr("2001:db8::1"), Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
	}, nlconn.Create)
	if err != nil {
		t.Fatal(err)
	}
	c.Steady(func(c *witness.Tally) {
		var ours, theirs witness.Set
		replies, err := client.GetmulticastCollect(n.Ctx, &rtaddr.GetmulticastDumpRequest{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range replies {
			if int32(r.Header.IfaIndex) == link.Header.IfiIndex {
				ours = append(ours, r.Multicast.V.String())
			}
		}
		for _, o := range witness.IP(t, "-6", "maddr", "show", "dev", "multi0") {
			for _, m := range o["maddr"].([]any) {
				if a, ok := m.(witness.Object)["address"].(string); ok {
					theirs = append(theirs, a)
				}
			}
		}
		c.Field("multicast", ours, anys(theirs))
		if len(ours) == 0 {
			c.Errorf("there is no multicast address")
		}
	})
	c.Steady(func(c *witness.Tally) {
		var ours, theirs witness.Set
		replies, err := client.GetanycastCollect(n.Ctx, &rtaddr.GetanycastDumpRequest{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range replies {
			ours = append(ours, r.Anycast.V.StringExpanded())
		}
		proc, err := os.ReadFile("/proc/thread-self/net/anycast6")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(proc)) {
			hex := strings.Fields(line)[2]
			var groups []string
			for ; len(hex) >= 4; hex = hex[4:] {
				groups = append(groups, hex[:4])
			}
			theirs = append(theirs, strings.Join(groups, ":"))
		}
		c.Field("anycast", ours, anys(theirs))
		if len(ours) == 0 {
			c.Errorf("there is no anycast address")
		}
	})
	c.Report("multicast and anycast")
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out
}
