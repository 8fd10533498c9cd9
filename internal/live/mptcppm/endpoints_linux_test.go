package mptcppm

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/mptcppm"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// endpoint is how ip mptcp endpoint prints one.
func endpoint(link string) witness.View[*mptcppm.AddressAttrs] {
	flag := func(f mptcppm.AddrFlags) func(*mptcppm.AddressAttrs) any {
		return func(x *mptcppm.AddressAttrs) any { return x.Flags.V&f != 0 }
	}
	return witness.View[*mptcppm.AddressAttrs]{
		"address": func(x *mptcppm.AddressAttrs) any {
			if x.Addr4.OK {
				return x.Addr4
			}
			return x.Addr6
		},
		// The flags that ip has no names for, in hexadecimal.
		"rawflags": func(x *mptcppm.AddressAttrs) any {
			return fmt.Sprintf("%x", uint32(x.Flags.V&(mptcppm.AddrFlagsImplicit|mptcppm.AddrFlagsLaminar)))
		},
		"dev":      func(*mptcppm.AddressAttrs) any { return link },
		"signal":   flag(mptcppm.AddrFlagsSignal),
		"subflow":  flag(mptcppm.AddrFlagsSubflow),
		"backup":   flag(mptcppm.AddrFlagsBackup),
		"fullmesh": flag(mptcppm.AddrFlagsFullmesh),
	}
}

// TestEndpoints adds endpoints with every attribute that there is, reads them one by one and all together, compares them with what ip
// shows, changes their flags, and deletes them.
func TestEndpoints(t *testing.T) {
	n, client := newNamespace(t)
	lo := n.Link("lo").Header.IfiIndex
	v4, v6 := hosts[unix.AF_INET], hosts[unix.AF_INET6]
	port, bound, mesh, numbered := address(unix.AF_INET, v4[0]), address(unix.AF_INET, v4[1]), address(unix.AF_INET6, v6[0]), address(unix.AF_INET6, v6[1])
	port.ID, port.Port, port.Flags = nlattr.Some(uint8(7)), nlattr.Some(uint16(1234)), nlattr.Some(mptcppm.AddrFlagsSignal)
	bound.IfIdx, bound.Flags = nlattr.Some(lo), nlattr.Some(mptcppm.AddrFlagsSubflow|mptcppm.AddrFlagsBackup)
	mesh.Flags = nlattr.Some(mptcppm.AddrFlagsSubflow | mptcppm.AddrFlagsFullmesh)
	numbered.ID, numbered.Flags = nlattr.Some(uint8(200)), nlattr.Some(mptcppm.AddrFlagsSubflow|mptcppm.AddrFlagsSignal)
	want := []*mptcppm.AddressAttrs{port, bound, mesh, numbered}

	laminar := address(unix.AF_INET, v4[0].Next().Next())
	laminar.Flags = nlattr.Some(mptcppm.AddrFlagsSubflow | mptcppm.AddrFlagsLaminar)
	if err := client.AddAddr(n.Ctx, &mptcppm.AddAddrRequest{Addr: laminar}); err == nil {
		want = append(want, laminar)
	} else {
		t.Logf("no laminar endpoints: %v", err)
	}
	for _, a := range want[:4] {
		if err := client.AddAddr(n.Ctx, &mptcppm.AddAddrRequest{Addr: a}); err != nil {
			t.Fatal(err)
		}
	}
	c := witness.NewTally(t)
	read := func() map[string]*mptcppm.AddressAttrs {
		all, err := client.GetAddrCollect(n.Ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]*mptcppm.AddressAttrs{}
		for _, x := range all {
			witness.Known(t, "endpoint", x)
			got[x.Addr.Addr4.V.String()+x.Addr.Addr6.V.String()] = x.Addr
			one, err := client.GetAddr(n.Ctx, &mptcppm.GetAddrRequest{Addr: &mptcppm.AddressAttrs{ID: x.Addr.ID}})
			if err != nil {
				t.Fatal(err)
			}
			c.Within("do", x.Addr, one.Addr)
		}
		theirs := witness.IP(t, "mptcp", "endpoint")
		if len(theirs) != len(all) {
			c.Errorf("we see %d endpoints, ip %d", len(all), len(theirs))
			return got
		}
		for i, x := range all {
			witness.Compare(c, x.Addr.Addr4.V.String(), x.Addr, endpoint("lo"), theirs[i])
			if f := x.Addr.Flags.V; f&mptcppm.AddrFlagsSubflow == 0 != (theirs[i]["subflow"] == nil) || f&mptcppm.AddrFlagsSignal == 0 != (theirs[i]["signal"] == nil) {
				c.Errorf("flags are %v, ip shows %v", f, theirs[i])
			}
		}
		return got
	}
	got := read()
	for _, a := range want {
		key := a.Addr4.V.String() + a.Addr6.V.String()
		if got[key] == nil {
			t.Fatalf("%s is not among the endpoints", key)
		}
		if a == laminar && got[key].Flags.V == mptcppm.AddrFlagsSubflow {
			t.Log("this kernel takes no notice of the flag laminar")
			a.Flags = got[key].Flags
		}
		c.Within(key, a, got[key])
	}

	// Flags, by number and by address.
	bound.ID = got[bound.Addr4.V.String()+"invalid IP"].ID
	by := &mptcppm.AddressAttrs{ID: bound.ID, Flags: nlattr.Some(mptcppm.AddrFlagsFullmesh)}
	if err := client.SetFlags(n.Ctx, &mptcppm.SetFlagsRequest{Addr: by}); err != nil {
		t.Fatal(err)
	}
	named := address(unix.AF_INET6, v6[0])
	named.Flags = nlattr.Some(mptcppm.AddrFlagsBackup)
	if err := client.SetFlags(n.Ctx, &mptcppm.SetFlagsRequest{Addr: named}); err != nil {
		t.Fatal(err)
	}
	got = read()
	c.Field("flags of "+v4[1].String(), got[v4[1].String()+"invalid IP"].Flags, "subflow|fullmesh")
	c.Field("flags of "+v6[0].String(), got["invalid IP"+v6[0].String()].Flags, "subflow|backup")

	if err := client.DelAddr(n.Ctx, &mptcppm.DelAddrRequest{Addr: &mptcppm.AddressAttrs{ID: port.ID}}); err != nil {
		t.Fatal(err)
	}
	if got = read(); len(got) != len(want)-1 {
		t.Errorf("%d endpoints are left of %d", len(got), len(want))
	}
	if err := client.FlushAddrs(n.Ctx, &mptcppm.FlushAddrsRequest{}); err != nil {
		t.Fatal(err)
	}
	if got = read(); len(got) != 0 {
		t.Errorf("%d endpoints are left after all were deleted", len(got))
	}
	c.Report("endpoints")
}

func TestLimits(t *testing.T) {
	n, client := newNamespace(t)
	c := witness.NewTally(t)
	for _, want := range []*mptcppm.SetLimitsRequest{
		{RcvAddAddrs: nlattr.Some(uint32(3)), Subflows: nlattr.Some(uint32(5))},
		{Subflows: nlattr.Some(uint32(8))},
		{RcvAddAddrs: nlattr.Some(uint32(0)), Subflows: nlattr.Some(uint32(0))},
	} {
		if err := client.SetLimits(n.Ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := client.GetLimits(n.Ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Within("limits", want, got)
		// ip prints no JSON here.
		ours := fmt.Sprintf("add_addr_accepted %d subflows %d", got.RcvAddAddrs.V, got.Subflows.V)
		c.Field("limits", ours, strings.TrimSpace(string(witness.Output(t, "ip", "mptcp", "limits"))))
	}
	c.Report("limits")
}

// TestRefusals has the kernel refuse requests; what it says must arrive whole.
func TestRefusals(t *testing.T) {
	n, client := newNamespace(t)
	v4 := hosts[unix.AF_INET]
	there := address(unix.AF_INET, v4[0])
	there.Flags = nlattr.Some(mptcppm.AddrFlagsSubflow)
	if err := client.AddAddr(n.Ctx, &mptcppm.AddAddrRequest{Addr: there}); err != nil {
		t.Fatal(err)
	}
	add := func(change func(*mptcppm.AddressAttrs)) error {
		a := address(unix.AF_INET, v4[1])
		change(a)
		return client.AddAddr(n.Ctx, &mptcppm.AddAddrRequest{Addr: a}, nlconn.NoValidate)
	}
	for _, r := range []struct {
		name  string
		err   error
		errno syscall.Errno
		want  string
	}{
		{"address that is taken", client.AddAddr(n.Ctx, &mptcppm.AddAddrRequest{Addr: there}), syscall.EEXIST, `mptcp_pm: add-addr: EEXIST: "too many addresses or duplicate one: -17"`},
		{"family that is none", add(func(a *mptcppm.AddressAttrs) { a.Family = nlattr.Some(uint16(99)) }), syscall.EINVAL,
			`mptcp_pm: add-addr: EINVAL: "unknown address family" [attribute addr]`},
		{"no address", add(func(a *mptcppm.AddressAttrs) { a.Addr4 = nlattr.Opt[netip.Addr]{} }), syscall.EINVAL,
			`mptcp_pm: add-addr: EINVAL: "missing address data" [attribute addr]`},
		{"signal and fullmesh", add(func(a *mptcppm.AddressAttrs) {
			a.Flags = nlattr.Some(mptcppm.AddrFlagsSignal | mptcppm.AddrFlagsFullmesh)
		}), syscall.EINVAL, `mptcp_pm: add-addr: EINVAL: "flags mustn't have both signal and fullmesh"`}, // newer kernels name the attribute
		{"port without signal", add(func(a *mptcppm.AddressAttrs) {
			a.Port, a.Flags = nlattr.Some(uint16(5)), nlattr.Some(mptcppm.AddrFlagsSubflow)
		}), syscall.EINVAL, `mptcp_pm: add-addr: EINVAL: "flags must have signal`},
		{"nothing", client.AddAddr(n.Ctx, nil), syscall.EINVAL, `mptcp_pm: add-addr: EINVAL`},
		{"limit that is too high", client.SetLimits(n.Ctx, &mptcppm.SetLimitsRequest{Subflows: nlattr.Some(uint32(9))}), syscall.EINVAL,
			`mptcp_pm: set-limits: EINVAL: "limit greater than maximum`},
		{"endpoint that is not there", client.DelAddr(n.Ctx, &mptcppm.DelAddrRequest{Addr: &mptcppm.AddressAttrs{ID: nlattr.Some(uint8(99))}}),
			syscall.EINVAL, `mptcp_pm: del-addr: EINVAL: "address not found"`},
		{"connection that is not there", client.Remove(n.Ctx, &mptcppm.RemoveRequest{
			Token: nlattr.Some(uint32(1)), LocID: nlattr.Some(uint8(1)),
		}), syscall.EINVAL, `mptcp_pm: remove: EINVAL: "invalid token`},
	} {
		t.Run(r.name, func(t *testing.T) {
			if !errors.Is(r.err, r.errno) || !strings.HasPrefix(r.err.Error(), r.want) {
				t.Errorf("the kernel says %v, not %s", r.err, r.want)
			}
		})
	}
	if _, err := client.GetAddr(n.Ctx, &mptcppm.GetAddrRequest{Addr: &mptcppm.AddressAttrs{ID: nlattr.Some(uint8(99))}}); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("an endpoint that is not there: %v", err)
	}
}
