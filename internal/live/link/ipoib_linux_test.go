package link

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// ipoibView is how ip prints a link of InfiniBand: its numbers are texts.
var ipoibView = witness.View[*rtlink.LinkinfoIpoibAttrs]{
	"key":    func(x *rtlink.LinkinfoIpoibAttrs) any { return fmt.Sprintf("0x%04x", x.Pkey.V) },
	"mode":   func(x *rtlink.LinkinfoIpoibAttrs) any { return x.Mode.V.String() },
	"umcast": func(x *rtlink.LinkinfoIpoibAttrs) any { return fmt.Sprintf("%04x", x.Umcast.V) },
}

// TestLinkIpoib makes links for partitions of an InfiniBand port, and compares them with what ip and /sys show. The link of the port
// itself appears in the first network namespace and is moved here.
func TestLinkIpoib(t *testing.T) {
	witness.Load(t, "nlgen_ib")
	n := witness.NewNamespace(t)
	_, conn := witness.Dial(t, nlconn.WithNamespace("/proc/1/ns/net"))
	first := rtlink.New(conn)
	all, err := first.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ipoib")}})
	if err != nil || len(all) != 1 {
		t.Fatalf("the ports have the links %v, %v", all, err)
	}
	err = first.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: all[0].Header.IfiIndex}, NetNsPid: u32(uint32(os.Getpid()))})
	if err != nil {
		t.Fatal(err)
	}
	port := n.Link(all[0].Ifname.V)
	t.Cleanup(func() { // Before the next test looks for it.
		_ = n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, NetNsPid: u32(1)})
	})
	c := witness.NewTally(t)
	compareWithIP(n, c, port.Ifname.V)
	// Links of partitions have no such files.
	data := port.Linkinfo.Data.(*rtlink.LinkinfoIpoibAttrs)
	for file, ours := range map[string]string{"pkey": fmt.Sprintf("0x%04x", data.Pkey.V), "mode": data.Mode.V.String(), "umcast": fmt.Sprint(data.Umcast.V)} {
		theirs, err := os.ReadFile("/sys/class/net/" + port.Ifname.V + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		c.Field("file "+file, ours, strings.TrimSpace(string(theirs)))
	}
	index := u32(uint32(port.Header.IfiIndex))
	for i, want := range []*rtlink.LinkinfoIpoibAttrs{
		{Pkey: u16(0x8001), Mode: nlattr.Some(rtlink.IpoibModeDatagram), Umcast: u16(1)},
		{Pkey: u16(0x8002), Umcast: u16(0)},
		{Pkey: u16(0x8003)},
	} {
		name := fmt.Sprint("part", i)
		got := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some(name), Link: index, Linkinfo: &rtlink.LinkinfoAttrs{Data: want}})
		c.Within(name, want, got.Linkinfo.Data)
		c.Field(name+" link", got.Link, float64(index.V))
		compareWithIP(n, c, name)
	}
	child := u32(uint32(n.Link("part0").Header.IfiIndex))
	err = n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
		Ifname: nlattr.Some("another"), Link: child, Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoIpoibAttrs{Pkey: u16(0x8004)}},
	}, nlconn.Create)
	witness.Refused(t, "a partition of a partition", err, syscall.EINVAL, "rt-link: newlink: EINVAL: invalid argument")
	c.Report("partitions")
}
