// Command show prints the links, addresses and routes of this machine. It only reads, needs no rights, and is short enough to
// be the first example of how generated packages are used.
package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func main() {
	if err := show(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "show:", err)
		os.Exit(1)
	}
}

// show writes three tables.
func show(ctx context.Context, w io.Writer) error {
	conn, err := nlconn.Open()
	if err != nil {
		return err
	}
	defer conn.Close()

	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	names, err := showLinks(ctx, out, rtlink.New(conn))
	if err != nil {
		return err
	}
	if err := showAddresses(ctx, out, rtaddr.New(conn), names); err != nil {
		return err
	}
	if err := showRoutes(ctx, out, rtroute.New(conn), names); err != nil {
		return err
	}
	return out.Flush()
}

// showLinks writes a row per link and returns their names by index.
func showLinks(ctx context.Context, w io.Writer, links *rtlink.Client) (map[uint32]string, error) {
	names := map[uint32]string{}
	fmt.Fprintln(w, "LINK\tSTATE\tADDRESS\tMTU\tKIND\tFLAGS")
	for link, err := range links.GetlinkDump(ctx, nil) {
		if err != nil {
			return nil, err
		}
		names[uint32(link.Header.IfiIndex)] = link.Ifname.V
		kind := "-"
		if link.Linkinfo != nil && link.Linkinfo.Kind.OK {
			kind = link.Linkinfo.Kind.V
		}
		fmt.Fprintf(w, "%s\t%v\t%s\t%d\t%s\t%v\n", link.Ifname.V, link.Operstate.V, dash(link.Address.String()), link.Mtu.V, kind,
			link.Header.IfiFlags)
	}
	return names, nil
}

// showAddresses writes a row per address.
func showAddresses(ctx context.Context, w io.Writer, addrs *rtaddr.Client, names map[uint32]string) error {
	fmt.Fprintln(w, "\nADDRESS\tLINK\tSCOPE\tFLAGS")
	for addr, err := range addrs.GetaddrDump(ctx, nil) {
		if err != nil {
			return err
		}
		ip := addr.Local // The own address of a point-to-point link; IPv6 often has just the other attribute.
		if !ip.OK {
			ip = addr.Address
		}
		fmt.Fprintf(w, "%v/%d\t%s\t%v\t%v\n", ip.V, addr.Header.IfaPrefixlen, names[addr.Header.IfaIndex], addr.Header.IfaScope,
			addr.Flags.V)
	}
	return nil
}

// showRoutes writes a row per route of the main table, like ip route.
func showRoutes(ctx context.Context, w io.Writer, routes *rtroute.Client, names map[uint32]string) error {
	fmt.Fprintln(w, "\nROUTE\tVIA\tLINK\tTYPE\tPROTOCOL\tMETRIC")
	for route, err := range routes.GetrouteDump(ctx, nil) {
		if err != nil {
			return err
		}
		if route.Header.RtmTable != rtroute.RtTableMain {
			continue
		}
		via, link := text(route.Gateway), names[route.Oif.V]
		for i, hop := range route.Multipath {
			if i > 0 {
				via, link = via+",", link+","
			} else {
				via, link = "", ""
			}
			via += text(hop.Gateway)
			link += names[uint32(hop.Header.RtnhIfindex)]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%v\t%d\n", destination(route), via, dash(link), route.Header.RtmType, route.Header.RtmProtocol,
			route.Priority.V)
	}
	return nil
}

// destination is the prefix of a route.
func destination(route *rtroute.GetrouteReply) string {
	if !route.Dst.OK {
		return "default"
	}
	return netip.PrefixFrom(route.Dst.V, int(route.Header.RtmDstLen)).String()
}

func text(addr nlattr.Opt[netip.Addr]) string {
	if !addr.OK {
		return "-"
	}
	return addr.V.String()
}

// dash stands for an empty cell.
func dash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return s
}
