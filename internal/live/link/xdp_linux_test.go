package link

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkXDP attaches programs in the stack and in the driver, replaces one, detaches them, and compares with what ip prints.
func TestLinkXDP(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("xdp0", "xdp1")
	n.Up(link, peer)
	const pass = 2 // XDP_PASS
	program := func() int32 { return int32(witness.Program(t, unix.BPF_PROG_TYPE_XDP, pass, 0)) }
	one, two := program(), program()
	set := func(fd int32, flags rtlink.XdpFlags, expected nlattr.Opt[int32]) error {
		return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex},
			Xdp: &rtlink.XdpAttrs{Fd: nlattr.Some(fd), Flags: nlattr.Some(flags), ExpectedFd: expected}})
	}
	none := nlattr.Opt[int32]{}
	for _, change := range []struct {
		name     string
		fd       int32
		flags    rtlink.XdpFlags
		expected nlattr.Opt[int32]
		want     rtlink.XdpAttached
	}{
		{"in the stack", one, rtlink.XdpFlagsSkbMode, none, rtlink.XdpAttachedSkb},
		{"another", two, rtlink.XdpFlagsSkbMode | rtlink.XdpFlagsReplace, nlattr.Some(one), rtlink.XdpAttachedSkb},
		{"none", -1, rtlink.XdpFlagsSkbMode, none, rtlink.XdpAttachedNone},
		{"in the driver", one, rtlink.XdpFlagsDrvMode | rtlink.XdpFlagsUpdateIfNoexist, none, rtlink.XdpAttachedDrv},
		{"none again", -1, rtlink.XdpFlagsDrvMode, none, rtlink.XdpAttachedNone},
	} {
		if err := set(change.fd, change.flags, change.expected); err != nil {
			t.Fatalf("%s: %v", change.name, err)
		}
		got := n.Link("xdp0").Xdp
		if got == nil || got.Attached.V != change.want || (got.ProgID.V != 0) != (change.want != rtlink.XdpAttachedNone) {
			t.Errorf("%s: %+v", change.name, got)
		}
		compareWithIP(n, c, "xdp0")
	}
	if err := set(one, rtlink.XdpFlagsSkbMode, none); err != nil {
		t.Fatal(err)
	}
	if err := set(two, rtlink.XdpFlagsSkbMode|rtlink.XdpFlagsUpdateIfNoexist, none); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("a second program: %v", err)
	}
	c.Report("XDP")
}

// compareXDP compares what ip says about programs: one for the link as a whole, and one for each place.
func compareXDP(c *witness.Tally, at string, x *rtlink.XdpAttrs, theirs witness.Object) {
	program := func(at string, id nlattr.Opt[uint32], theirs any) {
		for key, value := range theirs.(witness.Object) {
			if key == "id" {
				c.Field(at+".id", id, value)
			} else {
				c.Unseen[at+"."+key] = "ip asks bpf for it, not netlink"
			}
		}
	}
	places := map[rtlink.XdpAttached]nlattr.Opt[uint32]{
		rtlink.XdpAttachedDrv: x.DrvProgID, rtlink.XdpAttachedSkb: x.SkbProgID, rtlink.XdpAttachedHw: x.HwProgID,
	}
	for key, value := range theirs {
		switch key {
		case "mode":
			c.Field(at+".mode", x.Attached.V, value)
		case "prog":
			program(at+".prog", x.ProgID, value)
		case "attached":
			for _, entry := range value.([]any) {
				entry := entry.(witness.Object)
				place := rtlink.XdpAttached(entry["mode"].(float64))
				program(fmt.Sprintf("%s.attached.%v", at, place), places[place], entry["prog"])
			}
		default:
			c.Errorf("%s.%s: nothing of ours is known to be %v", at, key, value)
		}
	}
}
