package ethtool

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// firmware writes a file of n bytes to where the kernel takes firmware from, and returns its name there and the sum that the module
// makes of it.
func firmware(t *testing.T, n int) (name string, sum uint32) {
	t.Helper()
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7)
		sum = sum*31 + uint32(data[i])
	}
	if err := os.MkdirAll("/lib/firmware", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/lib/firmware/nlgen.bin", data, 0o644); err != nil {
		t.Fatal(err)
	}
	return "nlgen.bin", sum
}

// TestFirmware writes firmware to a module. The kernel tells how it goes on, to the socket that asked for it alone.
func TestFirmware(t *testing.T) {
	l := newNIC(t)
	l.SetFlags(l.Link("nic0"), 0, 1)
	c := witness.NewTally(t)
	const size = 1000
	name, sum := firmware(t, size)
	_, conn := witness.Dial(t, nlconn.WithOneSocket())
	client := ethtool.New(conn)
	ctx, cancel := context.WithTimeout(l.Ctx, 50*time.Second)
	defer cancel()
	sub, err := client.Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	// follow flashes with a password, and returns what is told until it ends.
	follow := func(password uint32) (all []*ethtool.ModuleFwFlashNtf) {
		t.Helper()
		err := client.ModuleFwFlashAct(ctx, &ethtool.ModuleFwFlashActRequest{Header: of("nic0"), FileName: nlattr.Some(name), Password: u32(password)})
		if err != nil {
			t.Fatal(err)
		}
		for ev, err := range sub.All(ctx) {
			if err != nil {
				t.Fatalf("after %+v: %v", all, err)
			}
			x, ok := ev.(*ethtool.ModuleFwFlashNtf)
			if !ok {
				t.Fatalf("told %T", ev)
			}
			witness.Known(t, "firmware", x)
			c.Field("link", x.Header.DevName, "nic0")
			all = append(all, x)
			if x.Status.V == ethtool.ModuleFwFlashStatusCompleted || x.Status.V == ethtool.ModuleFwFlashStatusError {
				return all
			}
		}
		return all
	}
	told := follow(0xcafe)
	c.Field("at first", told[0].Status, "started")
	c.Field("at last", told[len(told)-1].Status, "completed")
	blocks := told[1 : len(told)-1]
	const block = 120 - 4 // A message has room for that much and an address.
	c.Field("blocks", len(blocks), float64((size+block-1)/block))
	for i, x := range blocks {
		c.Field("meanwhile", x.Status, "in-progress")
		c.Field("done", x.Done, float64(i*block))
		c.Field("of", x.Total, float64(size))
	}
	state := l.state()
	c.Field("driver's size", float64(size), num(state["firmware.expected"]))
	c.Field("driver's bytes", float64(size), num(state["firmware.written"]))
	c.Field("driver's sum", fmt.Sprint(sum), state["firmware.sum"])

	told = follow(0xbad)
	c.Field("refused", told[0].Status, "error")
	c.Field("why", told[0].StatusMsg, "Password was not accepted.")
	c.Report("firmware")
}

// TestFirmwareBeside makes requests on the connection that asked for firmware to be written. What the kernel tells meanwhile has the
// numbers of the requests that follow, but answers none of them.
func TestFirmwareBeside(t *testing.T) {
	l := newNIC(t)
	l.SetFlags(l.Link("nic0"), 0, 1)
	name, _ := firmware(t, 100)
	passed := 0
	_, conn := witness.Dial(t, nlconn.WithHooks(nlconn.Hooks{Skipped: func(int, nlmsg.Header, []byte) { passed++ }}))
	client := ethtool.New(conn)
	err := client.ModuleFwFlashAct(l.Ctx, &ethtool.ModuleFwFlashActRequest{Header: of("nic0"), FileName: nlattr.Some(name), Password: u32(0xbad)})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second) // The module is asked for its opinion twice, a second each.
	for range 10 {
		if x, err := client.DebugGet(l.Ctx, &ethtool.DebugGetRequest{Header: of("nic0")}); err != nil || x.Msgmask == nil {
			t.Errorf("%+v, %v", x, err)
		}
	}
	if passed == 0 {
		t.Error("the module told nothing meanwhile")
	}
}
