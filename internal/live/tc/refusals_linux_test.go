package tc

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// TestRefusals asks for what cannot be, and reads the kernel's words and the attribute that it points at.
func TestRefusals(t *testing.T) {
	b := newBench(t)
	root := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 1 << 16}
	b.qdisc(&tc.NewqdiscRequest{Options: &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}})
	for _, c := range []struct {
		name string
		ask  func() error
		is   syscall.Errno
		text string
	}{
		{"unknown kind", func() error {
			at := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 2 << 16}
			return b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: at, Kind: some("nosuch")}, nlconn.Create, nlconn.Replace)
		}, syscall.ENOENT, "Specified qdisc kind is unknown"},
		{"exclusive", func() error {
			return b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: root, Kind: some("htb")}, nlconn.Create, nlconn.Exclusive)
		}, syscall.EEXIST, "Exclusivity flag on, cannot modify"},
		{"other kind", func() error {
			return b.tc.Delqdisc(b.Ctx, &tc.DelqdiscRequest{Header: root, Kind: some("tbf")})
		}, syscall.EINVAL, "Invalid qdisc name"},
		{"no such class", func() error {
			return b.tc.Deltclass(b.Ctx, &tc.DeltclassRequest{Header: tc.Tcmsg{Ifindex: b.index, Handle: 1<<16 | 0x77}})
		}, syscall.ENOENT, ""},
		{"filter without parent", func() error {
			return b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{
				Header: tc.Tcmsg{Ifindex: b.index, Parent: 0x77 << 16, Info: info(1, all)}, Options: &tc.U32Attrs{},
			}, nlconn.Create)
		}, syscall.EINVAL, ""},
		{"create without the flag", func() error {
			return b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{
				Header: tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: info(1, all)}, Options: &tc.U32Attrs{Sel: &tc.U32Sel{}},
			})
		}, syscall.ENOENT, "Need both RTM_NEWTFILTER and NLM_F_CREATE to create a new filter"},
		{"no such link", func() error {
			return b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: tc.Tcmsg{Ifindex: 9999, Parent: tc.HandleRoot}, Kind: some("htb")}, nlconn.Create)
		}, syscall.ENODEV, ""},
		{"mirred to nowhere", func() error {
			return b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: acts(tc.ActAttrs{Options: &tc.ActMirredAttrs{
				Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror, Ifindex: 9999},
			}})}, nlconn.Create)
		}, syscall.ENODEV, ""},
		{"chain that is there", func() error {
			req := &tc.NewchainRequest{Header: tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16}, Chain: u32(5)}
			if err := b.tc.Newchain(b.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
				return err
			}
			return b.tc.Newchain(b.Ctx, req, nlconn.Create, nlconn.Exclusive)
		}, syscall.EEXIST, "Filter chain already exists"},
		{"range", func() error {
			err := b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{
				Header:  tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: info(1, ip)},
				Options: &tc.FlowerAttrs{KeyEthType: u16(ip), KeyIpProto: u8(6), KeyPortDstMin: u16(9), KeyPortDstMax: u16(8)},
			}, nlconn.Create)
			if errors.Is(err, syscall.ENOENT) && !nettest.Guest() {
				return nil // no flower
			}
			var refused *nlmsg.Error
			if !errors.As(err, &refused) || refused.Attr != "options.key-port-dst-min" {
				t.Errorf("%v does not name options.key-port-dst-min", err)
			}
			return err
		}, syscall.EINVAL, "Invalid destination port range"},
	} {
		err := c.ask()
		if err == nil {
			t.Logf("%s: the kernel cannot be asked", c.name)
			continue
		}
		var refused *nlmsg.Error
		if !errors.As(err, &refused) || !errors.Is(err, c.is) || !strings.HasPrefix(refused.Message, c.text) {
			t.Errorf("%s: %v, not %v %q", c.name, err, c.is, c.text)
		}
		t.Logf("%s: %v", c.name, err)
	}
}
