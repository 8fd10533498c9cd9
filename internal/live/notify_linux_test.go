package live

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/internal/witness"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

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

func TestAddressEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	link, peer := n.Veth("event0", "event1")
	n.Up(link, peer)
	client := rtaddr.New(n.Conn)
	sub, err := client.Subscribe(ctx, rtaddr.GroupIpv4Ifaddr, rtaddr.GroupIpv6Ifaddr)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	index := uint32(link.Header.IfiIndex)
	read := map[string]*rtaddr.GetaddrReply{}
	var steps []witness.Step[rtaddr.Event]
	cases := addrCases(index)
	cases[0].Label = nlattr.Some("event0:label")
	add := func(req *rtaddr.NewaddrRequest) {
		a := own(req.Local, req.Address)
		steps = append(steps, witness.NewStep("add "+a.String(), func() error {
			err := client.Newaddr(n.Ctx, req, nlconn.Create, nlconn.Replace)
			read[a.String()] = addresses(n, client, index)[a]
			return err
		}, func(ev rtaddr.Event) error {
			x, ok := ev.(*rtaddr.NewaddrNtf)
			if !ok || own(x.Local, x.Address) != a {
				return witness.ErrOther
			}
			if a.Is6() {
				read[a.String()] = addresses(n, client, index)[a] // As it is when it is told.
			}
			return sameAddress(&x.GetaddrReply, read[a.String()])
		}))
	}
	for i, req := range cases {
		if i != 7 { // Its duplicate address detection tells it when it likes.
			add(req)
		}
	}
	for _, i := range []int{6, 4, 2} {
		req := cases[i]
		a := own(req.Local, req.Address)
		steps = append(steps, witness.NewStep("delete "+a.String(), func() error {
			return client.Deladdr(n.Ctx, &rtaddr.DeladdrRequest{Header: req.Header, Local: req.Local, Address: req.Address})
		}, func(ev rtaddr.Event) error {
			x, ok := ev.(*rtaddr.DeladdrNtf)
			if !ok || own(x.Local, x.Address) != a {
				return witness.ErrOther
			}
			return sameAddress(&x.GetaddrReply, read[a.String()])
		}))
	}
	// IPv4 tells an address before the request is answered; IPv6 some time later, and not in the order of the requests.
	witness.Play(t, ctx, sub.All(ctx), steps[:4])
	for i := 4; i < 7; i++ {
		witness.Play(t, ctx, sub.All(ctx), steps[i:i+1])
	}
	witness.Play(t, ctx, sub.All(ctx), steps[7:])
}

// sameAddress compares an address of an event with the one that was read. Of its times only whether they are limited: they run.
func sameAddress(event, read *rtaddr.GetaddrReply) error {
	if read == nil {
		return errors.New("was not read")
	}
	e, r := *event, *read
	if (e.Cacheinfo.V.IfaValid == forever) != (r.Cacheinfo.V.IfaValid == forever) {
		return fmt.Errorf("times %+v, read %+v", e.Cacheinfo, r.Cacheinfo)
	}
	e.Cacheinfo, r.Cacheinfo = nlattr.Opt[rtaddr.IfaCacheinfo]{}, nlattr.Opt[rtaddr.IfaCacheinfo]{}
	if diff := cmp.Diff(e, r, witness.Addresses); diff != "" {
		return fmt.Errorf("event -, read +:\n%s", diff)
	}
	return nil
}

func TestRouteEvents(t *testing.T) {
	r := newRouting(t)
	ctx := witness.Patience(t)
	sub, err := r.client.Subscribe(ctx, rtroute.GroupIpv4Route, rtroute.GroupIpv6Route)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	read := map[string]*rtroute.GetrouteReply{}
	var steps []witness.Step[rtroute.Event]
	var made []routeCase
	for _, rc := range r.cases() {
		steps = append(steps, witness.NewStep(rc.name, func() error {
			if err := r.client.Newroute(r.Ctx, rc.req, nlconn.Create, nlconn.Exclusive); err != nil {
				return err
			}
			r.forget(rc.req)
			read[rc.name] = find(r.list(rc.req.Header.RtmFamily), rc.req)
			made = append(made, rc)
			return nil
		}, func(ev rtroute.Event) error {
			x, ok := ev.(*rtroute.NewrouteNtf)
			if !ok || find([]*rtroute.GetrouteReply{&x.GetrouteReply}, rc.req) == nil {
				return witness.ErrOther
			}
			return sameRoute(&x.GetrouteReply, read[rc.name])
		}))
	}
	steps = append(steps, witness.NewStep("delete the first", func() error { return r.client.Delroute(r.Ctx, made[0].req) },
		func(ev rtroute.Event) error {
			x, ok := ev.(*rtroute.DelrouteNtf)
			if !ok || find([]*rtroute.GetrouteReply{&x.GetrouteReply}, made[0].req) == nil {
				return witness.ErrOther
			}
			return sameRoute(&x.GetrouteReply, read[made[0].name])
		}))
	witness.Play(t, ctx, sub.All(ctx), steps)
}

// sameRoute compares a route of an event with the one that was read. The statistics differ, as do flags of the link's state.
func sameRoute(event, read *rtroute.GetrouteReply) error {
	if read == nil {
		return errors.New("was not read")
	}
	e, r := *event, *read
	e.Cacheinfo, r.Cacheinfo = nil, nil
	if diff := cmp.Diff(e, r, witness.Addresses); diff != "" {
		return fmt.Errorf("event -, read +:\n%s", diff)
	}
	return nil
}

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
