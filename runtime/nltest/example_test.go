package nltest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// A kernel with one link. Whoever uses a Conn can be tested with it, without
// root and without a kernel that has the family.
func ExampleKernel() {
	k := nltest.NewKernel()
	k.Handle(nlserve.Do(&rtlink.OpGetlink, func(_ context.Context, req *rtlink.GetlinkRequest) (*rtlink.GetlinkReply, error) {
		if req.Ifname.V != "eth0" {
			return nil, syscall.ENOENT
		}
		return &rtlink.GetlinkReply{Ifname: req.Ifname, Mtu: nlattr.Some(uint32(9000))}, nil
	}))
	conn, err := nlconn.Open(nlconn.WithTransport(k))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	links := rtlink.New(conn)
	link, err := links.Getlink(context.Background(), &rtlink.GetlinkRequest{Ifname: nlattr.Some("eth0")})
	fmt.Println(link.Ifname.V, link.Mtu.V, err)
	_, err = links.Getlink(context.Background(), &rtlink.GetlinkRequest{Ifname: nlattr.Some("eth1")})
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output:
	// eth0 9000 <nil>
	// true
}

// What a kernel does once in a while: it refuses the first request, and loses the answer to the second one.
func ExampleScript() {
	t := new(testing.T) // that of the test
	script := nltest.NewScript(t,
		nltest.Expect(&rtlink.OpNewlink).Answer(nltest.Datagram(nltest.Refuse(syscall.EBUSY, "Device is going away"))),
		nltest.ExpectDump(&rtlink.OpGetlink).Answer(nltest.Lost()),
	)
	ctx, links := context.Background(), rtlink.New(script.Conn())
	fmt.Println(links.Newlink(ctx, &rtlink.NewlinkRequest{Ifname: nlattr.Some("eth0")}, nlconn.Create))
	_, err := links.GetlinkCollect(ctx, nil)
	fmt.Println(errors.Is(err, nlconn.ErrOverrun))
	// Output:
	// rt-link: newlink: EBUSY: "Device is going away"
	// true
}
