package tc

import (
	"math"
	"reflect"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A qdiscCase is a qdisc to make.
type qdiscCase struct {
	name string
	req  *tc.NewqdiscRequest
	skip []string // what is not answered as it was asked
}

// qdisc begins a case.
func qdisc(kind string, options tc.QdiscOptionsMsg, skip ...string) qdiscCase {
	return qdiscCase{kind, &tc.NewqdiscRequest{Kind: nlattr.Some(kind), Options: options}, skip}
}

// idle is a table for RED: how much the average decays in so many cells of idle time. A real one grows.
func idle() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i / 9)
	}
	return b
}

// rate is a rate without a table, in bytes per second.
func rate(bytes uint32) tc.Ratespec { return tc.Ratespec{Linklayer: tc.LinklayerEthernet, Rate: bytes} }

func redQopt(limit, low, high uint32) tc.RedQopt {
	return tc.RedQopt{Limit: limit, QthMin: low, QthMax: high, Wlog: 9, Plog: 20, ScellLog: 10, Flags: tc.RedFlagsEcn}
}

func qdiscCases() []qdiscCase {
	priomap := [16]byte{1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}
	perTc := func(n ...uint16) (q tc.MqprioQueues) {
		q.Tc0, q.Tc1 = n[0], n[1]
		return q
	}
	var wide tc.MqprioQopt
	wide.NumTc = 16
	for i := range 16 {
		wide.PrioTcMap[i] = byte(15 - i)
		reflect.ValueOf(&wide.Count).Elem().Field(i).SetUint(1)
		reflect.ValueOf(&wide.Offset).Elem().Field(i).SetUint(uint64(i))
	}
	mqprio := tc.MqprioQopt{NumTc: 2, PrioTcMap: [16]byte{0, 1, 1}, Count: perTc(2, 2), Offset: perTc(0, 2)}
	stab := qdisc("pfifo", &tc.FifoQopt{Limit: 77})
	stab.name, stab.req.Stab = "pfifo stab", &tc.StabAttrs{
		Base: &tc.Sizespec{CellLog: 3, SizeLog: 1, CellAlign: -1, Overhead: 14, Linklayer: tc.LinklayerAtm, Mpu: 64, Mtu: 1600, Tsize: 8},
		Data: []uint16{27, 27, 53, 53, 80, 80, 106, 106},
	}
	codelRate := qdisc("codel", &tc.CodelAttrs{Target: u32(4999), Limit: u32(900), Interval: u32(90000), Ecn: u32(1), CeThreshold: u32(3000)},
		"Rate", "Target", "Interval", "CeThreshold")
	codelRate.req.Rate = some(tc.GnetEstimator{Interval: -2, EwmaLog: 4})
	list := []qdiscCase{
		qdisc("pfifo", &tc.FifoQopt{Limit: 101}),
		stab,
		qdisc("bfifo", &tc.FifoQopt{Limit: 100001}),
		qdisc("pfifo_head_drop", &tc.FifoQopt{Limit: 33}),
		qdisc("pfifo_fast", nil),
		qdisc("mq", nil),
		qdisc("noqueue", nil),
		qdisc("ingress", nil),
		qdisc("clsact", nil),
		qdisc("skbprio", &tc.SkbprioQopt{Limit: 64}),
		qdisc("prio", &tc.PrioQopt{Bands: 4, Priomap: priomap}),
		qdisc("multiq", &tc.MultiqQopt{Bands: 0}),
		qdisc("plug", &tc.PlugQopt{Action: tc.PlugActionBuffer, Limit: 100000}, "Options"),
		qdisc("tbf", &tc.TbfAttrs{
			Parms: &tc.TbfQopt{Rate: rate(1_000_000), Peakrate: rate(2_000_000), Limit: 50000},
			Burst: u32(10000), Pburst: u32(3000),
		}, "Burst", "Pburst", "Parms"),
		qdisc("tbf", &tc.TbfAttrs{
			Parms:  &tc.TbfQopt{Rate: rate(math.MaxUint32), Peakrate: rate(math.MaxUint32), Limit: 2_000_000_000},
			Rate64: u64(5_000_000_000), Prate64: u64(6_000_000_000), Burst: u32(2_000_000), Pburst: u32(3000),
		}, "Burst", "Pburst", "Parms"),
		// Without a link layer the kernel guesses it from the tables.
		qdisc("tbf", &tc.TbfAttrs{
			Parms: &tc.TbfQopt{
				Rate: tc.Ratespec{CellLog: 3, CellAlign: -1, Rate: 125_000}, Peakrate: tc.Ratespec{CellLog: 3, CellAlign: -1, Rate: 250_000}, Limit: 50_000,
			},
			Rtab: table(), Ptab: table(), Burst: u32(10_000), Pburst: u32(3000),
		}, "Burst", "Pburst", "Parms", "Rtab", "Ptab"),
		qdisc("sfq", &tc.SfqQoptV1{
			V0:    tc.SfqQopt{Quantum: 2000, PerturbPeriod: 11, Limit: 120, Divisor: 512, Flows: 60},
			Depth: 100, Headdrop: 1, Limit: 90000, QthMin: 10000, QthMax: 40000, Wlog: 6, Plog: 10, ScellLog: 5,
			Flags: tc.RedFlagsEcn, MaxP: 1 << 28,
		}, "Limit"),
		qdisc("red", &tc.RedAttrs{
			Parms: some(tc.RedQopt{Limit: 400000, QthMin: 30000, QthMax: 90000, Wlog: 9, Plog: 20, ScellLog: 10}), Stab: idle(), MaxP: u32(1 << 27),
			Flags: some(nlattr.Bitfield32{Value: uint32(tc.RedFlagsNodrop | tc.RedFlagsEcn), Selector: uint32(tc.RedFlagsNodrop | tc.RedFlagsEcn)}),
		}, "Stab", "Flags", "Parms"),
		qdisc("red", &tc.RedAttrs{
			Parms: some(tc.RedQopt{Limit: 400000, QthMin: 30000, QthMax: 90000, Wlog: 9, Plog: 20, ScellLog: 10}), Stab: idle(),
			EarlyDropBlock: u32(10), MarkBlock: u32(11),
		}, "Stab"),
		qdisc("gred", &tc.GredAttrs{Dps: some(tc.GredSopt{DPs: 3, DefDP: 2, Grio: 1, Flags: tc.RedFlagsEcn}), Limit: u32(123456)}),
		qdisc("choke", &tc.ChokeAttrs{Parms: some(redQopt(300, 20, 60)), Stab: idle(), MaxP: u32(1 << 26)}, "Stab"),
		codelRate,
		qdisc("pie", &tc.PieAttrs{
			Target: u32(20000), Limit: u32(700), Tupdate: u32(32000), Alpha: u32(3), Beta: u32(21), Ecn: u32(1), Bytemode: u32(1), DqRateEstimator: u32(1),
		}),
		qdisc("fq", &tc.FqAttrs{
			Plimit: u32(5000), FlowPlimit: u32(50), Quantum: u32(4000), InitialQuantum: u32(20000), RateEnable: u32(1), FlowMaxRate: u32(2_000_000),
			BucketsLog: u32(8), FlowRefillDelay: u32(32000), OrphanMask: u32(511), LowRateThreshold: u32(60000), CeThreshold: u32(4000),
			TimerSlack: u32(20000), Horizon: u32(5_000_000), HorizonDrop: u8(0),
			Priomap: &tc.PrioQopt{Bands: 3, Priomap: priomap}, Weights: []int32{589824, 196608, 65536},
		}),
		qdisc("fq", &tc.FqAttrs{FlowDefaultRate: u32(1000)}, "FlowDefaultRate"), // no longer looked at
		qdisc("fq_codel", &tc.FqCodelAttrs{
			Target: u32(6000), Limit: u32(5000), Interval: u32(80000), Ecn: u32(0), Flows: u32(512), Quantum: u32(2000), CeThreshold: u32(2000),
			DropBatchSize: u32(32), MemoryLimit: u32(16 << 20), CeThresholdSelector: u8(1), CeThresholdMask: u8(3),
		}, "Target", "Interval", "CeThreshold"),
		qdisc("fq_pie", &tc.FqPieAttrs{
			Limit: u32(900), Flows: u32(512), Target: u32(20000), Tupdate: u32(20000), Alpha: u32(3), Beta: u32(19), Quantum: u32(2000),
			MemoryLimit: u32(8 << 20), EcnProb: u32(20), Ecn: u32(1), Bytemode: u32(1), DqRateEstimator: u32(1),
		}),
		qdisc("dualpi2", &tc.Dualpi2Attrs{
			Limit: u32(9000), Target: u32(20000), Tupdate: u32(16000), Alpha: u32(40), Beta: u32(800), StepThreshUs: u32(1500), Coupling: u8(3),
			DropOverload: some(tc.Dualpi2DropOverloadDrop), DropEarly: some(tc.Dualpi2DropEarlyDropEnqueue), CProtection: u8(12),
			EcnMask: some(tc.Dualpi2EcnMaskAnyEct), SplitGso: some(tc.Dualpi2SplitGsoNoSplitGso),
		}),
		qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 20, Defcls: 0x30}, DirectQlen: u32(500)}, "Version"),
		qdisc("hfsc", &tc.HfscQopt{Defcls: 0x12}),
		qdisc("drr", nil),
		qdisc("qfq", nil),
		qdisc("ets", &tc.EtsAttrs{
			Nbands: u8(4), Nstrict: u8(1), Quanta: &tc.EtsQuantaAttrs{QuantaBand: []uint32{3000, 2500, 2000}},
			Priomap: &tc.EtsPriomapAttrs{PriomapBand: []uint8{3, 2, 1, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}},
		}),
		qdisc("hhf", &tc.HhfAttrs{
			BacklogLimit: u32(800), Quantum: u32(2000), HhFlowsLimit: u32(1000), ResetTimeout: u32(52000), AdmitBytes: u32(100000),
			EvictTimeout: u32(800000), NonHhWeight: u32(3),
		}),
		qdisc("netem", netem()),
		qdisc("netem", &tc.QdiscOptionsNetem{
			Header: tc.NetemQopt{Limit: 900}, Loss: &tc.NetemLossAttrs{Ge: some(tc.NetemGemodel{P: 1 << 28, R: 1 << 29, H: 1 << 30, K1: 1 << 27})},
			Slot: &tc.NetemSlot{MaxPackets: 32, MaxBytes: 64000, DistDelay: 800000, DistJitter: 100000}, SlotDist: distribution(),
		}, "SlotDist"),
		qdisc("netem", &tc.QdiscOptionsNetem{
			Header: tc.NetemQopt{Limit: 100}, Latency64: some(int64(1_000_000)), Jitter64: some(int64(100_000)), DelayDist: distribution(),
			Rate: some(tc.NetemRate{Rate: math.MaxUint32}), Rate64: u64(5_000_000_000),
		}, "DelayDist"),
		qdisc("sfb", &tc.SfbAttrs{Parms: &tc.SfbQopt{
			RehashInterval: 600000, WarmupTime: 60000, Max: 25, BinSize: 20, Increment: 50, Decrement: 5, Limit: 900, PenaltyRate: 10, PenaltyBurst: 20,
		}}),
		qdisc("cake", &tc.CakeAttrs{
			BaseRate64: u64(12_500_000), DiffservMode: some(tc.CakeDiffservModeDiffserv4), Atm: some(tc.CakeAtmPtm), FlowMode: some(tc.CakeFlowModeDualSrc),
			Overhead: some(int32(-4)), Rtt: u32(50000), Memory: u32(4 << 20), Nat: u32(1), Wash: u32(1), Mpu: u32(84), Ingress: u32(1),
			AckFilter: some(tc.CakeAckFilterAggressive), SplitGso: u32(1), Fwmark: u32(0xf0),
		}),
		qdisc("cbs", &tc.CbsAttrs{Parms: &tc.CbsQopt{Hicredit: 30, Locredit: -1470, Idleslope: 20000, Sendslope: -980000}}),
		qdisc("etf", &tc.EtfAttrs{Parms: some(tc.EtfQopt{Delta: 300000, Clockid: 11, Flags: tc.EtfFlagsDeadlineModeOn | tc.EtfFlagsSkipSockCheck})}),
		qdisc("mqprio", &tc.QdiscOptionsMqprio{Header: mqprio}),
		qdisc("mqprio", &tc.QdiscOptionsMqprio{Header: wide}),
		qdisc("taprio", &tc.TaprioAttrs{
			Priomap: &mqprio, SchedBaseTime: some(int64(1)), SchedClockid: some(int32(11)), SchedCycleTime: some(int64(900000)),
			SchedCycleTimeExtension: some(int64(50000)), Flags: some(tc.TaprioFlagsTxtimeAssist), TxtimeDelay: u32(500000),
			SchedEntryList: &tc.TaprioSchedEntryListAttrs{Entry: []tc.TaprioSchedEntryAttrs{
				{Cmd: some(tc.TaprioCmdSetGates), GateMask: u32(1), Interval: u32(300000)},
				{Cmd: some(tc.TaprioCmdSetGates), GateMask: u32(2), Interval: u32(600000)},
			}},
			TcEntry: []tc.TaprioTcEntryAttrs{{Index: u32(0), MaxSdu: u32(1200)}, {Index: u32(1), MaxSdu: u32(900)}},
		}, "SchedEntryList", "TcEntry", "SchedBaseTime", "SchedCycleTime", "SchedCycleTimeExtension"),
		// A timetable that begins long after this.
		qdisc("taprio", &tc.TaprioAttrs{
			Priomap: &mqprio, SchedBaseTime: some(int64(1) << 62), SchedClockid: some(int32(11)),
			SchedEntryList: &tc.TaprioSchedEntryListAttrs{Entry: []tc.TaprioSchedEntryAttrs{
				{Cmd: some(tc.TaprioCmdSetAndHold), GateMask: u32(1), Interval: u32(300_000)},
				{Cmd: some(tc.TaprioCmdSetAndRelease), GateMask: u32(3), Interval: u32(600_000)},
			}},
		}, "SchedEntryList", "SchedBaseTime"),
	}
	for i := range tc.CakeFlowModeTriple + 1 {
		list = append(list, qdisc("cake", &tc.CakeAttrs{
			FlowMode: some(i), DiffservMode: some(tc.CakeDiffservMode(i) % (tc.CakeDiffservModePrecedence + 1)),
			Atm: some(tc.CakeAtm(i) % (tc.CakeAtmPtm + 1)), AckFilter: some(tc.CakeAckFilter(i) % (tc.CakeAckFilterAggressive + 1)),
		}))
	}
	return list
}

func netem() *tc.QdiscOptionsNetem {
	return &tc.QdiscOptionsNetem{
		Header:    tc.NetemQopt{Limit: 1234, Loss: 1 << 25, Gap: 5, Duplicate: 1 << 24},
		Corr:      some(tc.NetemCorr{DelayCorr: 1 << 30, LossCorr: 1 << 29, DupCorr: 1 << 28}),
		Reorder:   some(tc.NetemReorder{Probability: 1 << 31, Correlation: 1 << 30}),
		Corrupt:   some(tc.NetemCorrupt{Probability: 1 << 24, Correlation: 1 << 23}),
		Rate:      some(tc.NetemRate{Rate: 1_250_000, PacketOverhead: -4, CellSize: 48, CellOverhead: 5}),
		Loss:      &tc.NetemLossAttrs{Gi: &tc.NetemGimodel{P13: 1 << 25, P31: 1 << 31, P32: 1 << 30, P14: 1 << 24, P23: 1 << 29}},
		Ecn:       u32(1),
		Latency64: some(int64(100_000_000)), Jitter64: some(int64(10_000_000)),
		Slot:     &tc.NetemSlot{MinDelay: 200000, MaxDelay: 900000, MaxPackets: 16, MaxBytes: 32000},
		PrngSeed: u64(42),
	}
}

// distribution is a flat one.
func distribution() []int16 {
	list := make([]int16, 1024)
	for i := range list {
		list[i] = int16(16*i - 8192)
	}
	return list
}
