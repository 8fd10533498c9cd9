package live

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The types of programs (enum bpf_prog_type).
const (
	programXDP       = 6
	programIn        = 10 // BPF_PROG_TYPE_LWT_IN
	programOut       = 11
	programXmit      = 12
	programSeg6Local = 19
)

// loadProgram loads a program that returns a number, and returns its file descriptor.
func loadProgram(n *witness.Namespace, kind uint32, result int32) int32 {
	n.T.Helper()
	insns := []struct {
		code, regs byte
		off        int16
		imm        int32
	}{{0xb7, 0, 0, result}, {0x95, 0, 0, 0}} // r0 = result; exit
	license := []byte("GPL\x00")
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(&insns[0])
	pins.Pin(&license[0])
	attr := struct { // union bpf_attr of BPF_PROG_LOAD
		kind, count    uint32
		insns, license uint64
		log            [2]uint32
		logBuffer      uint64
		version, flags uint32
	}{
		kind: kind, count: uint32(len(insns)),
		insns: uint64(uintptr(unsafe.Pointer(&insns[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	const progLoad = 5
	fd, _, errno := unix.Syscall(unix.SYS_BPF, progLoad, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 {
		n.T.Skip("bpf: ", errno)
	}
	n.T.Cleanup(func() { unix.Close(int(fd)) })
	return int32(fd)
}

// TestLinkXDP attaches programs in the stack and in the driver, replaces one, detaches them, and compares with what ip prints.
func TestLinkXDP(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("xdp0", "xdp1")
	n.Up(link, peer)
	const pass = 2 // XDP_PASS
	one, two := loadProgram(n, programXDP, pass), loadProgram(n, programXDP, pass)
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
