package rtlink_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Creates a vxlan link and reads it back. The kind follows from the type of Data.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, links := context.Background(), rtlink.New(conn)
	err = links.Newlink(ctx, &rtlink.NewlinkRequest{
		Ifname:   nlattr.Some("vx0"),
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{ID: nlattr.Some(uint32(7))}},
	}, nlconn.Create, nlconn.Exclusive)
	if errors.Is(err, os.ErrExist) {
		fmt.Println("it was there already")
	} else if err != nil {
		fmt.Println(err) // with the kernel's text, and the attribute that it did not like
		return
	}
	link, err := links.Getlink(ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some("vx0")})
	if err != nil {
		fmt.Println(err)
		return
	}
	if vxlan, ok := link.Linkinfo.Data.(*rtlink.LinkinfoVxlanAttrs); ok {
		fmt.Println(link.Ifname.V, link.Mtu.V, vxlan.ID.V, vxlan.Port.V)
	}
	// Output:
	// vx0 1500 7 8472
}

// Creates a pair of veth links, one end of which goes into the network namespace of a process, and brings the other one up.
func ExampleClient_Newlink() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
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
		fmt.Println(err)
		return
	}
	up := rtlink.Ifinfomsg{IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp)}
	if err := links.Setlink(ctx, &rtlink.SetlinkRequest{Header: up, Ifname: name}); err != nil {
		fmt.Println(err)
		return
	}
	link, err := links.Getlink(ctx, &rtlink.GetlinkRequest{Ifname: name})
	if err != nil {
		fmt.Println(err)
		return
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
