package netdev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// TestDevices makes many links and dumps them with dev-get. The kernel does not set NLM_F_MULTI there: who ends the dump on its absence
// sees only the first datagram.
func TestDevices(t *testing.T) {
	const pairs = 100
	var plain int
	n := witness.NewNamespace(t, witness.Listen(t, func(protocol int, h nlmsg.Header, _ []byte) {
		if protocol == nlconn.ProtocolGeneric && h.Type >= nlmsg.MinType && h.Flags&nlmsg.FlagMulti == 0 {
			plain++
		}
	}))
	client := netdev.New(n.Conn)
	if _, err := n.Conn.Family(n.Ctx, "netdev"); errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	batch := n.Conn.NewBatch(nlconn.ProtocolRoute)
	for i := range pairs {
		batch.Add(n.Ctx, &rtlink.OpNewlink, &rtlink.NewlinkRequest{
			Ifname: nlattr.Some(fmt.Sprintf("many%d", 2*i)), NumTxQueues: u32(1), NumRxQueues: u32(1),
			Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
				Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some(fmt.Sprintf("many%d", 2*i+1))},
			}},
		}, nlconn.Create, nlconn.Exclusive)
	}
	t.Cleanup(func() {
		batch := n.Conn.NewBatch(nlconn.ProtocolRoute)
		for i := range pairs {
			batch.Add(n.Ctx, &rtlink.OpDellink, &rtlink.DellinkRequest{Ifname: nlattr.Some(fmt.Sprintf("many%d", 2*i))})
		}
		if err := batch.Do(n.Ctx); err != nil {
			t.Error(err)
		}
	})
	if err := batch.Do(n.Ctx); err != nil {
		t.Fatal(err)
	}
	plain = 0
	devices, err := client.DevGetCollect(n.Ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	links := n.Dump()
	seen := map[uint32]*netdev.DevGetReply{}
	for _, d := range devices {
		seen[d.Ifindex.V] = d
	}
	t.Logf("%d devices in the dump, %d messages without NLM_F_MULTI", len(devices), plain)
	if len(devices) != len(links) || len(seen) != len(links) || len(links) < 2*pairs {
		t.Errorf("the dump has %d devices, %d different ones; there are %d links", len(devices), len(seen), len(links))
	}
	c := witness.NewTally(t)
	for name, link := range links {
		index := uint32(link.Header.IfiIndex)
		one, err := client.DevGet(n.Ctx, &netdev.DevGetRequest{Ifindex: u32(index)})
		if err != nil {
			t.Fatal(err)
		}
		sys, err := os.ReadFile("/sys/class/net/" + name + "/ifindex")
		if err != nil {
			t.Fatal(err)
		}
		c.Field(name+".ifindex", strconv.FormatUint(uint64(one.Ifindex.V), 10), strings.TrimSpace(string(sys)))
		if !reflect.DeepEqual(one, seen[index]) {
			c.Errorf("%s: do %+v, dump %+v", name, one, seen[index])
		}
	}
	if _, err := client.DevGet(n.Ctx, &netdev.DevGetRequest{Ifindex: u32(1 << 30)}); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("a device that does not exist: %v", err)
	}
	c.Report("devices")
}

// TestQueues compares the queues of links with /sys, and the NAPI instances with what the queues say and with /sys.
func TestQueues(t *testing.T) {
	n := witness.NewNamespace(t)
	client := netdev.New(n.Conn)
	a := n.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some("queue0"), NumTxQueues: u32(4), NumRxQueues: u32(3),
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some("queue1"), NumTxQueues: u32(3), NumRxQueues: u32(4)},
		}},
	})
	witness.Output(t, "ethtool", "-K", "queue0", "gro", "on") // With it, a veth has NAPI instances.
	n.Up(a, n.Link("queue1"), n.Link("lo"))
	c := witness.NewTally(t)
	napis := map[uint32]*netdev.NapiGetReply{}
	all, err := client.NapiGetCollect(n.Ctx, nil)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Errorf("a link with 3 receive queues has %d NAPI instances", len(all))
	}
	for _, napi := range all {
		napis[napi.ID.V] = napi
		one, err := client.NapiGet(n.Ctx, &netdev.NapiGetRequest{ID: napi.ID})
		if err != nil || !reflect.DeepEqual(one, napi) {
			c.Errorf("NAPI %d: do %+v, %v; dump %+v", napi.ID.V, one, err, napi)
		}
		if int32(napi.Ifindex.V) != a.Header.IfiIndex {
			c.Errorf("NAPI %d is of link %d", napi.ID.V, napi.Ifindex.V)
		}
		for file, value := range map[string]nlattr.Opt[uint64]{
			"gro_flush_timeout": napi.GroFlushTimeout, "napi_defer_hard_irqs": {V: uint64(napi.DeferHardIrqs.V), OK: napi.DeferHardIrqs.OK},
		} {
			if value.OK { // Since Linux 6.13.
				c.Field("NAPI."+file, strconv.FormatUint(value.V, 10), witness.Sysfs(t, "queue0", file))
			}
		}
	}
	ofOne, err := client.NapiGetCollect(n.Ctx, &netdev.NapiGetDumpRequest{Ifindex: u32(uint32(a.Header.IfiIndex))})
	if err != nil || len(ofOne) != len(all) {
		c.Errorf("%d NAPI instances of one link, %d of all: %v", len(ofOne), len(all), err)
	}
	attached := 0
	for _, name := range []string{"queue0", "queue1", "lo"} {
		index := u32(uint32(n.Link(name).Header.IfiIndex))
		queues, err := client.QueueGetCollect(n.Ctx, &netdev.QueueGetDumpRequest{Ifindex: index})
		if err != nil {
			t.Fatal(err)
		}
		ours := witness.Set{}
		for _, q := range queues {
			ours = append(ours, fmt.Sprintf("%v-%d", q.Type.V, q.ID.V))
			one, err := client.QueueGet(n.Ctx, &netdev.QueueGetRequest{Ifindex: index, Type: q.Type, ID: q.ID})
			if err != nil || !reflect.DeepEqual(one, q) {
				c.Errorf("%s %v %d: do %+v, %v; dump %+v", name, q.Type.V, q.ID.V, one, err, q)
			}
			if q.NapiID.OK {
				attached++
				if napis[q.NapiID.V] == nil {
					c.Errorf("%s %v %d: there is no NAPI %d", name, q.Type.V, q.ID.V, q.NapiID.V)
				}
			}
		}
		files, err := filepath.Glob("/sys/class/net/" + name + "/queues/*")
		if err != nil {
			t.Fatal(err)
		}
		var theirs []any
		for _, file := range files {
			theirs = append(theirs, filepath.Base(file))
		}
		c.Field(name+".queues", ours, theirs)
		c.Fields += len(theirs)
	}
	t.Logf("%d NAPI instances, %d queues that refer to one", len(napis), attached)

	_, err = client.QueueGet(n.Ctx, &netdev.QueueGetRequest{
		Ifindex: u32(uint32(a.Header.IfiIndex)), Type: nlattr.Some(netdev.QueueTypeRx), ID: u32(99),
	})
	witness.Refused(t, "queue 99 of a link that has three", err, syscall.EINVAL, "netdev: queue-get: EINVAL: invalid argument")
	c.Report("queues and NAPI")
}

// TestQueueStatistics dumps the counters and the pools of pages that drivers keep; veth has none, so the dumps are empty. TestQueueCounters
// and TestPagePools have some.
func TestQueueStatistics(t *testing.T) {
	n := witness.NewNamespace(t)
	a, b := n.Veth("stat0", "stat1")
	n.Up(a, b)
	client := netdev.New(n.Conn)
	for _, scope := range []nlattr.Opt[netdev.QstatsScope]{{}, nlattr.Some(netdev.QstatsScopeQueue)} {
		stats, err := client.QstatsGetCollect(n.Ctx, &netdev.QstatsGetDumpRequest{Scope: scope})
		if errors.Is(err, syscall.EOPNOTSUPP) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(stats) != 0 {
			t.Errorf("counters in scope %v: %+v", scope.V, stats)
		}
	}
	// A link whose driver keeps none is refused when it is named.
	index := u32(uint32(a.Header.IfiIndex))
	if _, err := client.QstatsGetCollect(n.Ctx, &netdev.QstatsGetDumpRequest{Ifindex: index}); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("counters of a veth: %v", err)
	}
	if pools, err := client.PagePoolGetCollect(n.Ctx, nil); err != nil || len(pools) != 0 {
		t.Errorf("pools of pages: %+v, %v", pools, err)
	}
}
