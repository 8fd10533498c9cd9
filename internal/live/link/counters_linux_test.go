package link

import (
	"errors"
	"net"
	"reflect"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestStatistics counts packets: it sends some through lo and compares the counters of a link with what ip prints, and those of getlink
// with those of getstats.
func TestStatistics(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	lo := n.Link("lo")
	n.Up(lo)
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	conn, err := net.DialUDP("udp4", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const packets, size = 20, 100
	for range packets {
		// Nobody listens: every other write tells so, and does not send.
		_, _ = conn.Write(make([]byte, size))
	}
	got := n.Link("lo").Stats64
	if got == nil || got.TxPackets < packets/2 || got.RxBytes < packets/2*size || got.RxPackets != got.TxPackets {
		t.Fatalf("after %d packets the counters are %+v", packets, got)
	}
	c.Steady(func(c *witness.Tally) { compareWithIP(n, c, "lo") })
	c.Steady(func(c *witness.Tally) {
		const link64 = 1 // IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)
		stats, err := n.Links.Getstats(n.Ctx, &rtlink.GetstatsRequest{Header: rtlink.IfStatsMsg{Ifindex: uint32(lo.Header.IfiIndex), FilterMask: link64}})
		if err != nil {
			t.Fatal(err)
		}
		link := n.Link("lo").Stats64
		c.Fields += reflect.TypeOf(*link).NumField()
		if !reflect.DeepEqual(stats.Link64, link) {
			c.Errorf("getstats %+v, getlink %+v", stats.Link64, link)
		}
		all, err := n.Links.GetstatsCollect(n.Ctx, &rtlink.GetstatsDumpRequest{Header: rtlink.IfStatsMsg{FilterMask: link64}})
		if err != nil || len(all) != len(n.Dump()) {
			c.Errorf("%d links in the dump of statistics: %v", len(all), err)
		}
	})
	c.Report("statistics")
}

// TestNoStatistics asks for statistics of a link that does not exist.
func TestNoStatistics(t *testing.T) {
	n := witness.NewNamespace(t)
	_, err := n.Links.Getstats(n.Ctx, &rtlink.GetstatsRequest{Header: rtlink.IfStatsMsg{Ifindex: 1 << 20, FilterMask: 1}})
	if !errors.Is(err, syscall.ENODEV) {
		t.Error(err)
	}
}
