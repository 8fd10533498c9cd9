package routing

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestRouteEvents makes routes of every sort and removes one, and compares what the kernel tells of each with what is read of it.
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
