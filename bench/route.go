package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/netlink"
	vish "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/bench/internal/measure"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// routeDump returns the ways to dump the IPv4 routes.
func routeDump(dir string) []measure.Contender {
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "dump", "route", "10"),
		{Name: "Go, nothing parsed", Run: rawDump},
		{Name: "nlgen stream (DumpInto)", Run: nlgenStream},
		{Name: "nlgen values (Dump)", Run: nlgenDump},
		{Name: "nlgen slice (Collect)", Run: nlgenCollect},
		program("libmnl", dir, "mnl", "dump", "route", "10"),
		program("libnl-route, objects dropped", dir, "nl", "dump", "route", "3"),
		{Name: "vishvananda iterator", Run: vishRoutesIter},
		{Name: "vishvananda slice", Run: vishRoutes},
		{Name: "jsimonetti slice", Run: jsimonettiRoutes},
		{Name: "mdlayher slice", Run: mdlayherRoutes},
	}
}

// rawDump receives the dump as the C limit does and counts messages.
func rawDump(count int) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	req := make([]byte, unix.SizeofNlMsghdr+unix.SizeofRtMsg)
	header(req, unix.RTM_GETROUTE, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	req[unix.SizeofNlMsghdr] = unix.AF_INET
	buf := make([]byte, 65536)
	items := 0
	for range count {
		items = 0
		if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return 0, err
		}
		for done := false; !done; {
			n, err := unix.Read(fd, buf)
			if err != nil {
				return 0, err
			}
			for b := buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
				l := int(native.Uint32(b))
				if native.Uint16(b[4:]) == unix.NLMSG_DONE {
					done = true
					break
				}
				items++
				b = b[min(len(b), (l+3)&^3):]
			}
		}
	}
	return items, nil
}

// nlgenRoutes calls f with a client, and a request for the IPv4 routes, count
// times.
func nlgenRoutes(count int, f func(*rtroute.Client, *rtroute.GetrouteDumpRequest) (int, error)) (int, error) {
	conn, err := nlconn.Open()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	routes, items := rtroute.New(conn), 0
	req := &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET}}
	for range count {
		if items, err = f(routes, req); err != nil {
			return 0, err
		}
	}
	return items, nil
}

func nlgenStream(count int) (int, error) {
	return nlgenRoutes(count, func(c *rtroute.Client, req *rtroute.GetrouteDumpRequest) (int, error) {
		var r rtroute.GetrouteReply
		n := 0
		for err := range c.GetrouteDumpInto(context.Background(), req, &r) {
			if err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
}

func nlgenDump(count int) (int, error) {
	return nlgenRoutes(count, func(c *rtroute.Client, req *rtroute.GetrouteDumpRequest) (int, error) {
		n := 0
		for _, err := range c.GetrouteDump(context.Background(), req) {
			if err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
}

func nlgenCollect(count int) (int, error) {
	return nlgenRoutes(count, func(c *rtroute.Client, req *rtroute.GetrouteDumpRequest) (int, error) {
		list, err := c.GetrouteCollect(context.Background(), req)
		return len(list), err
	})
}

func vishRoutesIter(count int) (int, error) {
	items := 0
	for range count {
		items = 0
		err := vish.RouteListFilteredIter(vish.FAMILY_V4, &vish.Route{}, 0, func(vish.Route) bool { items++; return true })
		if err != nil {
			return 0, err
		}
	}
	return items, nil
}

func vishRoutes(count int) (int, error) {
	items := 0
	for range count {
		list, err := vish.RouteListFiltered(vish.FAMILY_V4, &vish.Route{}, 0)
		if err != nil {
			return 0, err
		}
		items = len(list)
	}
	return items, nil
}

func jsimonettiRoutes(count int) (int, error) {
	c, err := rtnetlink.Dial(nil)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	items := 0
	for range count {
		list, err := c.Route.List()
		if err != nil {
			return 0, err
		}
		items = len(list)
	}
	return items, nil
}

// route is what the others' decoders make of a message, written by hand over
// mdlayher's AttributeDecoder.
type route struct {
	Dst, Gateway, PrefSrc netip.Addr
	Table, Oif, Priority  uint32
}

func mdlayherRoutes(count int) (int, error) {
	c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	req := netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETROUTE, Flags: netlink.Request | netlink.Dump},
		Data:   append([]byte{unix.AF_INET}, make([]byte, unix.SizeofRtMsg-1)...),
	}
	items := 0
	for range count {
		msgs, err := c.Execute(req)
		if err != nil {
			return 0, err
		}
		list := make([]route, 0, len(msgs))
		for _, m := range msgs {
			r, err := mdlayherRoute(m.Data)
			if err != nil {
				return 0, err
			}
			list = append(list, r)
		}
		items = len(list)
	}
	return items, nil
}

func mdlayherRoute(b []byte) (route, error) {
	var r route
	if len(b) < unix.SizeofRtMsg {
		return r, fmt.Errorf("short message of %d bytes", len(b))
	}
	d, err := netlink.NewAttributeDecoder(b[unix.SizeofRtMsg:])
	if err != nil {
		return r, err
	}
	for d.Next() {
		switch d.Type() {
		case unix.RTA_DST:
			r.Dst, _ = netip.AddrFromSlice(d.Bytes())
		case unix.RTA_GATEWAY:
			r.Gateway, _ = netip.AddrFromSlice(d.Bytes())
		case unix.RTA_PREFSRC:
			r.PrefSrc, _ = netip.AddrFromSlice(d.Bytes())
		case unix.RTA_TABLE:
			r.Table = d.Uint32()
		case unix.RTA_OIF:
			r.Oif = d.Uint32()
		case unix.RTA_PRIORITY:
			r.Priority = d.Uint32()
		}
	}
	return r, d.Err()
}

// header writes a netlink header over the start of a request.
func header(b []byte, typ, flags uint16) {
	native.PutUint32(b, uint32(len(b)))
	native.PutUint16(b[4:], typ)
	native.PutUint16(b[6:], flags)
	native.PutUint32(b[8:], 1)
}
