package netdev

import (
	"errors"
	"os"
	"testing"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestDeviceEvents subscribes to a group of generic netlink, which is looked up by name.
func TestDeviceEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := netdev.New(n.Conn)
	sub, err := client.Subscribe(ctx, netdev.GroupMgmt)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var index uint32
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[netdev.Event]{
		witness.NewStep("create", func() error {
			a, _ := n.Veth("event0", "event1")
			index = uint32(a.Header.IfiIndex)
			return nil
		}, func(ev netdev.Event) error {
			if ev, ok := ev.(*netdev.DevAddNtf); ok && ev.Ifindex == u32(index) {
				return nil
			}
			return witness.ErrOther
		}),
		witness.NewStep("delete", func() error { return n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("event0")}) },
			func(ev netdev.Event) error {
				if ev, ok := ev.(*netdev.DevDelNtf); ok && ev.Ifindex == u32(index) {
					return nil
				}
				return witness.ErrOther
			}),
	})
}
