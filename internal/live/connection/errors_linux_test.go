package connection

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

func u16(n uint16) nlattr.Opt[uint16]         { return nlattr.Some(n) }
func u32(n uint32) nlattr.Opt[uint32]         { return nlattr.Some(n) }
func addr(text string) nlattr.Opt[netip.Addr] { return nlattr.Some(netip.MustParseAddr(text)) }

// TestRefusals makes the kernel refuse requests. They are sent without looking at them, so that it is the kernel that speaks; its words
// and the attribute that it blames must arrive.
func TestRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Plain("there0")
	there := n.Link("there0").Header.IfiIndex
	addrs, routes, families := rtaddr.New(n.Conn), rtroute.New(n.Conn), nlctrl.New(n.Conn)
	header := rtlink.Ifinfomsg{IfiIndex: there}
	newlink := func(req *rtlink.NewlinkRequest) error {
		if req.Header.IfiIndex == 0 && !req.Ifname.OK {
			req.Ifname = nlattr.Some("refused0")
		}
		return n.Links.Newlink(n.Ctx, req, nlconn.Create, nlconn.Exclusive, nlconn.NoValidate)
	}
	kind := func(data rtlink.LinkinfoDataMsg) *rtlink.LinkinfoAttrs { return &rtlink.LinkinfoAttrs{Data: data} }
	to := func(dst string, change func(r *rtroute.NewrouteRequest)) *rtroute.NewrouteRequest {
		r := &rtroute.NewrouteRequest{
			Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 24, RtmTable: rtroute.RtTableMain, RtmType: rtroute.RtmTypeUnicast}, Dst: addr(dst),
		}
		change(r)
		return r
	}
	v4 := rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: uint32(there)}

	for _, r := range []struct {
		name  string
		call  func() error
		errno syscall.Errno
		want  string // as in witness.Refused
	}{
		{"unknown kind", func() error {
			return newlink(&rtlink.NewlinkRequest{Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("nokind")}})
		}, syscall.EOPNOTSUPP, `rt-link: newlink: EOPNOTSUPP: "Unknown device type"`},
		{"no kind", func() error {
			return newlink(&rtlink.NewlinkRequest{Linkinfo: &rtlink.LinkinfoAttrs{}})
		}, syscall.EOPNOTSUPP, `rt-link: newlink: EOPNOTSUPP: "Unknown device type"`},
		{"vxlan id out of range", func() error {
			return newlink(&rtlink.NewlinkRequest{Linkinfo: kind(&rtlink.LinkinfoVxlanAttrs{ID: u32(1 << 24)})})
		}, syscall.ERANGE, `rt-link: newlink: ERANGE: "VXLAN ID must be lower than 16777216" [attribute linkinfo.data.id]`},
		{"vxlan port range upside down", func() error {
			return newlink(&rtlink.NewlinkRequest{Linkinfo: kind(&rtlink.LinkinfoVxlanAttrs{
				ID: u32(5), PortRange: nlattr.Some(rtlink.IflaVxlanPortRange{Low: 9, High: 5}),
			})})
		}, syscall.EINVAL, `rt-link: newlink: EINVAL: "Invalid source port range" [attribute linkinfo.data.port-range]`},
		{"vlan id out of range", func() error {
			return newlink(&rtlink.NewlinkRequest{Link: u32(uint32(there)), Linkinfo: kind(&rtlink.LinkinfoVlanAttrs{ID: u16(4096)})})
		}, syscall.ERANGE, `rt-link: newlink: ERANGE: "8021q: Invalid VLAN id"`},
		{"vlan without a lower link", func() error {
			return newlink(&rtlink.NewlinkRequest{Linkinfo: kind(&rtlink.LinkinfoVlanAttrs{ID: u16(5)})})
		}, syscall.EINVAL, `rt-link: newlink: EINVAL: "8021q: link not specified"`},
		{"name that is taken", func() error {
			return newlink(&rtlink.NewlinkRequest{Ifname: nlattr.Some("there0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")}})
		}, syscall.EEXIST, "rt-link: newlink: EEXIST: file exists"},
		{"bad name", func() error {
			return newlink(&rtlink.NewlinkRequest{
				Ifname: nlattr.Some("a name that is too long"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")},
			})
		}, syscall.ERANGE, `rt-link: newlink: ERANGE: "Attribute failed policy validation" [attribute ifname, policy string up to 15 bytes]`},
		{"name that cannot be", func() error {
			return newlink(&rtlink.NewlinkRequest{Ifname: nlattr.Some("a/b"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")}})
		}, syscall.EINVAL, "rt-link: newlink: EINVAL: invalid argument"},
		{"master that is no link", func() error {
			return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, Master: u32(1 << 20)})
		}, syscall.EINVAL, "rt-link: setlink: EINVAL: invalid argument"},
		{"master that takes no ports", func() error {
			return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, Master: u32(1)})
		}, syscall.EOPNOTSUPP, "rt-link: setlink: EOPNOTSUPP: operation not supported"},
		{"link that does not exist", func() error {
			return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 1 << 20}, Mtu: u32(1500)})
		}, syscall.ENODEV, "rt-link: setlink: ENODEV: no such device"},
		{"delete what does not exist", func() error {
			return n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("missing0")})
		}, syscall.ENODEV, "rt-link: dellink: ENODEV: no such device"},
		{"set without a link", func() error {
			return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Mtu: u32(1500)})
		}, syscall.EINVAL, "rt-link: setlink: EINVAL: invalid argument"},
		{"get without a link", func() error {
			_, err := n.Links.Getlink(n.Ctx, nil)
			return err
		}, syscall.EINVAL, "rt-link: getlink: EINVAL: invalid argument"},
		{"dump of one link", func() error {
			_, err := n.Links.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{Header: header})
			return err
		}, syscall.EINVAL, `rt-link: getlink: EINVAL: "Filter by device index not supported for link dumps"`},
		{"hardware address of the wrong length", func() error {
			return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, Address: []byte{2, 0, 0}}, nlconn.NoValidate)
		}, syscall.EINVAL, "rt-link: setlink: EINVAL: invalid argument"},

		{"address of the wrong length", func() error {
			return addrs.Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
				Header: v4, Unknown: []nlattr.Attr{{Type: rtaddr.AttrAddrLocal, Data: []byte{192, 0, 2}}},
			}, nlconn.Create, nlconn.NoValidate)
		}, syscall.ERANGE, `rt-addr: newaddr: ERANGE: "Attribute failed policy validation" [attribute local, policy u32 0..4294967295]`},
		{"address without a link", func() error {
			return addrs.Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
				Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24}, Local: addr("192.0.2.1"),
			}, nlconn.Create)
		}, syscall.ENODEV, `rt-addr: newaddr: ENODEV: "ipv4: Device not found"`},
		{"address without an address", func() error {
			return addrs.Newaddr(n.Ctx, &rtaddr.NewaddrRequest{Header: v4}, nlconn.Create)
		}, syscall.EINVAL, `rt-addr: newaddr: EINVAL: "ipv4: Local address is not supplied"`},
		{"prefix that is too long", func() error {
			h := v4
			h.IfaPrefixlen = 33
			return addrs.Newaddr(n.Ctx, &rtaddr.NewaddrRequest{Header: h, Local: addr("192.0.2.1")}, nlconn.Create)
		}, syscall.EINVAL, `rt-addr: newaddr: EINVAL: "ipv4: Invalid prefix length"`},

		{"gateway that is not reachable", func() error {
			return routes.Newroute(n.Ctx, to("10.0.0.0", func(r *rtroute.NewrouteRequest) { r.Gateway = addr("203.0.113.1") }), nlconn.Create)
		}, syscall.ENETUNREACH, `rt-route: newroute: ENETUNREACH: "Nexthop has invalid gateway"`},
		{"destination with host bits", func() error {
			return routes.Newroute(n.Ctx, to("10.0.0.1", func(r *rtroute.NewrouteRequest) { r.Oif = u32(uint32(there)) }), nlconn.Create)
		}, syscall.EINVAL, `rt-route: newroute: EINVAL: "Invalid prefix for given prefix length"`},
		{"table that does not exist", func() error {
			_, err := routes.GetrouteCollect(n.Ctx, &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET}, Table: u32(424242)})
			return err
		}, syscall.ENOENT, `rt-route: getroute: ENOENT: "ipv4: FIB table does not exist"`},
		{"encapsulation that is unknown", func() error {
			return routes.Newroute(n.Ctx, to("10.0.0.0", func(r *rtroute.NewrouteRequest) {
				r.Oif, r.EncapType, r.Encap = u32(uint32(there)), nlattr.Some(rtroute.EncapType(99)), rtroute.EncapRaw{4, 0, 1, 0}
			}), nlconn.Create, nlconn.NoValidate)
		}, syscall.EINVAL, `rt-route: newroute: EINVAL: "Unknown lwt encapsulation type"`},

		{"family that does not exist", func() error {
			_, err := families.Getfamily(n.Ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("nofamily")})
			return err
		}, syscall.ENOENT, "nlctrl: getfamily: ENOENT: no such file or directory"},
		{"family name that is too long", func() error {
			_, err := families.Getfamily(n.Ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("a name of more than 15 bytes")}, nlconn.NoValidate)
			return err
		}, syscall.EINVAL, `nlctrl: getfamily: EINVAL: "Attribute failed policy validation" [attribute family-name, policy nul-string up to 15 bytes]`},
	} {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) {
			err := r.call()
			if errors.Is(err, syscall.EOPNOTSUPP) && r.errno != syscall.EOPNOTSUPP && !nettest.Guest() {
				t.Skip("the kernel lacks what is to be refused: ", err)
			}
			witness.Refused(t, r.name, err, r.errno, r.want)
			var refusal *nlmsg.Error
			if !errors.As(err, &refusal) {
				t.Errorf("a %T", err)
			}
		})
	}
}

// TestClientRefusals holds the client's own validation, which finds errors before they are sent, against the kernel: it must name the
// same attribute and the same errno.
func TestClientRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Plain("there0")
	there := n.Link("there0").Header.IfiIndex
	long := "a name that is too long"
	for name, call := range map[string]func(opts ...nlconn.CallOption) error{
		"ifname": func(opts ...nlconn.CallOption) error {
			return n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Ifname: nlattr.Some(long)}, append(opts, nlconn.Create)...)
		},
		"ifalias": func(opts ...nlconn.CallOption) error {
			return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: there}, Ifalias: nlattr.Some(strings.Repeat("x", 256))}, opts...)
		},
		"family-name": func(opts ...nlconn.CallOption) error {
			_, err := nlctrl.New(n.Conn).Getfamily(n.Ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some(long)}, opts...)
			return err
		},
		"label": func(opts ...nlconn.CallOption) error {
			return rtaddr.New(n.Conn).Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
				Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: uint32(there)}, Local: addr("192.0.2.1"), Label: nlattr.Some(long),
			}, opts...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call()
			var client *nlpolicy.ValidationError
			if !errors.As(err, &client) || client.Path != name {
				t.Fatalf("the client says %v", err)
			}
			err = call(nlconn.NoValidate)
			if errors.Is(err, syscall.EOPNOTSUPP) {
				t.Skip(err)
			}
			var kernel *nlmsg.Error
			if !errors.As(err, &kernel) || kernel.Attr != client.Path || kernel.Errno != client.Errno {
				t.Errorf("the kernel says %v, the client %v with %v", err, client, client.Errno)
			}
		})
	}
}

// TestErrorKinds looks at the errors as a caller does that knows only package os.
func TestErrorKinds(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Plain("there0")
	err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
		Ifname: nlattr.Some("there0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")},
	}, nlconn.Create, nlconn.Exclusive)
	if !errors.Is(err, os.ErrExist) {
		t.Errorf("not ErrExist: %v", err)
	}
	_, err = nlctrl.New(n.Conn).Getfamily(n.Ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("nofamily")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("not ErrNotExist: %v", err)
	}
	// Without the capability, on a thread that is given up afterwards.
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- unprivileged(func() error {
			conn, err := nlconn.Open()
			if err != nil {
				return err
			}
			defer conn.Close()
			return rtlink.New(conn).Newlink(n.Ctx, &rtlink.NewlinkRequest{
				Ifname: nlattr.Some("there1"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")},
			}, nlconn.Create)
		})
	}()
	err = <-done
	t.Log(err)
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("not ErrPermission: %v", err)
	}
	var refusal *nlmsg.Error
	if !errors.As(err, &refusal) || refusal.Errno != syscall.EPERM {
		t.Errorf("without CAP_NET_ADMIN: %v", err)
	}
}

// unprivileged calls f on a thread without effective capabilities.
func unprivileged(f func() error) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	for i := range data {
		data[i].Effective = 0
	}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return err
	}
	return f()
}
