package netdev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestPagePools follows a page pool through its life: made with its queue, a page taken from it, let go of by the driver while the page
// is out, and gone when that is back. The simulated device takes and returns a page when it is told to in debugfs.
func TestPagePools(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	link := n.Simulated()
	debug := witness.Mount(t, "debugfs")
	port := strconv.FormatUint(uint64(link.DevlinkPort.PortIndex.V), 10)
	hold := func(state string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(debug, "netdevsim", link.ParentDevName.V, "ports", port, "pp_hold"), []byte(state), 0); err != nil {
			t.Fatal(err)
		}
	}

	client := netdev.New(n.Conn)
	sub, err := client.Subscribe(ctx, netdev.GroupPagePool)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	// event waits for the next one, whose pool must be what a do reads at the same time.
	event := func() (netdev.Event, *netdev.PagePoolGetReply) {
		t.Helper()
		for ev, err := range sub.All(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			switch ev := ev.(type) {
			case *netdev.PagePoolAddNtf:
				return ev, &ev.PagePoolGetReply
			case *netdev.PagePoolChangeNtf:
				return ev, &ev.PagePoolGetReply
			case *netdev.PagePoolDelNtf:
				return ev, &ev.PagePoolGetReply
			}
			t.Fatalf("event %T", ev)
		}
		t.Fatal(ctx.Err())
		return nil, nil
	}
	get := func(pool *netdev.PagePoolGetReply) *netdev.PagePoolGetReply {
		t.Helper()
		got, err := client.PagePoolGet(ctx, &netdev.PagePoolGetRequest{ID: pool.ID})
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(t, "page pool", got)
		all, err := client.PagePoolGetCollect(ctx, nil)
		if err != nil || len(all) != 1 || all[0].ID.V != got.ID.V {
			t.Errorf("the dump has %d pools, %v", len(all), err)
		}
		return got
	}
	c := witness.NewTally(t)

	n.Up(link)
	ev, pool := event()
	if _, ok := ev.(*netdev.PagePoolAddNtf); !ok {
		t.Fatalf("event %T of a link that came up", ev)
	}
	napis, err := client.NapiGetCollect(ctx, &netdev.NapiGetDumpRequest{Ifindex: u32(uint32(link.Header.IfiIndex))})
	if err != nil || len(napis) != 1 {
		t.Fatalf("%d NAPI instances, %v", len(napis), err)
	}
	idle := get(pool)
	c.Field("ifindex", idle.Ifindex, float64(link.Header.IfiIndex))
	c.Field("napi-id", idle.NapiID, float64(napis[0].ID.V))
	c.Field("detach-time", idle.DetachTime.OK, false)

	hold("y")
	busy := get(pool)
	c.Field("inflight", busy.Inflight.V > idle.Inflight.V, true)
	c.Field("inflight-mem", busy.InflightMem, float64(busy.Inflight.V*uint64(os.Getpagesize())))

	n.SetFlags(link, 0, rtlink.IfinfoFlagsUp)
	ev, changed := event()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		t.Fatal(err)
	}
	if _, ok := ev.(*netdev.PagePoolChangeNtf); !ok {
		t.Fatalf("event %T of a link that went down with a page out", ev)
	}
	detached := get(pool)
	c.Field("number", changed.ID, float64(pool.ID.V))
	c.Field("detach-time", witness.Near(detached.DetachTime.V), float64(now.Sec))
	c.Field("inflight of the page alone", detached.Inflight, 1.0)
	c.Field("inflight-mem of the page alone", detached.InflightMem, float64(os.Getpagesize()))

	hold("n")
	ev, gone := event()
	if _, ok := ev.(*netdev.PagePoolDelNtf); !ok {
		t.Fatalf("event %T of a pool whose last page is back", ev)
	}
	c.Field("number", gone.ID, float64(pool.ID.V))
	c.Field("inflight at the end", gone.Inflight, 0.0)
	c.Report("page pool")

	_, err = client.PagePoolGet(ctx, &netdev.PagePoolGetRequest{ID: pool.ID})
	witness.Refused(t, "a pool that is gone", err, syscall.ENOENT, "netdev: page-pool-get: ENOENT: no such file or directory")
	_, err = client.PagePoolStatsGet(ctx, &netdev.PagePoolStatsGetRequest{Info: &netdev.PagePoolInfoAttrs{ID: pool.ID}})
	if errors.Is(err, syscall.EOPNOTSUPP) {
		t.Logf("this kernel is built without CONFIG_PAGE_POOL_STATS: %v", err)
		return
	}
	witness.Refused(t, "statistics of a pool that is gone", err, syscall.ENOENT, "netdev: page-pool-stats-get: ENOENT: no such file or directory")
}

// TestQueueCounters sends packets from one simulated device to another and compares the counters of their queues with those in /sys.
func TestQueueCounters(t *testing.T) {
	n := witness.NewNamespace(t)
	from := n.Simulated()
	var to *rtlink.GetlinkReply
	for _, link := range n.Dump() {
		if link.ParentDevName.V == from.ParentDevName.V && link.Header.IfiIndex != from.Header.IfiIndex {
			to = link
		}
	}
	// Ports are connected by the descriptor of their namespace and their index.
	ns, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	if err := os.WriteFile("/sys/bus/netdevsim/link_device",
		fmt.Appendf(nil, "%d:%d %d:%d", ns.Fd(), from.Header.IfiIndex, ns.Fd(), to.Header.IfiIndex), 0); err != nil {
		t.Fatal(err)
	}
	n.Up(from, to)
	raw, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(raw)
	for range 10 {
		packet := append(append(append([]byte{}, to.Address...), from.Address...), 0x88, 0xb5) // ETH_P_802_EX1
		if err := unix.Sendto(raw, append(packet, make([]byte, 100)...), 0, &unix.SockaddrLinklayer{Ifindex: int(from.Header.IfiIndex)}); err != nil {
			t.Fatal(err)
		}
	}

	client := netdev.New(n.Conn)
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) {
		for _, link := range []*rtlink.GetlinkReply{from, to} {
			counted := func(scope nlattr.Opt[netdev.QstatsScope]) []*netdev.QstatsGetReply {
				t.Helper()
				list, err := client.QstatsGetCollect(n.Ctx, &netdev.QstatsGetDumpRequest{Ifindex: u32(uint32(link.Header.IfiIndex)), Scope: scope})
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range list {
					witness.Known(t, "qstats", s)
					c.Field("ifindex", s.Ifindex, float64(link.Header.IfiIndex))
				}
				return list
			}
			name := link.Ifname.V
			whole := counted(nlattr.Opt[netdev.QstatsScope]{})
			if len(whole) != 1 || whole[0].QueueID.OK || whole[0].QueueType.OK {
				t.Fatalf("%s as a whole: %+v", name, whole)
			}
			file := func(of string) string { return witness.Sysfs(t, name, "statistics/"+of) }
			c.Field(name+" rx-packets", fmt.Sprint(whole[0].RxPackets.V), file("rx_packets"))
			c.Field(name+" rx-bytes", fmt.Sprint(whole[0].RxBytes.V), file("rx_bytes"))
			c.Field(name+" tx-packets", fmt.Sprint(whole[0].TxPackets.V), file("tx_packets"))
			c.Field(name+" tx-bytes", fmt.Sprint(whole[0].TxBytes.V), file("tx_bytes"))

			// The device has one queue each way and says that the first packet was none of theirs.
			queues := counted(nlattr.Some(netdev.QstatsScopeQueue))
			kinds := witness.Set{}
			for _, q := range queues {
				kinds = append(kinds, fmt.Sprintf("%v-%d", q.QueueType.V, q.QueueID.V))
				total, own := whole[0].RxPackets, q.RxPackets
				if q.QueueType.V == netdev.QueueTypeTx {
					total, own = whole[0].TxPackets, q.TxPackets
				}
				c.Field(name+" packets of the queue", own, float64(max(total.V, 1)-1))
			}
			c.Field(name+" queues", kinds, []any{"rx-0", "tx-0"})
		}
	})
	if sent, err := strconv.Atoi(witness.Sysfs(t, from.Ifname.V, "statistics/tx_packets")); err != nil || sent < 10 {
		t.Errorf("%d packets were sent, %v; want 10 at least", sent, err)
	}
	c.Report("queues")
}
