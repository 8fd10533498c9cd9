package rtlink_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Creates a vxlan link, whose kind follows from the type of Data, and lists those that there are. What the kernel does not like comes back
// with its text and the attribute that it is about.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx, links := context.Background(), rtlink.New(conn)
	settings := &rtlink.LinkinfoVxlanAttrs{
		ID:        nlattr.Some(uint32(7)),
		PortRange: nlattr.Some(rtlink.IflaVxlanPortRange{Low: 50000, High: 40000}),
	}
	vx0 := &rtlink.NewlinkRequest{Ifname: nlattr.Some("vx0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: settings}}
	fmt.Println(links.Newlink(ctx, vx0, nlconn.Create, nlconn.Exclusive))

	settings.PortRange.V.High = 60000
	if err := links.Newlink(ctx, vx0, nlconn.Create, nlconn.Exclusive); err != nil {
		log.Fatal(err)
	}
	all := &rtlink.GetlinkDumpRequest{Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("vxlan")}}
	for link, err := range links.GetlinkDump(ctx, all) {
		if err != nil {
			log.Fatal(err)
		}
		mtu, ok := link.Mtu.Get() // absent is not zero
		fmt.Println(link.Ifname.V, mtu, ok, link.Header.IfiFlags)
		if vxlan, ok := link.Linkinfo.Data.(*rtlink.LinkinfoVxlanAttrs); ok {
			fmt.Println("network", vxlan.ID.V, "by UDP port", vxlan.Port.V)
		}
	}
	// Output:
	// rt-link: newlink: EINVAL: "Invalid source port range" [attribute linkinfo.data.port-range]
	// vx0 1500 true broadcast|multicast
	// network 7 by UDP port 8472
}

// Creates a pair of veth links, one end of which goes into the network namespace of a process, and brings the other one up.
func ExampleClient_Newlink() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, links := context.Background(), rtlink.New(conn)
	name := nlattr.Some("veth0")
	err = links.Newlink(ctx, &rtlink.NewlinkRequest{
		Ifname: name,
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{Peer: &rtlink.VethPeerVeth{
			Ifname:   nlattr.Some("eth0"),
			NetNsPid: nlattr.Some(uint32(os.Getpid())), // or NetNsFd, with the descriptor of an open /run/netns/NAME
		}}},
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		log.Fatal(err)
	}
	up := rtlink.Ifinfomsg{IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp)}
	if err := links.Setlink(ctx, &rtlink.SetlinkRequest{Header: up, Ifname: name}); err != nil {
		log.Fatal(err)
	}
	link, err := links.Getlink(ctx, &rtlink.GetlinkRequest{Ifname: name})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link.Ifname.V, link.Linkinfo.Kind.V, link.Header.IfiFlags&rtlink.IfinfoFlagsUp)
	_, err = links.Getlink(ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some("veth7")})
	fmt.Println(err, errors.Is(err, syscall.ENODEV))
	// Output:
	// veth0 veth up
	// rt-link: getlink: ENODEV: no such device true
}

// A message can be written and read without a kernel.
func ExampleGetlinkRequest_AppendBinary() {
	request := &rtlink.GetlinkRequest{Ifname: nlattr.Some("lo")}
	b, err := request.AppendBinary(nil)
	fmt.Println(len(b), err)
	var again rtlink.GetlinkRequest
	fmt.Println(again.UnmarshalBinary(b), again.Ifname.V)
	// Output:
	// 24 <nil>
	// <nil> lo
}
