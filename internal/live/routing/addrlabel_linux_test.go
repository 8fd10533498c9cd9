package routing

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddrlabel"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// labels lists the labels.
func labels(n *witness.Namespace, client *rtaddrlabel.Client) []*rtaddrlabel.GetaddrlabelReply {
	n.T.Helper()
	list, err := client.GetaddrlabelCollect(n.Ctx, &rtaddrlabel.GetaddrlabelDumpRequest{Header: rtaddrlabel.Ifaddrlblmsg{IfalFamily: unix.AF_INET6}})
	if err != nil {
		n.T.Fatal(err)
	}
	for _, l := range list {
		witness.Known(n.T, "label", l)
		if l.Header.IfalFamily != unix.AF_INET6 || l.Header.IfalFlags != 0 || l.Header.IfalSeq != list[0].Header.IfalSeq {
			n.T.Errorf("%v: header %+v", l.Address, l.Header)
		}
	}
	return list
}

// compareLabels compares all labels with what ip prints, in the order of the kernel.
func compareLabels(n *witness.Namespace, c *witness.Tally, client *rtaddrlabel.Client) {
	n.T.Helper()
	ours, theirs := labels(n, client), witness.IP(n.T, "addrlabel")
	if len(ours) != len(theirs) {
		c.Errorf("we see %d labels, ip %d", len(ours), len(theirs))
		return
	}
	links := map[uint32]string{}
	for name, link := range n.Dump() {
		links[uint32(link.Header.IfiIndex)] = name
	}
	view := witness.View[*rtaddrlabel.GetaddrlabelReply]{
		"address":   func(x *rtaddrlabel.GetaddrlabelReply) any { return addressText(x.Address.V) },
		"prefixlen": func(x *rtaddrlabel.GetaddrlabelReply) any { return x.Header.IfalPrefixlen },
		"ifname":    func(x *rtaddrlabel.GetaddrlabelReply) any { return links[x.Header.IfalIndex] },
		"dev":       func(x *rtaddrlabel.GetaddrlabelReply) any { return links[x.Header.IfalIndex] },
	}
	for i := range ours {
		witness.Compare(c, fmt.Sprintf("%v/%v", theirs[i]["address"], theirs[i]["prefixlen"]), ours[i], view, theirs[i])
	}
}

// addressText is an address as inet_ntop prints it, which knows no short form of a mapped zero.
func addressText(a netip.Addr) any {
	return witness.OneOf{a.String(), "::ffff:" + a.Unmap().String()}
}

// TestAddressLabels makes, changes, reads and removes labels.
func TestAddressLabels(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtaddrlabel.New(n.Conn)
	link := n.Plain("label0")
	header := func(length uint8, index int32) rtaddrlabel.Ifaddrlblmsg {
		return rtaddrlabel.Ifaddrlblmsg{IfalFamily: unix.AF_INET6, IfalPrefixlen: length, IfalIndex: uint32(index)}
	}
	before := len(labels(n, client))
	cases := []*rtaddrlabel.NewaddrlabelRequest{
		{Header: header(32, 0), Address: addr("2001:db8::"), Label: u32(99)},
		{Header: header(48, 0), Address: addr("2001:db8:1::"), Label: u32(4294967294)},
		{Header: header(48, link.Header.IfiIndex), Address: addr("2001:db8:1::"), Label: u32(100)},
		{Header: header(128, 0), Address: addr("2001:db8:2::7"), Label: u32(0)},
	}
	for _, req := range cases {
		if err := client.Newaddrlabel(n.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%v: %v", req.Address.V, err)
		}
		if err := client.Newaddrlabel(n.Ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, os.ErrExist) {
			t.Errorf("%v again: %v", req.Address.V, err)
		}
		t.Cleanup(func() {
			_ = client.Deladdrlabel(n.Ctx, &rtaddrlabel.DeladdrlabelRequest{Header: req.Header, Address: req.Address})
		})
	}
	find := func(req *rtaddrlabel.NewaddrlabelRequest) *rtaddrlabel.GetaddrlabelReply {
		for _, l := range labels(n, client) {
			h := l.Header
			h.IfalSeq = 0
			if h == req.Header && l.Address == req.Address {
				return l
			}
		}
		return nil
	}
	for _, req := range cases {
		got := find(req)
		if got == nil {
			t.Fatalf("%v: not in the dump", req.Address.V)
		}
		c.Within(req.Address.V.String(), req, got, "IfalSeq")
	}
	compareLabels(n, c, client)

	// The do finds the label of the longest prefix.
	for _, l := range []struct {
		address string
		index   int32
		length  uint8
		label   uint32
	}{
		{"2001:db8::1", 0, 32, 99}, {"2001:db8:1::1", 0, 48, 4294967294}, {"2001:db8:1::1", link.Header.IfiIndex, 48, 100},
		{"2001:db8:2::7", 0, 128, 0},
	} {
		got, err := client.Getaddrlabel(n.Ctx, &rtaddrlabel.GetaddrlabelRequest{Header: header(128, l.index), Address: addr(l.address)})
		if err != nil {
			t.Errorf("%v: %v", l.address, err)
			continue
		}
		c.Fields += 2
		if got.Label != u32(l.label) || got.Header.IfalPrefixlen != l.length {
			t.Errorf("%v: %+v, want the label %d of %d bits", l.address, got, l.label, l.length)
		}
	}

	// Change one, remove all.
	seq := labels(n, client)[0].Header.IfalSeq
	cases[0].Label = u32(7)
	if err := client.Newaddrlabel(n.Ctx, cases[0], nlconn.Create, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	if got := find(cases[0]); got == nil || got.Label != u32(7) || got.Header.IfalSeq <= seq {
		t.Errorf("after a change: %+v; the counter was %d", got, seq)
	}
	compareLabels(n, c, client)
	for _, req := range cases {
		del := &rtaddrlabel.DeladdrlabelRequest{Header: req.Header, Address: req.Address, Label: u32(1)}
		if err := client.Deladdrlabel(n.Ctx, del); err != nil {
			t.Errorf("%v: %v", req.Address.V, err)
		}
		if err := client.Deladdrlabel(n.Ctx, del); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%v again: %v", req.Address.V, err)
		}
	}
	if after := len(labels(n, client)); after != before {
		t.Errorf("there were %d labels, there are %d", before, after)
	}
	c.Report("labels")
}

func TestAddressLabelRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	client := rtaddrlabel.New(n.Conn)
	header := rtaddrlabel.Ifaddrlblmsg{IfalFamily: unix.AF_INET6, IfalPrefixlen: 64}
	set := func(h rtaddrlabel.Ifaddrlblmsg, address string, label nlattr.Opt[uint32]) func() error {
		return func() error {
			req := &rtaddrlabel.NewaddrlabelRequest{Header: h, Label: label}
			if address != "" {
				req.Address = addr(address)
			}
			return client.Newaddrlabel(n.Ctx, req, nlconn.Create, nlconn.NoValidate)
		}
	}
	get := func(h rtaddrlabel.Ifaddrlblmsg, address string) func() error {
		return func() error {
			_, err := client.Getaddrlabel(n.Ctx, &rtaddrlabel.GetaddrlabelRequest{Header: h, Address: addr(address)}, nlconn.NoValidate)
			return err
		}
	}
	long, other := header, header
	long.IfalPrefixlen, other.IfalIndex = 129, 1<<20
	for _, r := range []refusal{
		{"no address", set(header, "", u32(1)), syscall.EINVAL, `rt-addrlabel: newaddrlabel: EINVAL: invalid argument`},
		{"no label", set(header, "2001:db8::", nlattr.Opt[uint32]{}), syscall.EINVAL, `rt-addrlabel: newaddrlabel: EINVAL: invalid argument`},
		{"a label that means none", set(header, "2001:db8::", u32(0xffffffff)), syscall.EINVAL, `rt-addrlabel: newaddrlabel: EINVAL: invalid argument`},
		{"a prefix that is too long", set(long, "2001:db8::", u32(1)), syscall.EINVAL, `rt-addrlabel: newaddrlabel: EINVAL: invalid argument`},
		{"no such link", set(other, "2001:db8::", u32(1)), syscall.EINVAL, `rt-addrlabel: newaddrlabel: EINVAL: invalid argument`},
		{"an address of 4 bytes", set(header, "192.0.2.1", u32(1)), syscall.ERANGE, `rt-addrlabel: newaddrlabel: ERANGE: "Attribute failed policy validation" [attribute address]`},
		{"the label of a prefix", get(header, "2001:db8::"), syscall.EINVAL, `rt-addrlabel: getaddrlabel: EINVAL: invalid argument`},
		{"the label on a link that is not there", get(other, "2001:db8::"), syscall.EINVAL, `rt-addrlabel: getaddrlabel: EINVAL: invalid argument`},
		{"a filter of a dump", func() error {
			_, err := client.GetaddrlabelCollect(n.Ctx, &rtaddrlabel.GetaddrlabelDumpRequest{Header: header})
			return err
		}, syscall.EINVAL, `rt-addrlabel: getaddrlabel: EINVAL: "ipv6: Invalid values in header for address label dump request"|rt-addrlabel: getaddrlabel: EINVAL: "Invalid values in header for address label dump request"`},
	} {
		r.check(t)
	}
}
