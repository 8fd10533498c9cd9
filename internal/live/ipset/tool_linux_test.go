package ipset

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/ipset"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// saved writes a set as ipset save does: a line for the set and one for each element.
func saved(x *ipset.ListReply) []string {
	lines := []string{createLine(x)}
	for i := range x.Adt.Data {
		lines = append(lines, addLine(x, &x.Adt.Data[i]))
	}
	return lines
}

func createLine(x *ipset.ListReply) string {
	d := x.Data
	b := &strings.Builder{}
	fmt.Fprintf(b, "create %s %s", x.Setname.V, x.Typename.V)
	if strings.HasPrefix(x.Typename.V, "hash:") && x.Typename.V != "hash:mac" {
		b.WriteString(" family " + map[uint8]string{unix.AF_INET: "inet", unix.AF_INET6: "inet6"}[x.Family.V])
	}
	if d.Ip != nil {
		fmt.Fprintf(b, " range %s-%s", address(d.Ip), address(d.IpTo))
	}
	if d.Port.OK {
		fmt.Fprintf(b, " range %d-%d", d.Port.V, d.PortTo.V)
	}
	if d.Markmask.OK {
		fmt.Fprintf(b, " markmask 0x%08x", d.Markmask.V)
	}
	number(b, "hashsize", d.Hashsize)
	number(b, "maxelem", d.Maxelem)
	number(b, "size", d.Size)
	number(b, "netmask", d.Netmask)
	if d.Bitmask != nil {
		b.WriteString(" bitmask " + address(d.Bitmask))
	}
	number(b, "timeout", d.Timeout)
	// The tool does not write forceadd of kernels that have bucketsize.
	for _, f := range []struct {
		flag ipset.CadtFlags
		word string
	}{{ipset.CadtFlagsWithCounters, "counters"}, {ipset.CadtFlagsWithComment, "comment"},
		{ipset.CadtFlagsWithSkbinfo, "skbinfo"}} {
		if d.CadtFlags.V&f.flag != 0 {
			b.WriteString(" " + f.word)
		}
	}
	number(b, "bucketsize", d.Bucketsize)
	if d.Initval.OK {
		fmt.Fprintf(b, " initval 0x%08x", d.Initval.V)
	}
	return b.String()
}

func number[T ~uint8 | ~uint16 | ~uint32 | ~uint64](b *strings.Builder, name string, v nlattr.Opt[T]) {
	if v.OK {
		fmt.Fprintf(b, " %s %d", name, v.V)
	}
}

func address(x *ipset.IpaddrAttrs) string {
	if x.Ipv4.OK {
		return x.Ipv4.V.String()
	}
	return x.Ipv6.V.String()
}

// addLine writes an element. The parts of the type's name say which of its attributes come, in which order.
func addLine(x *ipset.ListReply, e *ipset.AdtAttrs) string {
	_, parts, _ := strings.Cut(x.Typename.V, ":")
	var elem []string
	ips, wildcard := 0, false
	for _, part := range strings.Split(parts, ",") {
		switch part {
		case "ip", "net":
			addr, cidr := e.Ip, e.Cidr
			if ips++; ips > 1 {
				addr, cidr = e.Ip2, e.Cidr2
			}
			text := address(addr)
			if cidr.OK && cidr.V != uint8(8*len(bytesOf(addr))) {
				text += "/" + strconv.Itoa(int(cidr.V))
			}
			elem = append(elem, text)
		case "port":
			text := strconv.Itoa(int(e.Port.V))
			if e.Proto.OK {
				text = map[uint8]string{unix.IPPROTO_TCP: "tcp:", unix.IPPROTO_UDP: "udp:"}[e.Proto.V] + text
			}
			elem = append(elem, text)
		case "mark":
			elem = append(elem, fmt.Sprintf("0x%08x", e.Mark.V))
		case "mac":
			elem = append(elem, strings.ToUpper(net.HardwareAddr(e.Ether).String()))
		case "iface":
			text := e.Iface.V
			if e.CadtFlags.V&ipset.CadtFlagsPhysdev != 0 {
				text = "physdev:" + text
			}
			wildcard = e.CadtFlags.V&ipset.CadtFlagsIfaceWildcard != 0
			elem = append(elem, text)
		case "set":
			elem = append(elem, e.Name.V)
		}
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "add %s %s", x.Setname.V, strings.Join(elem, ","))
	number(b, "timeout", e.Timeout)
	if wildcard {
		b.WriteString(" wildcard")
	}
	if e.CadtFlags.V&ipset.CadtFlagsNomatch != 0 {
		b.WriteString(" nomatch")
	}
	number(b, "packets", e.Packets)
	number(b, "bytes", e.Bytes)
	if e.Comment.OK {
		fmt.Fprintf(b, " comment %q", e.Comment.V)
	}
	if v := e.Skbmark.V; e.Skbmark.OK {
		if mark, mask := uint32(v>>32), uint32(v); mask == 0xffffffff {
			fmt.Fprintf(b, " skbmark %#x", mark)
		} else {
			fmt.Fprintf(b, " skbmark %#x/%#x", mark, mask)
		}
	}
	if e.Skbprio.OK {
		fmt.Fprintf(b, " skbprio %x:%x", e.Skbprio.V>>16, e.Skbprio.V&0xffff)
	}
	number(b, "skbqueue", e.Skbqueue)
	return b.String()
}

func bytesOf(x *ipset.IpaddrAttrs) []byte {
	if x.Ipv4.OK {
		return x.Ipv4.V.AsSlice()
	}
	return x.Ipv6.V.AsSlice()
}

// A shown is a set as ipset lists it: its header is a list of elements, of which some are empty.
type shown struct {
	Name     string `xml:"name,attr"`
	Type     string `xml:"type"`
	Revision string `xml:"revision"`
	Header   struct {
		Values []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"header"`
	Members []struct{} `xml:"members>member"`
}

// compareXML compares the headers of all sets with those that ipset lists, among them what it does not save.
func compareXML(ctx context.Context, t *testing.T, c *ipset.Client, tally *witness.Tally) {
	t.Helper()
	var list struct {
		Sets []shown `xml:"ipset"`
	}
	if err := xml.Unmarshal(witness.Output(t, "ipset", "list", "-o", "xml"), &list); err != nil {
		t.Fatal(err)
	}
	all, err := c.ListCollect(ctx, &ipset.ListDumpRequest{Protocol: version})
	if err != nil || len(all) != len(list.Sets) {
		t.Fatalf("%d sets, ipset lists %d, %v", len(all), len(list.Sets), err)
	}
	for i, x := range all {
		theirs := witness.Object{"name": list.Sets[i].Name, "type": list.Sets[i].Type, "revision": list.Sets[i].Revision, "members": float64(len(list.Sets[i].Members))}
		for _, v := range list.Sets[i].Header.Values {
			theirs[v.XMLName.Local] = v.Text
		}
		witness.Compare(tally, x.Setname.V, x, xmlView, theirs)
	}
}

// flag is how ipset lists a flag: as an element without text, if it is set.
func flag(want ipset.CadtFlags) func(x *ipset.ListReply) any {
	return func(x *ipset.ListReply) any {
		if x.Data.CadtFlags.V&want == 0 {
			return "not set"
		}
		return ""
	}
}

func plain(get func(d *ipset.HeaderAttrs) nlattr.Opt[uint32]) func(x *ipset.ListReply) any {
	return func(x *ipset.ListReply) any { return fmt.Sprint(get(x.Data).V) }
}

// xmlView says how ipset lists a set.
var xmlView = witness.View[*ipset.ListReply]{
	"name":     func(x *ipset.ListReply) any { return x.Setname },
	"type":     func(x *ipset.ListReply) any { return x.Typename },
	"revision": func(x *ipset.ListReply) any { return fmt.Sprint(x.Revision.V) },
	"members":  func(x *ipset.ListReply) any { return len(x.Adt.Data) },
	"family": func(x *ipset.ListReply) any {
		return map[uint8]string{unix.AF_INET: "inet", unix.AF_INET6: "inet6"}[x.Family.V]
	},
	"hashsize":   plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.Hashsize }),
	"maxelem":    plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.Maxelem }),
	"timeout":    plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.Timeout }),
	"size":       plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.Size }),
	"references": plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.References }),
	"memsize":    plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.Memsize }),
	"numentries": plain(func(d *ipset.HeaderAttrs) nlattr.Opt[uint32] { return d.Elements }),
	"bucketsize": func(x *ipset.ListReply) any { return fmt.Sprint(x.Data.Bucketsize.V) },
	"initval":    func(x *ipset.ListReply) any { return fmt.Sprintf("0x%08x", x.Data.Initval.V) },
	"markmask":   func(x *ipset.ListReply) any { return fmt.Sprintf("0x%08x", x.Data.Markmask.V) },
	"netmask":    func(x *ipset.ListReply) any { return fmt.Sprint(x.Data.Netmask.V) },
	"bitmask":    func(x *ipset.ListReply) any { return address(x.Data.Bitmask) },
	"range": func(x *ipset.ListReply) any {
		if x.Data.Ip != nil {
			return address(x.Data.Ip) + "-" + address(x.Data.IpTo)
		}
		return fmt.Sprintf("%d-%d", x.Data.Port.V, x.Data.PortTo.V)
	},
	"counters": flag(ipset.CadtFlagsWithCounters),
	"comment":  flag(ipset.CadtFlagsWithComment),
	"skbinfo":  flag(ipset.CadtFlagsWithSkbinfo),
	"forceadd": flag(ipset.CadtFlagsWithForceadd),
}
