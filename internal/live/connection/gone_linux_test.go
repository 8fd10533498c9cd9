package connection

import (
	"errors"
	"os"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestUnloaded unloads the module of a generic family and loads it again, twice, below a subscription in a namespace of its own: that
// hears of the end, and goes on when it joins the groups of the family that is back.
func TestUnloaded(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("modules are loaded and unloaded in the virtual machine only: make test-vm")
	}
	if _, err := os.Stat("/sys/module/gtp"); err != nil {
		t.Skip("the guest has not loaded gtp")
	}
	witness.NewNamespace(t)
	ctx, c := witness.Dial(t)
	gtp := nlconn.Family{Name: "gtp", Protocol: nlconn.ProtocolGeneric, Generic: true}
	group := nlconn.Group{Name: "gtp"}
	sub, err := nlconn.Subscribe(ctx, c, &gtp, func(*nlconn.Notification) (struct{}, error) { return struct{}{}, nil }, group)
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.Family(ctx, gtp.Name)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		witness.Output(t, "rmmod", "gtp")
		if err := ended(t, sub.All(ctx)); !errors.Is(err, nlconn.ErrFamilyGone) {
			t.Errorf("the subscription ended with %v", err)
		}
		if err := sub.Join(ctx, group); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("joined a group of a family that is gone: %v", err)
		}
		witness.Output(t, "insmod", "/lib/modules/gtp.ko")
		if err := sub.Join(ctx, group); err != nil {
			t.Fatal(err)
		}
		after, err := c.Family(ctx, gtp.Name)
		if err != nil || after.ID == before.ID {
			t.Errorf("the family is back as %+v, %v, and was %+v", after, err, before)
		}
		before = after
	}
}
