package link

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkEvents changes a link, and reads what the kernel tells of each change.
func TestLinkEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	sub, err := n.Links.Subscribe(ctx, rtlink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var index int32
	set := func(change *rtlink.SetlinkRequest) func() error {
		return func() error {
			change.Header.IfiIndex = index
			return n.Links.Setlink(n.Ctx, change)
		}
	}
	is := func(ok func(*rtlink.NewlinkNtf) bool) func(rtlink.Event) error {
		return func(ev rtlink.Event) error {
			if ev, isNew := ev.(*rtlink.NewlinkNtf); isNew && ev.Header.IfiIndex == index && ok(ev) {
				return nil
			}
			return witness.ErrOther
		}
	}
	var state *rtlink.GetlinkReply
	compared := 0
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtlink.Event]{
		witness.NewStep("create", func() error {
			a, _ := n.Veth("event0", "event1")
			index = a.Header.IfiIndex
			return nil
		}, is(func(ev *rtlink.NewlinkNtf) bool { return ev.Ifname.V == "event0" && ev.Linkinfo.Kind.V == "veth" })),
		witness.NewStep("mtu", set(&rtlink.SetlinkRequest{Mtu: u32(1234)}), is(func(ev *rtlink.NewlinkNtf) bool { return ev.Mtu == u32(1234) })),
		witness.NewStep("up", set(&rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp)}}),
			is(func(ev *rtlink.NewlinkNtf) bool { return ev.Header.IfiFlags&rtlink.IfinfoFlagsUp != 0 })),
		witness.NewStep("address", set(&rtlink.SetlinkRequest{Address: []byte{2, 0, 0, 0, 0, 9}}),
			is(func(ev *rtlink.NewlinkNtf) bool { return ev.Address.String() == "02:00:00:00:00:09" })),
		witness.NewStep("alias", func() error {
			err := set(&rtlink.SetlinkRequest{Ifalias: nlattr.Some("an alias")})()
			state = n.Link("event0")
			return err
		}, func(ev rtlink.Event) error {
			x, ok := ev.(*rtlink.NewlinkNtf)
			if !ok || x.Header.IfiIndex != index || x.Ifalias.V != "an alias" {
				return witness.ErrOther
			}
			var err error
			compared, err = sameState(&x.GetlinkReply, state)
			return err
		}),
		witness.NewStep("down", set(&rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiChange: uint32(rtlink.IfinfoFlagsUp)}}),
			is(func(ev *rtlink.NewlinkNtf) bool { return ev.Header.IfiFlags&rtlink.IfinfoFlagsUp == 0 })),
		witness.NewStep("name", set(&rtlink.SetlinkRequest{Ifname: nlattr.Some("event2")}),
			is(func(ev *rtlink.NewlinkNtf) bool { return ev.Ifname.V == "event2" })),
		witness.NewStep("delete", func() error { return n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("event2")}) },
			func(ev rtlink.Event) error {
				if ev, ok := ev.(*rtlink.DellinkNtf); ok && ev.Header.IfiIndex == index && ev.Ifname.V == "event2" {
					return nil
				}
				return witness.ErrOther
			}),
	})
	t.Logf("%d fields of an event compared with those read", compared)
}

// sameState compares each field that was read with that of the event, but for counters and what ip6 has of its own.
func sameState(event, read *rtlink.GetlinkReply) (fields int, err error) {
	e, r := reflect.ValueOf(event).Elem(), reflect.ValueOf(read).Elem()
	for i := range r.NumField() {
		switch name := r.Type().Field(i).Name; name {
		case "Stats", "Stats64", "AfSpec", "NumVf", "Unknown":
		case "Header":
			if event.Header.IfiIndex != read.Header.IfiIndex || event.Header.IfiFlags != read.Header.IfiFlags {
				err = errors.Join(err, fmt.Errorf("header %+v, read %+v", event.Header, read.Header))
			}
			fields++
		default:
			if r.Field(i).IsZero() {
				continue
			}
			fields++
			if diff := cmp.Diff(e.Field(i).Interface(), r.Field(i).Interface(), witness.Addresses); diff != "" {
				err = errors.Join(err, fmt.Errorf("%s: event -, read +:\n%s", name, diff))
			}
		}
	}
	return fields, err
}
