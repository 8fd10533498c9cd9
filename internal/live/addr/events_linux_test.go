package addr

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestAddressEvents makes and removes addresses, and compares what the kernel tells of each with what is read of it.
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
