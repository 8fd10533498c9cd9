package ethtool

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestEvents changes what can be changed of virtual links. Each change is told on the group monitor, in order, with what a get says
// at that time.
func TestEvents(t *testing.T) {
	l := newLab(t)
	l.tap()
	ctx, cancel := context.WithTimeout(l.Ctx, 20*time.Second)
	defer cancel()
	sub, err := l.client.Subscribe(ctx, ethtool.GroupMonitor)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	type told struct {
		step  string
		reply any // what a get says after the step
	}
	var want []told
	step := func(name string, change error, get func() (any, error)) {
		t.Helper()
		if change != nil {
			t.Fatalf("%s: %v", name, change)
		}
		reply, err := get()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want = append(want, told{name, reply})
	}
	// A change that changes nothing is not told.
	if err := l.client.CoalesceSet(ctx, &ethtool.CoalesceSetRequest{Header: of("tap0"), RxMaxFrames: u32(0)}); err != nil {
		t.Fatal(err)
	}
	_, err = l.client.FeaturesSet(ctx, &ethtool.FeaturesSetRequest{Header: of("veth0"), Wanted: bitset(map[string]bool{"rx-gro": true})})
	step("features", err, func() (any, error) {
		x, err := l.client.FeaturesGet(ctx, &ethtool.FeaturesGetRequest{Header: of("veth0", ethtool.HeaderFlagsCompactBitsets)})
		return &ethtool.FeaturesNtf{FeaturesGetReply: *x}, err
	})
	step("channels", l.client.ChannelsSet(ctx, &ethtool.ChannelsSetRequest{Header: of("veth0"), RxCount: u32(1)}), func() (any, error) {
		x, err := l.client.ChannelsGet(ctx, &ethtool.ChannelsGetRequest{Header: of("veth0")})
		return &ethtool.ChannelsNtf{ChannelsGetReply: *x}, err
	})
	step("coalesce", l.client.CoalesceSet(ctx, &ethtool.CoalesceSetRequest{Header: of("tap0"), RxMaxFrames: u32(9)}), func() (any, error) {
		x, err := l.client.CoalesceGet(ctx, &ethtool.CoalesceGetRequest{Header: of("tap0")})
		return &ethtool.CoalesceNtf{CoalesceGetReply: *x}, err
	})
	step("speed", l.client.LinkmodesSet(ctx, &ethtool.LinkmodesSetRequest{Header: of("tap0"), Speed: u32(2500)}), func() (any, error) {
		x, err := l.client.LinkmodesGet(ctx, &ethtool.LinkmodesGetRequest{Header: of("tap0", ethtool.HeaderFlagsCompactBitsets)})
		return &ethtool.LinkmodesNtf{LinkmodesGetReply: *x}, err
	})
	step("connector", l.client.LinkinfoSet(ctx, &ethtool.LinkinfoSetRequest{Header: of("tap0"), Port: nlattr.Some(ethtool.PortMii)}), func() (any, error) {
		x, err := l.client.LinkinfoGet(ctx, &ethtool.LinkinfoGetRequest{Header: of("tap0")})
		return &ethtool.LinkinfoNtf{LinkinfoGetReply: *x}, err
	})
	step("messages", l.client.DebugSet(ctx, &ethtool.DebugSetRequest{Header: of("tap0"), Msgmask: bitset(map[string]bool{"probe": true})}), func() (any, error) {
		x, err := l.client.DebugGet(ctx, &ethtool.DebugGetRequest{Header: of("tap0", ethtool.HeaderFlagsCompactBitsets)})
		return &ethtool.DebugNtf{DebugGetReply: *x}, err
	})
	c := witness.NewTally(t)
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatalf("no event of %s: %v", want[0].step, err)
		}
		if _, ok := ev.(*ethtool.FeaturesNtf); ok && want[0].step != "features" {
			continue // A change of channels may switch features, too.
		}
		witness.Known(t, want[0].step, ev)
		if reflect.TypeOf(ev) != reflect.TypeOf(want[0].reply) {
			t.Fatalf("%s: got %T", want[0].step, ev)
		}
		c.Within(want[0].step, reflect.ValueOf(want[0].reply).Elem().Field(0).Interface(), reflect.ValueOf(ev).Elem().Field(0).Interface())
		if want = want[1:]; len(want) == 0 {
			break
		}
	}
	c.Report("events")
}
