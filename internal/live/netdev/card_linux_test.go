package netdev

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestCardQueues reads of a card what links without hardware do not have: all counters of its queues, who polls them, on which interrupt,
// and what its driver says of XDP. The numbers are those of the module.
func TestCardQueues(t *testing.T) {
	n := witness.NewNamespace(t)
	index := u32(uint32(n.Card().Header.IfiIndex))
	client := netdev.New(n.Conn)
	c := witness.NewTally(t)

	stats, err := client.QstatsGetCollect(n.Ctx, &netdev.QstatsGetDumpRequest{Ifindex: index, Scope: nlattr.Some(netdev.QstatsScopeQueue)})
	if err != nil || len(stats) != 8 {
		t.Fatalf("counters of %d queues, %v", len(stats), err)
	}
	want := map[netdev.QueueType]*netdev.QstatsGetReply{
		netdev.QueueTypeRx: {
			RxBytes: u64(1), RxPackets: u64(2), RxAllocFail: u64(3), RxHwDrops: u64(4), RxHwDropOverruns: u64(5), RxCsumUnnecessary: u64(6),
			RxCsumNone: u64(7), RxCsumBad: u64(8), RxHwGroPackets: u64(9), RxHwGroBytes: u64(10), RxHwGroWirePackets: u64(11), RxHwGroWireBytes: u64(12),
			RxHwDropRatelimits: u64(13),
		},
		netdev.QueueTypeTx: {
			TxBytes: u64(1), TxPackets: u64(2), TxHwDrops: u64(3), TxHwDropErrors: u64(4), TxCsumNone: u64(5), TxNeedsCsum: u64(6), TxHwGsoPackets: u64(7),
			TxHwGsoBytes: u64(8), TxHwGsoWirePackets: u64(9), TxHwGsoWireBytes: u64(10), TxHwDropRatelimits: u64(11), TxStop: u64(12), TxWake: u64(13),
		},
	}
	first := map[netdev.QueueType]uint64{netdev.QueueTypeRx: 100, netdev.QueueTypeTx: 200}
	for _, q := range stats {
		witness.Known(t, "counters", q)
		c.Within(fmt.Sprintf("%v-%d", q.QueueType.V, q.QueueID.V), shifted(want[q.QueueType.V], 1000*uint64(q.QueueID.V)+first[q.QueueType.V]), q)
	}
	whole, err := client.QstatsGetCollect(n.Ctx, &netdev.QstatsGetDumpRequest{Ifindex: index})
	if err != nil || len(whole) != 1 {
		t.Fatalf("%d sums, %v", len(whole), err)
	}
	for kind, x := range want {
		// Four queues, the numbers of which begin with those of the first and thousands.
		sum := reflect.ValueOf(shifted(x, 0)).Elem()
		for i := range sum.NumField() {
			if v, ok := sum.Field(i).Interface().(nlattr.Opt[uint64]); ok && v.OK {
				sum.Field(i).Set(reflect.ValueOf(u64(4*(v.V+first[kind]) + 6000)))
			}
		}
		c.Within("sum", sum.Interface(), whole[0])
	}

	napis, err := client.NapiGetCollect(n.Ctx, &netdev.NapiGetDumpRequest{Ifindex: index})
	if err != nil || len(napis) != 1 {
		t.Fatalf("%d NAPI instances, %v", len(napis), err)
	}
	c.Field("interrupt", napis[0].Irq, 77.0)
	queues, err := client.QueueGetCollect(n.Ctx, &netdev.QueueGetDumpRequest{Ifindex: index})
	if err != nil || len(queues) != 8 {
		t.Fatalf("%d queues, %v", len(queues), err)
	}
	for _, q := range queues {
		c.Field("polled by", q.NapiID, float64(napis[0].ID.V))
	}

	dev, err := client.DevGet(n.Ctx, &netdev.DevGetRequest{Ifindex: index})
	if err != nil {
		t.Fatal(err)
	}
	c.Field("XDP", dev.XdpFeatures, 127.0)
	c.Field("segments", dev.XdpZcMaxSegs, 9.0)
	c.Field("AF_XDP", dev.XskFeatures, float64(netdev.XskFlagsTxTimestamp|netdev.XskFlagsTxChecksum))
	c.Report("queues of a card")
}

// shifted returns counters that are higher by so much, those that are not there left out.
func shifted(x *netdev.QstatsGetReply, by uint64) *netdev.QstatsGetReply {
	y := *x
	v := reflect.ValueOf(&y).Elem()
	for i := range v.NumField() {
		if n, ok := v.Field(i).Interface().(nlattr.Opt[uint64]); ok && n.OK {
			v.Field(i).Set(reflect.ValueOf(u64(n.V + by)))
		}
	}
	return &y
}
