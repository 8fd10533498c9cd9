package main

import (
	"context"
	"net"
	"net/netip"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/genetlink"
	vish "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/bench/internal/measure"
	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// The workloads of this file are one request and its answer. Each nlgen contender
// is measured twice: into memory of the caller's, and into new memory.

func oneLink(dir string) []measure.Contender {
	req := &rtlink.GetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 1}}
	ctx := context.Background()
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "rtt", "link", "20000"),
		{Name: "nlgen DoInto", Run: func(count int) (int, error) {
			var l rtlink.GetlinkReply
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				_, err := nlconn.DoInto(ctx, c, &rtlink.OpGetlink, req, &l)
				return 1, err
			})
		}},
		{Name: "nlgen Do", Run: func(count int) (int, error) {
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				_, err := rtlink.New(c).Getlink(ctx, req)
				return 1, err
			})
		}},
		program("libmnl", dir, "mnl", "rtt", "link", "20000"),
		program("libnl-route", dir, "nl", "rtt", "link", "20000"),
		{Name: "vishvananda handle", Run: func(count int) (int, error) {
			h, err := vish.NewHandle(unix.NETLINK_ROUTE)
			if err != nil {
				return 0, err
			}
			defer h.Close()
			for range count {
				if _, err := h.LinkByIndex(1); err != nil {
					return 0, err
				}
			}
			return 1, nil
		}},
		{Name: "jsimonetti", Run: func(count int) (int, error) {
			c, err := rtnetlink.Dial(nil)
			if err != nil {
				return 0, err
			}
			defer c.Close()
			for range count {
				if _, err := c.Link.Get(1); err != nil {
					return 0, err
				}
			}
			return 1, nil
		}},
	}
}

func oneRoute(dir string) []measure.Contender {
	req := &rtroute.GetrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32},
		Dst:    nlattr.Some(netip.MustParseAddr("127.0.0.1")),
	}
	ctx := context.Background()
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "rtt", "route", "20000"),
		{Name: "nlgen DoInto", Run: func(count int) (int, error) {
			var r rtroute.GetrouteReply
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				_, err := nlconn.DoInto(ctx, c, &rtroute.OpGetroute, req, &r)
				return 1, err
			})
		}},
		{Name: "nlgen Do", Run: func(count int) (int, error) {
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				_, err := rtroute.New(c).Getroute(ctx, req)
				return 1, err
			})
		}},
		program("libmnl", dir, "mnl", "rtt", "route", "20000"),
		{Name: "vishvananda handle", Run: func(count int) (int, error) {
			h, err := vish.NewHandle(unix.NETLINK_ROUTE)
			if err != nil {
				return 0, err
			}
			defer h.Close()
			dst := net.IPv4(127, 0, 0, 1)
			for range count {
				if _, err := h.RouteGet(dst); err != nil {
					return 0, err
				}
			}
			return 1, nil
		}},
	}
}

func oneFamily(dir string) []measure.Contender {
	req := &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("nlctrl")}
	ctx := context.Background()
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "rtt", "genl", "20000"),
		{Name: "nlgen DoInto", Run: func(count int) (int, error) {
			var f nlctrl.GetfamilyReply
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				_, err := nlconn.DoInto(ctx, c, &nlctrl.OpGetfamily, req, &f)
				return 1, err
			})
		}},
		{Name: "nlgen Do", Run: func(count int) (int, error) {
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				_, err := nlctrl.New(c).Getfamily(ctx, req)
				return 1, err
			})
		}},
		program("libmnl", dir, "mnl", "rtt", "genl", "20000"),
		{Name: "mdlayher", Run: func(count int) (int, error) {
			c, err := genetlink.Dial(nil)
			if err != nil {
				return 0, err
			}
			defer c.Close()
			for range count {
				if _, err := c.GetFamily("nlctrl"); err != nil {
					return 0, err
				}
			}
			return 1, nil
		}},
		{Name: "vishvananda handle", Run: func(count int) (int, error) {
			h, err := vish.NewHandle(unix.NETLINK_GENERIC)
			if err != nil {
				return 0, err
			}
			defer h.Close()
			for range count {
				if _, err := h.GenlFamilyGet("nlctrl"); err != nil {
					return 0, err
				}
			}
			return 1, nil
		}},
	}
}
