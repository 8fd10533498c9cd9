package link

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestLinkCAN sets up CAN controllers, those of the machine and one on a serial line, and compares them with what ip prints. Their links
// appear in the first network namespace and are moved here.
func TestLinkCAN(t *testing.T) {
	n := witness.NewNamespace(t)
	if !nettest.Guest() {
		t.Skip("only a guest's controllers may be taken")
	}
	serialCAN(n)
	_, conn := witness.Dial(t, nlconn.WithNamespace("/proc/1/ns/net"))
	first := rtlink.New(conn)
	all, err := first.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("can")}})
	if err != nil {
		t.Fatal(err)
	}
	// Those of our module have a test of their own.
	all = slices.DeleteFunc(all, func(x *rtlink.GetlinkReply) bool { return strings.HasPrefix(x.Ifname.V, "nlgen") })
	if len(all) == 0 {
		t.Skip("this machine has no CAN controller")
	}
	tally := witness.NewTally(t)
	for _, x := range all {
		header := rtlink.Ifinfomsg{IfiIndex: x.Header.IfiIndex}
		if err := first.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, NetNsPid: u32(uint32(os.Getpid()))}); err != nil {
			t.Fatal(err)
		}
		name := x.Ifname.V
		link := n.Link(name)
		t.Cleanup(func() { // Before the next test looks for it.
			_ = n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}, NetNsPid: u32(1)})
		})
		data, ok := link.Linkinfo.Data.(*rtlink.LinkinfoCanAttrs)
		if !ok {
			t.Fatalf("%s: data is %T", name, link.Linkinfo.Data)
		}
		n.Run(controller(data), func(n *witness.Namespace) {
			c := witness.NewTally(n.T)
			setCAN(n, c, link, data)
			n.Up(n.Link(name))
			compareWithIP(n, c, name)
			n.SetFlags(n.Link(name), 0, rtlink.IfinfoFlagsUp)
			c.Report(name)
			tally.Fields += c.Fields
		})
	}
	tally.Report("all controllers")
}

// controller names a controller by what limits its timing.
func controller(x *rtlink.LinkinfoCanAttrs) string {
	if x.BittimingConst != nil {
		return x.BittimingConst.Name
	}
	return "serial"
}

// setCAN gives a controller a rate, and each mode that it has and that goes with the others.
func setCAN(n *witness.Namespace, c *witness.Tally, link *rtlink.GetlinkReply, has *rtlink.LinkinfoCanAttrs) {
	n.T.Helper()
	modes := rtlink.CanCtrlmodeFlagsLoopback | rtlink.CanCtrlmodeFlagsOneShot | rtlink.CanCtrlmodeFlagsFd
	if has.CtrlmodeExt != nil {
		modes &= has.CtrlmodeExt.Supported.V
	}
	want := &rtlink.LinkinfoCanAttrs{
		Bittiming: &rtlink.CanBittiming{Bitrate: 500000},
		Ctrlmode:  nlattr.Some(rtlink.CanCtrlmode{Mask: modes, Flags: modes}),
	}
	if modes&rtlink.CanCtrlmodeFlagsFd != 0 {
		want.DataBittiming = &rtlink.CanBittiming{Bitrate: 2000000, SamplePoint: 740}
	}
	if has.BitrateConst != nil {
		want.Ctrlmode = nlattr.Opt[rtlink.CanCtrlmode]{} // A serial line has nothing of it.
		if !slices.Contains(has.BitrateConst, want.Bittiming.Bitrate) {
			n.T.Errorf("rates are %v", has.BitrateConst)
		}
	} else {
		want.RestartMs = u32(100)
	}
	err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex},
		Linkinfo: &rtlink.LinkinfoAttrs{Data: want}})
	if err != nil {
		n.T.Fatal(err)
	}
	got := n.Link(link.Ifname.V).Linkinfo.Data.(*rtlink.LinkinfoCanAttrs)
	c.Within("can", want, got, "Ctrlmode")
	if got.Ctrlmode.V.Flags != want.Ctrlmode.V.Flags {
		n.T.Errorf("modes are %v, asked for were %v", got.Ctrlmode, want.Ctrlmode)
	}
	compareWithIP(n, c, link.Ifname.V)
}

// serialCAN makes a CAN link of a serial line whose other end takes what comes and says nothing.
func serialCAN(n *witness.Namespace) {
	n.T.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		n.T.Log("no serial line: ", err)
		return
	}
	n.T.Cleanup(func() { master.Close() })
	go func() { _, _ = io.Copy(io.Discard, master) }()
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		n.T.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		n.T.Fatal(err)
	}
	n.T.Cleanup(func() {
		line.Close()
		time.Sleep(50 * time.Millisecond) // The link goes away behind our back.
	})
	const slcan = 17 // N_SLCAN
	if err := unix.IoctlSetPointerInt(int(line.Fd()), unix.TIOCSETD, slcan); err != nil {
		n.T.Log("no CAN on serial lines: ", err)
	}
}

// canModes are the modes of controllers in ip's words.
var canModes = []string{
	"LOOPBACK", "LISTEN-ONLY", "TRIPLE-SAMPLING", "ONE-SHOT", "BERR-REPORTING", "FD", "PRESUME-ACK", "FD-NON-ISO", "CC-LEN8-DLC", "TDC-AUTO",
	"TDC-MANUAL",
}

func canModeNames(flags rtlink.CanCtrlmodeFlags) any {
	names := witness.Set{}
	for i, name := range canModes {
		if flags>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return names
}

func bittiming(x *rtlink.CanBittiming) witness.Object {
	return witness.Object{
		"bitrate": x.Bitrate, "sample_point": fmt.Sprintf("%.3f", float64(x.SamplePoint)/1000), "tq": x.Tq, "prop_seg": x.PropSeg,
		"phase_seg1": x.PhaseSeg1, "phase_seg2": x.PhaseSeg2, "sjw": x.Sjw, "brp": x.Brp,
	}
}

func bittimingConst(x *rtlink.CanBittimingConst) witness.Object {
	limits := func(low, high uint32) witness.Object { return witness.Object{"min": low, "max": high} }
	return witness.Object{
		"name": x.Name, "tseg1": limits(x.Tseg1Min, x.Tseg1Max), "tseg2": limits(x.Tseg2Min, x.Tseg2Max), "sjw": limits(1, x.SjwMax),
		"brp": limits(x.BrpMin, x.BrpMax), "brp_inc": x.BrpInc,
	}
}

// compensated adds to a timing how the delay of the transmitter is compensated, if it is.
func compensated(timing witness.Object, x *rtlink.LinkinfoCanTdcAttrs, show func(x *rtlink.LinkinfoCanTdcAttrs) witness.Object) any {
	if x != nil {
		if o := show(x); len(o) > 0 {
			timing["tdc"] = o
		}
	}
	return timing
}

func compensation(x *rtlink.LinkinfoCanTdcAttrs) witness.Object {
	o := witness.Object{}
	for key, value := range map[string]nlattr.Opt[uint32]{"tdcv": x.Tdcv, "tdco": x.Tdco, "tdcf": x.Tdcf} {
		if value.OK {
			o[key] = value
		}
	}
	return o
}

func compensationLimits(x *rtlink.LinkinfoCanTdcAttrs) witness.Object {
	return witness.Object{
		"tdcv": witness.Object{"min": x.TdcvMin, "max": x.TdcvMax}, "tdco": witness.Object{"min": x.TdcoMin, "max": x.TdcoMax},
		"tdcf": witness.Object{"min": x.TdcfMin, "max": x.TdcfMax},
	}
}

var canView = witness.View[*rtlink.LinkinfoCanAttrs]{
	"ctrlmode":           func(x *rtlink.LinkinfoCanAttrs) any { return canModeNames(x.Ctrlmode.V.Flags) },
	"ctrlmode_supported": func(x *rtlink.LinkinfoCanAttrs) any { return canModeNames(x.CtrlmodeExt.Supported.V) },
	"state": func(x *rtlink.LinkinfoCanAttrs) any {
		return witness.Pick(x.State.V, "ERROR-ACTIVE", "ERROR-WARNING", "ERROR-PASSIVE", "BUS-OFF", "STOPPED", "SLEEPING")
	},
	"berr_counter": func(x *rtlink.LinkinfoCanAttrs) any {
		return witness.Object{"tx": x.BerrCounter.V.Txerr, "rx": x.BerrCounter.V.Rxerr}
	},
	"bittiming_bitrate": func(x *rtlink.LinkinfoCanAttrs) any { return x.Bittiming.Bitrate }, // of a list of rates
	"bittiming":         func(x *rtlink.LinkinfoCanAttrs) any { return bittiming(x.Bittiming) },
	"bittiming_const":   func(x *rtlink.LinkinfoCanAttrs) any { return bittimingConst(x.BittimingConst) },
	"data_bittiming": func(x *rtlink.LinkinfoCanAttrs) any {
		return compensated(bittiming(x.DataBittiming), x.Tdc, compensation)
	},
	"data_bittiming_const": func(x *rtlink.LinkinfoCanAttrs) any {
		return compensated(bittimingConst(x.DataBittimingConst), x.Tdc, compensationLimits)
	},
	"data_bittiming_bitrate": func(x *rtlink.LinkinfoCanAttrs) any { return x.DataBittiming.Bitrate },
	"clock":                  func(x *rtlink.LinkinfoCanAttrs) any { return x.Clock.V.Freq },
}
