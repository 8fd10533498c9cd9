package rtlink_test

import (
	"context"
	"errors"
	"fmt"
	"os"

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
