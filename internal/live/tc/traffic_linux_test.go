package tc

import (
	"encoding/binary"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestTraffic sends more than a slow link carries through qdiscs that count what they do to it: while packets wait, while they leave
// and when they have left. Each counter must have been above zero by then, but for those that are named with the case, and be what tc
// shows.
func TestTraffic(t *testing.T) {
	for _, c := range trafficCases() {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.overload(&c, func(at tc.Tcmsg) uint32 {
				got := b.getQdisc(at)
				c.count(got.Stats2.App)
				switch o := got.Options.(type) {
				case *tc.SfqQoptV1:
					c.count(o.Stats)
				case *tc.GredAttrs:
					c.count(o.Parms)
					c.count(o.VqList)
				}
				return got.Stats2.Queue.Qlen
			})
			tally := witness.NewTally(b.T)
			tally.Steady(func(tally *witness.Tally) { b.seeQdiscs(tally) })
			tally.Report(c.name)
		})
	}
}

// overload sends too much through the qdisc 2: of a case, first so that it leaves and then so that it stays, until everything that
// look counts has been above zero. Look returns how many packets wait.
func (b *bench) overload(c *trafficCase, look func(at tc.Tcmsg) uint32) {
	b.T.Helper()
	// The burst is a packet and little more: at the lower rate the second one leaves after minutes.
	root := func(bytes uint32) *tc.NewqdiscRequest {
		return &tc.NewqdiscRequest{Kind: some("tbf"), Options: &tc.TbfAttrs{Parms: &tc.TbfQopt{Rate: rate(bytes), Limit: 1 << 20}, Burst: u32(1100)}}
	}
	top := root(400_000)
	b.qdisc(top)
	at := tc.Tcmsg{Ifindex: b.index, Parent: 1<<16 | 1, Handle: 2 << 16}
	req := &tc.NewqdiscRequest{Header: at, Options: c.options}
	if c.kind != "" {
		req.Kind = some(c.kind)
	}
	err := b.tc.Newqdisc(b.Ctx, req, nlconn.Create, nlconn.Replace)
	b.lacks(kindOf(req), err)
	if err != nil {
		b.Fatal(err)
	}
	for _, class := range c.classes {
		class.Header = tc.Tcmsg{Ifindex: b.index, Parent: 1<<16 + class.Header.Parent, Handle: 1<<16 + class.Header.Handle}
		if err := b.tc.Newtclass(b.Ctx, class, nlconn.Create); err != nil {
			b.Fatal(err)
		}
	}
	for _, o := range c.changes {
		if err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: at, Options: o}); err != nil {
			b.Fatal(err)
		}
	}
	if c.inner != nil {
		inner := tc.Tcmsg{Ifindex: b.index, Parent: 2<<16 | 1, Handle: 3 << 16}
		if err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: inner, Options: c.inner, Kind: some("bfifo")}, nlconn.Create, nlconn.Replace); err != nil {
			b.Fatal(err)
		}
	}
	carry := func(bytes uint32) {
		req := root(bytes)
		req.Header = top.Header
		if err := b.tc.Newqdisc(b.Ctx, req); err != nil {
			b.Fatal(err)
		}
	}
	leave := func() {
		b.flood(200, c.priorities...)
		// Some keep packets for good.
		for begun := time.Now(); look(at) > 0 && time.Since(begun) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
			if time.Since(begun) < time.Second {
				b.flood(6, c.priorities...)
			}
		}
		time.Sleep(c.rest)
	}
	stay := func() {
		for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			b.flood(40, c.priorities...)
			look(at)
			if len(c.missing()) == 0 || time.Since(begun) > 5*time.Second {
				return
			}
		}
	}
	leave()
	carry(10)
	stay()
	// What is no more than a moment's state can have been missed.
	for begun := time.Now(); len(c.missing()) > 0; {
		if time.Since(begun) > 30*time.Second {
			b.Errorf("always 0 or absent: %q", c.missing())
			break
		}
		carry(400_000)
		leave()
		carry(10)
		stay()
	}
	for _, name := range c.zero {
		if _, known := c.seen[name]; !known {
			b.Errorf("there is no counter %s", name)
		}
	}
}

// A trafficCase is a qdisc that counts.
type trafficCase struct {
	name, kind string // the kind, if the options do not tell
	options    tc.QdiscOptionsMsg
	zero       []string      // what it never counts, or need not here
	rest       time.Duration // how long nothing is sent: what it takes fq to throw flows away
	inner      *tc.FifoQopt  // a qdisc below
	classes    []*tc.NewtclassRequest
	changes    []tc.QdiscOptionsMsg
	priorities []int           // of packets
	seen       map[string]bool // the counters, and whether they counted
}

// missing are the names of counters that ought to have counted.
func (c *trafficCase) missing() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c.seen)) {
		if !c.seen[name] && !slices.Contains(c.zero, name) {
			list = append(list, name)
		}
	}
	return list
}

// count notes by the names of fields whether they ever were above zero. The entries of a list count as one.
func (c *trafficCase) count(x any) {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	var walk func(name string, v reflect.Value)
	walk = func(name string, v reflect.Value) {
		switch {
		case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
			if !v.IsNil() {
				walk(name, v.Elem())
			}
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				walk(name, v.Index(i))
			}
		case witness.IsOpt(v):
			walk(name, v.Field(0))
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; name != "Unknown" && name != "Index" {
					walk(name, v.Field(i))
				}
			}
		case v.IsValid():
			c.seen[name] = c.seen[name] || !v.IsZero()
		}
	}
	walk("", reflect.ValueOf(x))
}

func trafficCases() []trafficCase {
	red := tc.RedQopt{Limit: 60_000, QthMin: 5_000, QthMax: 15_000, Wlog: 1, Plog: 10, ScellLog: 10, Flags: tc.RedFlagsEcn}
	choke := red
	choke.Limit, choke.QthMin, choke.QthMax = 60, 5, 15
	sfb := tc.SfbQopt{
		RehashInterval: 600000, WarmupTime: 60000, Max: 20, BinSize: 5, Increment: 20000, Decrement: 50, Limit: 60, PenaltyRate: 10, PenaltyBurst: 20,
	}
	sfq := tc.SfqQoptV1{
		V0: tc.SfqQopt{Limit: 100, Quantum: 2000}, Depth: 60, Limit: 60_000, QthMin: 2000, QthMax: 8000, Wlog: 1, Plog: 5, ScellLog: 5,
		Flags: tc.RedFlagsEcn, MaxP: 1 << 30,
	}
	head := sfq
	head.Headdrop = 1
	// virtual is a virtual queue of gred.
	virtual := func(number uint32, flags tc.RedFlags) *tc.GredAttrs {
		return &tc.GredAttrs{
			Parms: &tc.GredQopts{Queues: []tc.GredQopt{{
				Limit: 60_000, QthMin: 5_000, QthMax: 15_000, DP: number, Wlog: 1, Plog: 10, ScellLog: 10, Prio: byte(number + 1),
			}}},
			Stab: idle(), MaxP: []uint32{1 << 31}, VqList: &tc.GredVqListAttrs{Entry: []tc.GredVqEntryAttrs{{Dp: u32(number), Flags: some(flags)}}},
		}
	}
	slow := sfb
	slow.Increment = 2000
	return []trafficCase{
		{name: "red", options: &tc.RedAttrs{Parms: some(red), Stab: idle(), MaxP: u32(1 << 31)}, zero: []string{"Other"}},
		{name: "choke", options: &tc.ChokeAttrs{Parms: some(choke), Stab: idle(), MaxP: u32(1 << 31)}, zero: []string{"Other"}},
		{name: "codel", options: &tc.CodelAttrs{Target: u32(1000), Limit: u32(100), Interval: u32(10_000), Ecn: u32(1), CeThreshold: u32(50_000)}},
		{name: "fq_codel", options: &tc.FqCodelAttrs{
			Target: u32(1000), Limit: u32(100), Interval: u32(10_000), Ecn: u32(1), CeThreshold: u32(50_000),
		}, zero: []string{"Type", "DropOvermemory"}},
		{name: "fq_codel memory", options: &tc.FqCodelAttrs{MemoryLimit: u32(50_000)}, zero: []string{"Type", "EcnMark", "CeMark", "NewFlowsLen", "OldFlowsLen"}},
		// Neither memory nor TCP are in want here, and what was counted of high priorities is no more.
		{name: "fq", options: &tc.FqAttrs{
			Plimit: u32(100), FlowPlimit: u32(30), CeThreshold: u32(50_000), BucketsLog: u32(1), Horizon: u32(1_000_000), HorizonDrop: u8(1),
		}, zero: []string{"AllocationErrors", "HighprioPackets", "TcpRetrans", "HorizonCaps", "PktsTooLong", "Throttled", "ThrottledFlows", "UnthrottleLatencyNs"}, rest: 3500 * time.Millisecond},
		{name: "fq paced", options: &tc.FqAttrs{
			FlowMaxRate: u32(900), LowRateThreshold: u32(0), Horizon: u32(1_000_000), HorizonDrop: u8(0),
		}, zero: []string{"AllocationErrors", "HighprioPackets", "TcpRetrans", "HorizonDrops", "BandDrops0", "BandDrops1", "BandDrops2", "CeMark", "GcFlows", "FastpathPackets"}},
		{name: "fq_pie", options: &tc.FqPieAttrs{Limit: u32(100), DqRateEstimator: u32(1)}, zero: []string{"Overmemory", "EcnMark"}},
		{name: "fq_pie marks", options: &tc.FqPieAttrs{
			Limit: u32(5000), Target: u32(1000), Tupdate: u32(300_000), EcnProb: u32(100), Ecn: u32(1), DqRateEstimator: u32(1),
		}, zero: []string{"Overmemory", "Overlimit", "Dropped"}},
		{name: "fq_pie memory", options: &tc.FqPieAttrs{MemoryLimit: u32(50_000)}, zero: []string{"EcnMark", "Overlimit", "Dropped"}},
		{name: "pie", options: &tc.PieAttrs{Limit: u32(100), Target: u32(1000), Tupdate: u32(1_000_000), DqRateEstimator: u32(1)}, zero: []string{"EcnMark"}},
		{name: "pie marks", options: &tc.PieAttrs{
			Limit: u32(5000), Target: u32(1000), Tupdate: u32(1_000_000), Alpha: u32(1), Beta: u32(1), Ecn: u32(1), DqRateEstimator: u32(1),
		}, zero: []string{"Overlimit"}},
		{name: "sfq", options: &sfq, zero: []string{"ProbMarkHead", "ForcedMarkHead"}},
		{name: "sfq head", options: &head, zero: []string{"ProbMark", "ForcedMark"}},
		{
			name: "gred", options: &tc.GredAttrs{Dps: some(tc.GredSopt{DPs: 2, DefDP: 1})}, changes: []tc.QdiscOptionsMsg{
				virtual(0, tc.RedFlagsEcn), virtual(1, tc.RedFlagsEcn),
			}, zero: []string{"Other", "StatOther"},
		},
		{name: "hhf", options: &tc.HhfAttrs{BacklogLimit: u32(100), HhFlowsLimit: u32(2), AdmitBytes: u32(5000)}},
		{name: "sfb", options: &tc.SfbAttrs{Parms: &slow}, zero: []string{"Childdrop", "Penaltydrop"}},
		{name: "sfb inner", options: &tc.SfbAttrs{Parms: &sfb}, zero: []string{"Bucketdrop", "Queuedrop", "Marked", "Earlydrop"}, inner: &tc.FifoQopt{Limit: 20_000}},
		{name: "cake", options: &tc.CakeAttrs{
			BaseRate64: u64(400_000), DiffservMode: some(tc.CakeDiffservModeDiffserv4), AckFilter: some(tc.CakeAckFilterAggressive), Memory: u32(100_000),
		}, zero: []string{
			"Deficit", "CobaltCount", "Dropping", "DropNextUs", "PDrop", "BlueTimerUs", // of a flow
			"DroppedBytes64", "AcksDroppedBytes64", "EcnMarkedBytes64", "BacklogPackets", // have numbers and are never sent
			"WayIndirectHits", "WayCollisions", // take hundreds of flows
		}},
	}
}

// flood sends IPv4 packets of these or of three priorities, by turns of one large flow and of small ones. Two of three can be marked instead of
// dropped, every fifth is an acknowledgement of TCP, every tenth is to be sent in an hour.
func (b *bench) flood(n int, priorities ...int) {
	b.T.Helper()
	if priorities == nil {
		priorities = []int{0, 1, 6}
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	// struct sock_txtime: the clock and no flags.
	clock := string(binary.NativeEndian.AppendUint64(nil, unix.CLOCK_MONOTONIC))
	if err := errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1<<23), unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_TXTIME, clock)); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PRIORITY, priorities[i/2%len(priorities)]); err != nil {
			b.Fatal(err)
		}
		size, proto := 1000, byte(unix.IPPROTO_UDP)
		if i%5 == 4 {
			size, proto = 40, unix.IPPROTO_TCP
		}
		p := slices.Concat(macB, macA, []byte{
			0x08, 0x00, 0x45, byte(i % 3), byte(size >> 8), byte(size), 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		})
		port := uint16(1000)
		if i%2 == 1 {
			port += uint16(i % 40)
		}
		p = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(p, port), 2000)
		if proto == unix.IPPROTO_TCP {
			p = append(p, 0, 0, 0, 1, 0, 0, byte(i>>8), byte(i), 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0)
		}
		p = append(p, make([]byte, 14+size-len(p))...)
		var control []byte
		if i%10 == 9 {
			control = make([]byte, unix.CmsgSpace(8))
			h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
			h.Level, h.Type = unix.SOL_SOCKET, unix.SCM_TXTIME
			h.SetLen(unix.CmsgLen(8))
			binary.NativeEndian.PutUint64(control[unix.CmsgLen(0):], uint64(time.Hour)+uint64(monotonic()))
		}
		if err := unix.Sendmsg(fd, p, control, &unix.SockaddrLinklayer{Ifindex: int(b.index)}, 0); err != nil && err != unix.ENOBUFS {
			b.Fatal(err)
		}
	}
}

func monotonic() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano()
}
