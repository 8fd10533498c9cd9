package link

import (
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestLinkCANLimits sets what the controllers that QEMU emulates do not have, on two of our own: the compensation of delay, termination,
// and rates of a list. They appear in the first network namespace and are moved here.
func TestLinkCANLimits(t *testing.T) {
	n := witness.NewNamespace(t)
	witness.Load(t, "nlgen_can")
	c := witness.NewTally(t)
	set := func(name string, data *rtlink.LinkinfoCanAttrs) error {
		return n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
			Header: rtlink.Ifinfomsg{IfiIndex: n.Link(name).Header.IfiIndex}, Linkinfo: &rtlink.LinkinfoAttrs{Data: data},
		})
	}
	get := func(name string) *rtlink.LinkinfoCanAttrs {
		return n.Link(name).Linkinfo.Data.(*rtlink.LinkinfoCanAttrs)
	}
	// try sets a controller, reads it, and compares it with what ip prints.
	try := func(name, what string, want *rtlink.LinkinfoCanAttrs) *rtlink.LinkinfoCanAttrs {
		t.Helper()
		if err := set(name, want); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := get(name)
		c.Within(what, want, got, "Ctrlmode")
		if want.Ctrlmode.OK && got.Ctrlmode.V.Flags != want.Ctrlmode.V.Flags {
			t.Errorf("%s: the modes are %v", what, got.Ctrlmode.V)
		}
		compareWithIP(n, c, name)
		return got
	}
	mode := func(flags rtlink.CanCtrlmodeFlags) nlattr.Opt[rtlink.CanCtrlmode] {
		const all = rtlink.CanCtrlmodeFlagsFd | rtlink.CanCtrlmodeFlagsTdcAuto | rtlink.CanCtrlmodeFlagsTdcManual
		return nlattr.Some(rtlink.CanCtrlmode{Mask: all, Flags: flags})
	}

	const timed, listed = "nlgencan0", "nlgencan1"
	borrow(n, timed)
	borrow(n, listed)
	slow, fast := &rtlink.CanBittiming{Bitrate: 500_000}, &rtlink.CanBittiming{Bitrate: 5_000_000}
	try(timed, "a delay that is said", &rtlink.LinkinfoCanAttrs{
		Bittiming: slow, DataBittiming: fast, Ctrlmode: mode(rtlink.CanCtrlmodeFlagsFd | rtlink.CanCtrlmodeFlagsTdcManual),
		Tdc: &rtlink.LinkinfoCanTdcAttrs{Tdcv: u32(7), Tdco: u32(8), Tdcf: u32(9)}, Termination: u16(120),
	})
	n.Up(n.Link(timed))
	compareWithIP(n, c, timed)
	if got := get(timed); got.BerrCounter.V != (rtlink.CanBerrCounter{Txerr: 11, Rxerr: 22}) {
		t.Errorf("counted errors are %v", got.BerrCounter)
	}
	n.SetFlags(n.Link(timed), 0, rtlink.IfinfoFlagsUp)
	got := try(timed, "a delay that is measured", &rtlink.LinkinfoCanAttrs{
		Bittiming: slow, DataBittiming: fast, Ctrlmode: mode(rtlink.CanCtrlmodeFlagsFd | rtlink.CanCtrlmodeFlagsTdcAuto),
		Tdc: &rtlink.LinkinfoCanTdcAttrs{Tdco: u32(10)}, Termination: u16(60),
	})
	// The limits of the module.
	c.Within("limits", &rtlink.LinkinfoCanTdcAttrs{
		TdcvMin: u32(1), TdcvMax: u32(126), TdcoMin: u32(2), TdcoMax: u32(127), TdcfMin: u32(3), TdcfMax: u32(125),
	}, got.Tdc)
	if !slices.Equal(got.TerminationConst, []uint16{0, 60, 120}) {
		t.Errorf("terminations are %v", got.TerminationConst)
	}
	if err := set(timed, &rtlink.LinkinfoCanAttrs{Termination: u16(100)}); err == nil {
		t.Error("a resistor that it has not is no error")
	} else {
		witness.Refused(t, "a resistor that it has not", err, syscall.EINVAL, "rt-link: newlink: EINVAL: invalid argument")
	}

	got = try(listed, "rates of lists", &rtlink.LinkinfoCanAttrs{Bittiming: slow, DataBittiming: fast, Ctrlmode: mode(rtlink.CanCtrlmodeFlagsFd)})
	if !slices.Equal(got.BitrateConst, []uint32{125_000, 500_000, 1_000_000}) || !slices.Equal(got.DataBitrateConst, []uint32{2_000_000, 5_000_000, 8_000_000}) ||
		got.BitrateMax != u32(8_000_000) {
		t.Errorf("rates are %v and %v, at most %v", got.BitrateConst, got.DataBitrateConst, got.BitrateMax)
	}
	c.Report("limits of controllers")
}

// borrow takes a link from the first network namespace for the time of the test.
func borrow(n *witness.Namespace, name string) {
	n.T.Helper()
	_, conn := witness.Dial(n.T, nlconn.WithNamespace("/proc/1/ns/net"))
	err := rtlink.New(conn).Setlink(n.Ctx, &rtlink.SetlinkRequest{Ifname: nlattr.Some(name), NetNsPid: u32(uint32(os.Getpid()))})
	if err != nil {
		n.T.Fatal(err)
	}
	link := n.Link(name)
	n.T.Cleanup(func() { // Before the next test looks for it.
		_ = n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}, NetNsPid: u32(1)})
	})
}
