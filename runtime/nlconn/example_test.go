package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

const afBridge = 7 // AF_BRIDGE

// follow calls changed with the names of all links, by their index, and again after
// each change. The subscription comes before the list, so nothing falls between; what
// is in both does no harm. Where events were lost the links are listed anew. What
// bridges tell of their ports is left out: a port that leaves its bridge is still a
// link.
func follow(ctx context.Context, conn *nlconn.Conn, changed func(map[int32]string)) error {
	links := rtlink.New(conn)
	events, err := links.Subscribe(ctx, rtlink.GroupLink)
	if err != nil {
		return err
	}
	defer events.Close()
	names, err := list(ctx, links)
	if err != nil {
		return err
	}
	changed(names)
	for event, err := range events.All(ctx) {
		switch event := event.(type) {
		case *rtlink.NewlinkNtf:
			if event.Header.IfiFamily == afBridge {
				continue
			}
			names[event.Header.IfiIndex] = event.Ifname.V
		case *rtlink.DellinkNtf:
			if event.Header.IfiFamily == afBridge {
				continue
			}
			delete(names, event.Header.IfiIndex)
		}
		if errors.Is(err, nlconn.ErrOverrun) {
			names, err = list(ctx, links)
		}
		if err != nil {
			return err
		}
		changed(names)
	}
	return ctx.Err()
}

// list returns the names of all links. A dump that was interrupted is repeated.
func list(ctx context.Context, links *rtlink.Client) (map[int32]string, error) {
	all, err := links.GetlinkCollect(ctx, nil)
	names := make(map[int32]string)
	for _, link := range all {
		names[link.Header.IfiIndex] = link.Ifname.V
	}
	return names, err
}

// A state that stays true: list, then follow the changes.
func ExampleSubscription_All() {
	kernel := nltest.NewKernel()
	message := func(index int32, name string) *rtlink.GetlinkReply {
		return &rtlink.GetlinkReply{Header: rtlink.Ifinfomsg{IfiIndex: index}, Ifname: nlattr.Some(name)}
	}
	port := message(2, "eth0")
	port.Header.IfiFamily = afBridge
	kernel.Handle(nlserve.Dump(&rtlink.OpGetlink, func(context.Context, *rtlink.GetlinkDumpRequest) iter.Seq2[*rtlink.GetlinkReply, error] {
		return func(yield func(*rtlink.GetlinkReply, error) bool) { yield(message(1, "lo"), nil) }
	}))
	conn, err := nlconn.Open(nlconn.WithTransport(kernel))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	news := []func() error{
		func() error {
			return kernel.Notify(ctx, &rtlink.Family, rtlink.CmdNewlinkNtf, rtlink.GroupLink, message(2, "eth0"))
		},
		func() error { // eth0 leaves its bridge, which is no news here, and there is another link
			left := kernel.Notify(ctx, &rtlink.Family, rtlink.CmdDellinkNtf, rtlink.GroupLink, port)
			return errors.Join(left, kernel.Notify(ctx, &rtlink.Family, rtlink.CmdNewlinkNtf, rtlink.GroupLink, message(3, "eth1")))
		},
		func() error {
			return kernel.Notify(ctx, &rtlink.Family, rtlink.CmdDellinkNtf, rtlink.GroupLink, message(2, "eth0"))
		},
	}
	err = follow(ctx, conn, func(names map[int32]string) {
		fmt.Println(slices.Sorted(maps.Values(names)))
		if len(news) == 0 {
			cancel()
			return
		}
		if err := news[0](); err != nil {
			fmt.Println(err)
		}
		news = news[1:]
	})
	fmt.Println(err)
	// Output:
	// [lo]
	// [eth0 lo]
	// [eth0 eth1 lo]
	// [eth1 lo]
	// context canceled
}
