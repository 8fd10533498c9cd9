package link

import (
	"encoding/binary"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkCANStates has errors on the bus of a controller of our module, up to where it goes off the bus, and restarts it.
func TestLinkCANStates(t *testing.T) {
	n := witness.NewNamespace(t)
	witness.Load(t, "nlgen_can")
	const name = "nlgencan0"
	borrow(n, name)
	set := func(data *rtlink.LinkinfoCanAttrs) error {
		return n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
			Header: rtlink.Ifinfomsg{IfiIndex: n.Link(name).Header.IfiIndex}, Linkinfo: &rtlink.LinkinfoAttrs{Data: data},
		})
	}
	modes := rtlink.CanCtrlmodeFlagsFd | rtlink.CanCtrlmodeFlagsTdcAuto | rtlink.CanCtrlmodeFlagsTdcManual
	err := set(&rtlink.LinkinfoCanAttrs{Bittiming: &rtlink.CanBittiming{Bitrate: 500_000}, Ctrlmode: nlattr.Some(rtlink.CanCtrlmode{Mask: modes})})
	if err != nil {
		t.Fatal(err)
	}
	n.Up(n.Link(name))
	defer n.SetFlags(n.Link(name), 0, rtlink.IfinfoFlagsUp)
	err = set(&rtlink.LinkinfoCanAttrs{Restart: u32(1)})
	witness.Refused(t, "a restart of what runs", err, syscall.EBUSY, "rt-link: newlink: EBUSY: device or resource busy")

	socket, err := unix.Socket(unix.AF_CAN, unix.SOCK_RAW, unix.CAN_RAW)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	if err := unix.Bind(socket, &unix.SockaddrCAN{Ifindex: int(n.Link(name).Header.IfiIndex)}); err != nil {
		t.Fatal(err)
	}
	c := witness.NewTally(t)
	before, _ := n.Link(name).Linkinfo.Xstats.(*rtlink.CanDeviceStats)
	if before == nil {
		t.Fatal("there are no counters")
	}
	for state := rtlink.CanStateErrorWarning; state <= rtlink.CanStateBusOff; state++ {
		frame := binary.NativeEndian.AppendUint32(nil, 0x123) // struct can_frame
		if _, err := unix.Write(socket, append(frame, 1, 0, 0, 0, byte(state), 0, 0, 0, 0, 0, 0, 0)); err != nil {
			t.Fatal(err)
		}
		c.Steady(func(c *witness.Tally) {
			if got := n.Link(name).Linkinfo.Data.(*rtlink.LinkinfoCanAttrs).State; got != nlattr.Some(state) {
				c.Errorf("the state is %v, not %v", got, state)
			}
			compareWithIP(n, c, name)
		})
	}
	if err := set(&rtlink.LinkinfoCanAttrs{Restart: u32(1)}); err != nil {
		t.Fatal(err)
	}
	link := n.Link(name).Linkinfo
	if state := link.Data.(*rtlink.LinkinfoCanAttrs).State; state != nlattr.Some(rtlink.CanStateErrorActive) {
		t.Errorf("after a restart the state is %v", state)
	}
	want := *before
	want.BusError, want.ArbitrationLost, want.ErrorWarning = want.BusError+3, want.ArbitrationLost+6, want.ErrorWarning+1
	want.ErrorPassive, want.BusOff, want.Restarts = want.ErrorPassive+1, want.BusOff+1, want.Restarts+1
	if got := link.Xstats.(*rtlink.CanDeviceStats); *got != want {
		t.Errorf("counted are %+v, not %+v", got, want)
	}
	compareWithIP(n, c, name)
	c.Report("states of a controller")
}
