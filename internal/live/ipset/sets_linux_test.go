package ipset

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/ipset"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

func TestMain(m *testing.M) { nettest.Main(m) }

var version = nlattr.Some(uint8(ipset.ProtocolVersion))

// client returns a client for a namespace of the test's own, without sets.
func client(t *testing.T) (context.Context, *nlconn.Conn, *ipset.Client) {
	t.Helper()
	ctx, conn := witness.Connect(t)
	c := ipset.New(conn)
	switch reply, err := c.Protocol(ctx, &ipset.ProtocolRequest{Protocol: version}); {
	case errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP):
		t.Skipf("this kernel has no ipset: %v", err)
	case err != nil:
		t.Fatal(err)
	case reply.Protocol.V < ipset.ProtocolVersion || reply.RevisionMin.V > ipset.ProtocolVersion:
		t.Fatalf("the kernel has versions %d to %d of the protocol", reply.RevisionMin.V, reply.Protocol.V)
	}
	t.Cleanup(func() {
		// A set that a list refers to can not go, nor can all of them then.
		list := nlattr.Some("l-list")
		if err := c.Destroy(context.Background(), &ipset.DestroyRequest{Protocol: version, Setname: list}); err != nil && !errors.Is(err, syscall.ENOENT) {
			t.Error(err)
		}
		if err := c.Destroy(context.Background(), &ipset.DestroyRequest{Protocol: version}); err != nil {
			t.Error(err)
		}
	})
	return ctx, conn, c
}

func u8(v uint8) nlattr.Opt[uint8]    { return nlattr.Some(v) }
func u16(v uint16) nlattr.Opt[uint16] { return nlattr.Some(v) }
func u32(v uint32) nlattr.Opt[uint32] { return nlattr.Some(v) }
func u64(v uint64) nlattr.Opt[uint64] { return nlattr.Some(v) }

func ip(s string) *ipset.IpaddrAttrs {
	a := nlattr.Some(netip.MustParseAddr(s))
	if a.V.Is4() {
		return &ipset.IpaddrAttrs{Ipv4: a}
	}
	return &ipset.IpaddrAttrs{Ipv6: a}
}

// A made is a set and what goes into it.
type made struct {
	typename string
	family   uint8
	data     ipset.CreateAttrs
	elements []*ipset.AdtAttrs
}

func mac(s string) net.HardwareAddr { m, _ := net.ParseMAC(s); return m }

// sets are one of each kind, with each thing that elements can have.
func sets() map[string]made {
	everything := nlattr.Some(ipset.CadtFlagsWithCounters | ipset.CadtFlagsWithComment | ipset.CadtFlagsWithSkbinfo)
	tcp, udp := u8(unix.IPPROTO_TCP), u8(unix.IPPROTO_UDP)
	return map[string]made{
		"a-hash-ip-port": {"hash:ip,port", unix.AF_INET, ipset.CreateAttrs{Timeout: u32(300), CadtFlags: everything, Hashsize: u32(2048), Maxelem: u32(99)},
			[]*ipset.AdtAttrs{{
				Ip: ip("10.0.0.1"), Port: u16(80), Proto: tcp, Timeout: u32(100), Packets: u64(3), Bytes: u64(1 << 40), Comment: nlattr.Some("first"),
				Skbmark: u64(0x11<<32 | 0xff), Skbprio: u32(1<<16 | 0x10), Skbqueue: u16(7)},
				{Ip: ip("10.0.0.2"), Port: u16(53), Proto: udp, Skbmark: u64(0x22<<32 | 0xffffffff)}}},
		"b-hash-ip": {"hash:ip", unix.AF_INET6, ipset.CreateAttrs{Netmask: u8(64), Bucketsize: u8(8), Initval: u32(0x12345678)},
			[]*ipset.AdtAttrs{{Ip: ip("2001:db8::")}}},
		"c-hash-net": {"hash:net", unix.AF_INET, ipset.CreateAttrs{CadtFlags: nlattr.Some(ipset.CadtFlagsWithForceadd)},
			[]*ipset.AdtAttrs{{Ip: ip("10.1.0.0"), Cidr: u8(16)}, {Ip: ip("10.1.2.0"), Cidr: u8(24), CadtFlags: nlattr.Some(ipset.CadtFlagsNomatch)}}},
		"d-hash-net-iface": {"hash:net,iface", unix.AF_INET, ipset.CreateAttrs{},
			[]*ipset.AdtAttrs{{Ip: ip("10.2.0.0"), Cidr: u8(24), Iface: nlattr.Some("eth0"), CadtFlags: nlattr.Some(ipset.CadtFlagsPhysdev)}}},
		"m-hash-mac": {"hash:mac", unix.AF_UNSPEC, ipset.CreateAttrs{}, []*ipset.AdtAttrs{{Ether: mac("02:00:00:00:00:01")}}},
		"f-hash-ip-mark": {"hash:ip,mark", unix.AF_INET, ipset.CreateAttrs{Markmask: u32(0xffff)},
			[]*ipset.AdtAttrs{{Ip: ip("10.3.0.1"), Mark: u32(0x1234)}}},
		"g-hash-net-net": {"hash:net,net", unix.AF_INET, ipset.CreateAttrs{},
			[]*ipset.AdtAttrs{{Ip: ip("10.4.0.0"), Cidr: u8(16), Ip2: ip("10.5.0.0"), Cidr2: u8(24)}}},
		"h-hash-ip-port-net": {"hash:ip,port,net", unix.AF_INET6, ipset.CreateAttrs{},
			[]*ipset.AdtAttrs{{Ip: ip("2001:db8::1"), Port: u16(443), Proto: tcp, Ip2: ip("2001:db8:1::"), Cidr2: u8(48)}}},
		"i-bitmap-ip": {"bitmap:ip", unix.AF_INET, ipset.CreateAttrs{Ip: ip("10.6.0.0"), IpTo: ip("10.6.0.255")},
			[]*ipset.AdtAttrs{{Ip: ip("10.6.0.5")}}},
		"j-bitmap-port": {"bitmap:port", unix.AF_UNSPEC, ipset.CreateAttrs{Port: u16(1000), PortTo: u16(2000)}, []*ipset.AdtAttrs{{Port: u16(1500)}}},
		"k-bitmap-ip-mac": {"bitmap:ip,mac", unix.AF_INET, ipset.CreateAttrs{Ip: ip("10.7.0.0"), IpTo: ip("10.7.0.255")},
			[]*ipset.AdtAttrs{{Ip: ip("10.7.0.9"), Ether: mac("02:00:00:00:00:09")}}},
		"n-hash-ip-port-ip": {"hash:ip,port,ip", unix.AF_INET, ipset.CreateAttrs{},
			[]*ipset.AdtAttrs{{Ip: ip("10.8.0.1"), Port: u16(53), Proto: udp, Ip2: ip("10.8.0.2")}}},
		"o-hash-net-port": {"hash:net,port", unix.AF_INET6, ipset.CreateAttrs{Timeout: u32(0)},
			[]*ipset.AdtAttrs{{Ip: ip("2001:db8::"), Cidr: u8(32), Port: u16(80), Proto: tcp}}},
		"p-hash-net-port-net": {"hash:net,port,net", unix.AF_INET, ipset.CreateAttrs{},
			[]*ipset.AdtAttrs{{Ip: ip("10.9.0.0"), Cidr: u8(16), Port: u16(80), Proto: tcp, Ip2: ip("10.10.0.0"), Cidr2: u8(24)}}},
		"q-hash-ip-mac": {"hash:ip,mac", unix.AF_INET, ipset.CreateAttrs{}, []*ipset.AdtAttrs{{Ip: ip("10.11.0.1"), Ether: mac("02:00:00:00:00:02")}}},
		"r-hash-ip":     {"hash:ip", unix.AF_INET, ipset.CreateAttrs{Bitmask: ip("255.255.0.255")}, []*ipset.AdtAttrs{{Ip: ip("10.12.0.1")}}},
		"s-bitmap-ip":   {"bitmap:ip", unix.AF_INET, ipset.CreateAttrs{Ip: ip("10.13.0.0"), Cidr: u8(16), Netmask: u8(24)}, []*ipset.AdtAttrs{{Ip: ip("10.13.5.0")}}},
		"t-hash-net-iface": {"hash:net,iface", unix.AF_INET, ipset.CreateAttrs{},
			[]*ipset.AdtAttrs{{Ip: ip("10.14.0.0"), Cidr: u8(24), Iface: nlattr.Some("eth"), CadtFlags: nlattr.Some(ipset.CadtFlagsIfaceWildcard)}}},
		"l-list": {"list:set", unix.AF_UNSPEC, ipset.CreateAttrs{Size: u32(5)},
			[]*ipset.AdtAttrs{{Name: nlattr.Some("a-hash-ip-port")}, {Name: nlattr.Some("b-hash-ip"),
				Nameref: nlattr.Some("a-hash-ip-port"), CadtFlags: nlattr.Some(ipset.CadtFlagsBefore)}}},
	}
}

// create makes a set in the latest revision that the kernel has of its type.
func create(ctx context.Context, c *ipset.Client, name string, m made) error {
	typename := nlattr.Some(m.typename)
	typ, err := c.Type(ctx, &ipset.TypeRequest{Protocol: version, Typename: typename, Family: u8(m.family)})
	if err != nil {
		return err
	}
	return c.Create(ctx, &ipset.CreateRequest{Protocol: version, Setname: nlattr.Some(name), Typename: typename,
		Revision: typ.Revision, Family: u8(m.family), Data: &m.data}, nlconn.Exclusive)
}

// TestSets makes sets of every kind and compares what the kernel says of them with what ipset(8) writes.
func TestSets(t *testing.T) {
	ctx, _, c := client(t)
	all := sets()
	for _, name := range witness.SortedKeys(all) {
		m := all[name]
		var refused *nlmsg.Error
		if err := create(ctx, c, name, m); errors.As(err, &refused) && ipset.Error(refused.Errno) == ipset.ErrorFindType {
			t.Logf("this kernel has no %s", m.typename)
			delete(all, name)
			continue
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, e := range m.elements {
			if err := c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: nlattr.Some(name), Data: e}, nlconn.Exclusive); err != nil {
				t.Fatalf("%s: element %d: %v", name, i, err)
			}
			test := *e
			test.Packets, test.Bytes = nlattr.Opt[uint64]{}, nlattr.Opt[uint64]{} // A test would add to them.
			test.Nameref, test.CadtFlags, test.Timeout = nlattr.Opt[string]{}, nlattr.Opt[ipset.CadtFlags]{}, nlattr.Opt[uint32]{}
			if m.typename == "hash:net,iface" {
				test.CadtFlags = e.CadtFlags
			}
			err := c.Test(ctx, &ipset.TestRequest{Protocol: version, Setname: nlattr.Some(name), Data: &test})
			if err != nil && e.CadtFlags.V&ipset.CadtFlagsNomatch == 0 {
				t.Errorf("%s: element %d is said not to be there: %v", name, i, err)
			}
		}
	}
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		var ours []string
		list, err := c.ListCollect(ctx, &ipset.ListDumpRequest{Protocol: version})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			witness.Known(t, x.Setname.V, x)
			ours = append(ours, saved(x)...)
			tally.Field(x.Setname.V+" elements", x.Data.Elements, float64(len(all[x.Setname.V].elements)))
		}
		theirs := strings.Split(strings.TrimSpace(string(witness.Output(t, "ipset", "save"))), "\n")
		slices.Sort(ours)
		slices.Sort(theirs)
		for i := range max(len(ours), len(theirs)) {
			if i >= len(ours) || i >= len(theirs) || ours[i] != theirs[i] {
				tally.Errorf("ours:\n%s\nof ipset:\n%s", strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
				break
			}
			tally.Field("line", strings.Count(ours[i], " "), float64(strings.Count(theirs[i], " ")))
		}
	})
	compareXML(ctx, t, c, tally)
	tally.Report("sets")

	// A list of names, and one without elements.
	names, err := c.ListCollect(ctx, &ipset.ListDumpRequest{Protocol: version, Flags: nlattr.Some(ipset.CmdFlagsListSetname)})
	if err != nil || len(names) != len(all) || names[0].Data != nil || names[0].Adt != nil {
		t.Errorf("%d names, %v", len(names), err)
	}
	heads, err := c.ListCollect(ctx, &ipset.ListDumpRequest{Protocol: version, Flags: nlattr.Some(ipset.CmdFlagsListHeader)})
	if err != nil || len(heads) != len(all) || heads[0].Data == nil || heads[0].Adt != nil {
		t.Errorf("%d headers, %v", len(heads), err)
	}

	forceadd := 0
	for x, err := range c.ListDump(ctx, &ipset.ListDumpRequest{Protocol: version}) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Data.CadtFlags.V&ipset.CadtFlagsWithForceadd != 0 {
			forceadd++
		}
	}
	if forceadd != 1 {
		t.Errorf("%d sets have forceadd", forceadd)
	}

	for x, err := range c.SaveDump(ctx, &ipset.SaveDumpRequest{Protocol: version, Setname: nlattr.Some("c-hash-net")}) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Setname.V != "c-hash-net" || len(x.Adt.Data) != 2 {
			t.Errorf("save of one set: %+v", x)
		}
	}
	index, err := c.GetByname(ctx, &ipset.GetBynameRequest{Protocol: version, Setname: nlattr.Some("c-hash-net")})
	if err != nil {
		t.Fatal(err)
	}
	name, err := c.GetByindex(ctx, &ipset.GetByindexRequest{Protocol: version, Index: index.Index})
	if err != nil || name.Setname.V != "c-hash-net" {
		t.Errorf("by index %d: %+v, %v", index.Index.V, name, err)
	}
	head, err := c.Header(ctx, &ipset.HeaderRequest{Protocol: version, Setname: nlattr.Some("c-hash-net")})
	if err != nil || head.Typename.V != "hash:net" || head.Family.V != unix.AF_INET {
		t.Errorf("header: %+v, %v", head, err)
	}
}

// TestRanges adds ranges of ports and of second addresses.
func TestRanges(t *testing.T) {
	ctx, _, c := client(t)
	for _, tc := range []struct {
		typename string
		element  *ipset.AdtAttrs
		want     []string
	}{
		{"hash:net,port", &ipset.AdtAttrs{Ip: ip("10.0.0.0"), Cidr: u8(24), Port: u16(80), PortTo: u16(82), Proto: u8(unix.IPPROTO_TCP)},
			[]string{"10.0.0.0/24,tcp:80", "10.0.0.0/24,tcp:81", "10.0.0.0/24,tcp:82"}},
		{"hash:ip,port,net", &ipset.AdtAttrs{Ip: ip("10.0.0.1"), Port: u16(53), Proto: u8(unix.IPPROTO_UDP), Ip2: ip("10.1.0.0"), Ip2To: ip("10.1.2.255")},
			[]string{"10.0.0.1,udp:53,10.1.0.0/23", "10.0.0.1,udp:53,10.1.2.0/24"}},
	} {
		if err := create(ctx, c, "range", made{typename: tc.typename, family: unix.AF_INET}); err != nil {
			t.Fatal(err)
		}
		if err := c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: nlattr.Some("range"), Data: tc.element}, nlconn.Exclusive); err != nil {
			t.Fatal(err)
		}
		list, err := c.ListCollect(ctx, &ipset.ListDumpRequest{Protocol: version, Setname: nlattr.Some("range")})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d sets, %v", len(list), err)
		}
		lines := saved(list[0])
		theirs := strings.Split(strings.TrimSpace(string(witness.Output(t, "ipset", "save", "range"))), "\n")
		slices.Sort(lines)
		slices.Sort(theirs)
		if !slices.Equal(lines, theirs) {
			t.Errorf("ours:\n%s\nof ipset:\n%s", strings.Join(lines, "\n"), strings.Join(theirs, "\n"))
		}
		for i, want := range tc.want {
			if lines[i] != "add range "+want {
				t.Errorf("line %q, want %q", lines[i], want)
			}
		}
		if err := c.Destroy(ctx, &ipset.DestroyRequest{Protocol: version, Setname: nlattr.Some("range")}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMany adds thousands of elements with few messages, reads them back, swaps, renames, flushes.
func TestMany(t *testing.T) {
	ctx, conn, c := client(t)
	const elements, each = 20000, 500
	net4 := made{typename: "hash:ip", family: unix.AF_INET, data: ipset.CreateAttrs{Maxelem: u32(elements)}}
	for _, name := range []string{"one", "two"} {
		if err := create(ctx, c, name, net4); err != nil {
			t.Fatal(err)
		}
	}
	batch := conn.NewBatch(ipset.Family.Protocol)
	for i := 0; i < elements; i += each {
		req := &ipset.AddRequest{Protocol: version, Setname: nlattr.Some("one"), Lineno: u32(0), Adt: new(ipset.AdtListAttrs)}
		for n := i; n < i+each; n++ {
			a := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
			req.Adt.Data = append(req.Adt.Data, ipset.AdtAttrs{Ip: &ipset.IpaddrAttrs{Ipv4: nlattr.Some(a)}, Lineno: u32(uint32(n))})
		}
		batch.Add(ctx, &ipset.OpAdd, req)
	}
	if err := batch.Do(ctx); err != nil {
		t.Fatal(err)
	}
	count := func(name string) (n, messages int) {
		seen := map[netip.Addr]bool{}
		for x, err := range c.ListDump(ctx, &ipset.ListDumpRequest{Protocol: version, Setname: nlattr.Some(name)}) {
			if err != nil {
				t.Fatal(err)
			}
			messages++
			if x.Adt == nil {
				continue
			}
			for _, e := range x.Adt.Data {
				seen[e.Ip.Ipv4.V] = true
			}
		}
		return len(seen), messages
	}
	n, messages := count("one")
	if n != elements || messages < 2 {
		t.Errorf("%d elements in %d messages, want %d in several", n, messages, elements)
	}
	pair := func(a, b string) (nlattr.Opt[string], nlattr.Opt[string]) { return nlattr.Some(a), nlattr.Some(b) }
	swap := &ipset.SwapRequest{Protocol: version}
	swap.Setname, swap.Setname2 = pair("one", "two")
	if err := c.Swap(ctx, swap); err != nil {
		t.Fatal(err)
	}
	rename := &ipset.RenameRequest{Protocol: version}
	rename.Setname, rename.Setname2 = pair("two", "three")
	if err := c.Rename(ctx, rename); err != nil {
		t.Fatal(err)
	}
	if n, _ := count("three"); n != elements {
		t.Errorf("after swap and rename there are %d elements", n)
	}
	del := &ipset.DelRequest{Protocol: version, Setname: nlattr.Some("three"), Data: &ipset.AdtAttrs{Ip: ip("10.0.0.0"), IpTo: ip("10.0.0.255")}}
	if err := c.Del(ctx, del); err != nil {
		t.Fatal(err)
	}
	if n, _ := count("three"); n != elements-256 {
		t.Errorf("after a range is removed there are %d elements", n)
	}
	if err := c.Flush(ctx, &ipset.FlushRequest{Protocol: version, Setname: nlattr.Some("three")}); err != nil {
		t.Fatal(err)
	}
	if n, _ := count("three"); n != 0 {
		t.Errorf("after flush there are %d elements", n)
	}
}

// TestRefusals makes the kernel refuse requests: its own errors have numbers and names of their own.
func TestRefusals(t *testing.T) {
	ctx, _, c := client(t)
	if err := create(ctx, c, "there", made{typename: "hash:ip", family: unix.AF_INET}); err != nil {
		t.Fatal(err)
	}
	there := nlattr.Some("there")
	elem := &ipset.AdtAttrs{Ip: ip("10.0.0.1")}
	if err := c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: there, Data: elem}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		name string
		call func() error
		want ipset.Error
	}{
		{"element that is there", func() error {
			return c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: there, Data: elem}, nlconn.Exclusive)
		}, ipset.ErrorExist},
		{"element that is not there", func() error {
			return c.Test(ctx, &ipset.TestRequest{Protocol: version, Setname: there, Data: &ipset.AdtAttrs{Ip: ip("10.0.0.2")}})
		}, ipset.ErrorExist},
		{"no such type", func() error {
			return c.Create(ctx, &ipset.CreateRequest{Protocol: version, Setname: nlattr.Some("x"), Typename: nlattr.Some("hash:nothing"),
				Revision: u8(0), Family: u8(unix.AF_INET), Data: &ipset.CreateAttrs{}})
		}, ipset.ErrorFindType},
		{"timeout in a set without", func() error {
			return c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: there, Data: &ipset.AdtAttrs{Ip: ip("10.0.0.3"), Timeout: u32(5)}})
		}, ipset.ErrorTimeout},
		{"IPv6 in a set for IPv4", func() error {
			return c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: there, Data: &ipset.AdtAttrs{Ip: ip("2001:db8::1")}})
		}, ipset.ErrorProtocol},
		{"an address that does not say its byte order", func() error {
			return c.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: there, Data: &ipset.AdtAttrs{Ip: &ipset.IpaddrAttrs{
				Unknown: []nlattr.Attr{{Type: ipset.AttrIpaddrIpv4, Data: []byte{10, 0, 0, 9}}}}}})
		}, ipset.ErrorProtocol},
	} {
		err := r.call()
		var e *nlmsg.Error
		if !errors.As(err, &e) || ipset.Error(e.Errno) != r.want {
			t.Errorf("%s: %v, want %v", r.name, err, r.want)
		} else if text := fmt.Sprint(err); !strings.Contains(text, fmt.Sprint(uint32(r.want))) {
			t.Errorf("%s: %q does not tell the number %d", r.name, text, uint32(r.want))
		}
	}
	gone := nlattr.Some("nothing")
	if err := c.Flush(ctx, &ipset.FlushRequest{Protocol: version, Setname: gone}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("flush of no set: %v", err)
	}
	bad := &ipset.FlushRequest{Protocol: u8(1), Setname: there}
	var e *nlmsg.Error
	if err := c.Flush(ctx, bad); !errors.As(err, &e) || ipset.Error(e.Errno) != ipset.ErrorProtocol {
		t.Errorf("protocol 1: %v", err)
	}
}
