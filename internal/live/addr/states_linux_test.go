package addr

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestAddressStates makes an address before anybody has said that it is free, one that somebody else has, and those of lo, and compares
// every field with what ip prints.
func TestAddressStates(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("addr0", "addr1")
	n.Up(n.Link("lo"), link, peer)
	client := rtaddr.New(n.Conn)
	index := uint32(link.Header.IfiIndex)
	add := func(index uint32, address string, flags rtaddr.IfaFlags) {
		t.Helper()
		if err := client.Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
			Header:  rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64, IfaIndex: index},
			Address: addr(address), Flags: nlattr.Some(flags), Proto: nlattr.Some(rtaddr.IfaProtoUnspec),
		}, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/addr0/optimistic_dad", []byte("1"), 0); err != nil {
		t.Log("no optimism: ", err)
	}
	add(index, "2001:db8::1", rtaddr.IfaFlagsOptimistic)
	add(uint32(peer.Header.IfiIndex), "2001:db8::2", rtaddr.IfaFlagsNodad)
	add(index, "2001:db8::2", 0)
	witness.Await(t, "somebody else's answer", func() bool {
		return addresses(n, client, index)[addr("2001:db8::2").V].Flags.V&rtaddr.IfaFlagsDadfailed != 0
	})
	c.Steady(func(c *witness.Tally) {
		compareAddresses(n, c, client, "addr0", 2)
		compareAddresses(n, c, client, "lo", 2)
	})
	for a, x := range addresses(n, client, 1) {
		if a.Is6() && x.Proto.V != rtaddr.IfaProtoKernelLo {
			t.Errorf("%v was made by %v", a, x.Proto)
		}
	}
	c.Report("states of addresses")
}

// TestGroupEvents joins and leaves groups, and makes an anycast address and removes it, and reads what the kernel tells of it.
func TestGroupEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := rtaddr.New(n.Conn)
	link, peer := n.Veth("addr0", "addr1")
	n.Up(link, peer)
	on := &rtaddr.NewaddrRequest{
		Header:  rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64, IfaIndex: uint32(link.Header.IfiIndex)},
		Address: addr("2001:db8::1"), Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
	}
	if err := client.Newaddr(n.Ctx, on, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	sub, err := client.Subscribe(ctx, rtaddr.GroupIpv4Mcaddr, rtaddr.GroupIpv6Mcaddr, rtaddr.GroupIpv6Acaddr)
	if errors.Is(err, syscall.EINVAL) {
		t.Skip("Linux 6.13 and later tell of groups: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	index := link.Header.IfiIndex
	var steps []witness.Step[rtaddr.Event]
	add := func(name string, do func() error, is func(ev rtaddr.Event) bool) {
		steps = append(steps, witness.NewStep(name, do, func(ev rtaddr.Event) error {
			if is(ev) {
				return nil
			}
			return witness.ErrOther
		}))
	}
	four, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(four)
	six, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(six)
	group4 := &unix.IPMreqn{Multiaddr: [4]byte{239, 1, 2, 3}, Ifindex: index}
	group6 := &unix.IPv6Mreq{Multiaddr: addr("ff0e::77").V.As16(), Interface: uint32(index)}
	any6 := &unix.IPv6Mreq{Multiaddr: addr("2001:db8::7").V.As16(), Interface: uint32(index)}
	const joinAnycast, leaveAnycast = 27, 28 // IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST
	add("join IPv4", func() error { return unix.SetsockoptIPMreqn(four, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, group4) }, func(ev rtaddr.Event) bool {
		x, ok := ev.(*rtaddr.NewmulticastNtf)
		return ok && x.Multicast == addr("239.1.2.3") && x.Header.IfaIndex == uint32(index)
	})
	add("leave IPv4", func() error { return unix.SetsockoptIPMreqn(four, unix.IPPROTO_IP, unix.IP_DROP_MEMBERSHIP, group4) }, func(ev rtaddr.Event) bool {
		x, ok := ev.(*rtaddr.DelmulticastNtf)
		return ok && x.Multicast == addr("239.1.2.3") && x.Header.IfaIndex == uint32(index)
	})
	add("join IPv6", func() error { return unix.SetsockoptIPv6Mreq(six, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, group6) }, func(ev rtaddr.Event) bool {
		x, ok := ev.(*rtaddr.NewmulticastNtf)
		return ok && x.Multicast == addr("ff0e::77") && x.Header.IfaIndex == uint32(index)
	})
	add("leave IPv6", func() error { return unix.SetsockoptIPv6Mreq(six, unix.IPPROTO_IPV6, unix.IPV6_LEAVE_GROUP, group6) }, func(ev rtaddr.Event) bool {
		x, ok := ev.(*rtaddr.DelmulticastNtf)
		return ok && x.Multicast == addr("ff0e::77") && x.Header.IfaIndex == uint32(index)
	})
	add("join anycast", func() error { return unix.SetsockoptIPv6Mreq(six, unix.IPPROTO_IPV6, joinAnycast, any6) }, func(ev rtaddr.Event) bool {
		x, ok := ev.(*rtaddr.NewanycastNtf)
		return ok && x.Anycast == addr("2001:db8::7") && x.Header.IfaIndex == uint32(index)
	})
	add("leave anycast", func() error { return unix.SetsockoptIPv6Mreq(six, unix.IPPROTO_IPV6, leaveAnycast, any6) }, func(ev rtaddr.Event) bool {
		x, ok := ev.(*rtaddr.DelanycastNtf)
		return ok && x.Anycast == addr("2001:db8::7") && x.Header.IfaIndex == uint32(index)
	})
	witness.Play(t, ctx, sub.All(ctx), steps)
}
