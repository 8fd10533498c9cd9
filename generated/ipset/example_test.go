package ipset_test

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/ipset"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Creates a set of networks and adds one.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, sets := context.Background(), ipset.New(conn)
	version, name := nlattr.Some(uint8(ipset.ProtocolVersion)), nlattr.Some("blocked")
	typ, err := sets.Type(ctx, &ipset.TypeRequest{
		Protocol: version, Typename: nlattr.Some("hash:net"), Family: nlattr.Some(uint8(unix.AF_INET)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sets.Create(ctx, &ipset.CreateRequest{
		Protocol: version, Setname: name, Typename: typ.Typename, Revision: typ.Revision, Family: typ.Family, Data: &ipset.CreateAttrs{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sets.Add(ctx, &ipset.AddRequest{Protocol: version, Setname: name, Data: &ipset.AdtAttrs{
		Ip: &ipset.IpaddrAttrs{Ipv4: nlattr.Some(netip.MustParseAddr("192.0.2.0"))}, Cidr: nlattr.Some(uint8(24)),
	}}, nlconn.Exclusive)
	// Sets have errors of their own, beyond those of the system.
	if why, ok := ipset.ErrorOf(err); ok && why == ipset.ErrorExist {
		fmt.Println("it was there already")
	} else if err != nil {
		fmt.Println(err)
	}
	for set, err := range sets.ListDump(ctx, &ipset.ListDumpRequest{Protocol: version}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, element := range set.Adt.Data {
			fmt.Println(set.Setname.V, netip.PrefixFrom(element.Ip.Ipv4.V, int(element.Cidr.V)))
		}
	}
	// Output:
	// blocked 192.0.2.0/24
}

// Asks whether addresses are in a set.
func ExampleClient_Test() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, sets := context.Background(), ipset.New(conn)
	for _, address := range []string{"192.0.2.7", "198.51.100.7"} {
		err := sets.Test(ctx, &ipset.TestRequest{
			Protocol: nlattr.Some(uint8(ipset.ProtocolVersion)),
			Setname:  nlattr.Some("blocked"),
			Data:     &ipset.AdtAttrs{Ip: &ipset.IpaddrAttrs{Ipv4: nlattr.Some(netip.MustParseAddr(address))}},
		})
		switch why, ok := ipset.ErrorOf(err); {
		case err == nil:
			fmt.Println(address, "is blocked")
		case ok && why == ipset.ErrorExist:
			fmt.Println(address, "is not")
		default:
			fmt.Println(err)
		}
	}
	// Output:
	// 192.0.2.7 is blocked
	// 198.51.100.7 is not
}
