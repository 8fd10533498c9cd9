package link

import (
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestLinkLabels sends packets with a label of MPLS that is known, with one that is not, and with one whose time is up, and compares what
// the link counts with what ip prints.
func TestLinkLabels(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, far := n.Veth("label0", "label1")
	n.Up(link, far)
	for file, value := range map[string]string{"platform_labels": "1000", "conf/label0/input": "1"} {
		if err := os.WriteFile("/proc/sys/net/mpls/"+file, []byte(value), 0); err != nil {
			t.Skip("this kernel has no MPLS: ", err)
		}
	}
	const known, unknown, bottom = 100 << 12, 999 << 12, 1 << 8
	dst, _ := netip.AddrFromSlice(binary.BigEndian.AppendUint32(nil, known|bottom))
	if err := rtroute.New(n.Conn).Newroute(n.Ctx, &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_MPLS, RtmDstLen: 20, RtmTable: rtroute.RtTableMain, RtmType: rtroute.RtmTypeUnicast},
		Dst:    nlattr.Some(dst), Oif: u32(uint32(link.Header.IfiIndex)), Newdst: []uint32{200<<12 | bottom},
		Via: &rtroute.Rtvia{RtviaFamily: unix.AF_INET, RtviaAddr: []byte{192, 0, 2, 2}},
	}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	frame := append(slices.Clone(link.Address), far.Address...)
	frame = append(frame, 0x88, 0x47)
	for label, count := range map[uint32]int{known | bottom | 9: 3, unknown | bottom | 9: 2, known | bottom: 1} {
		for range count {
			traffic.SendFrame(t, uint32(far.Header.IfiIndex), append(binary.BigEndian.AppendUint32(slices.Clone(frame), label), make([]byte, 20)...))
		}
	}
	witness.Await(t, "packets with labels", func() bool {
		s := statsOf(n, "label0").AfSpec.Mpls.Link
		return s.RxPackets == 6 && s.RxNoroute == 2
	})
	compareStats(n, c, "label0")
	c.Report("labels")
}
