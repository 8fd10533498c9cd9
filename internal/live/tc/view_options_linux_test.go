package tc

import (
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

type object = witness.Object

// digits is a fraction with the digits that tc prints.
func digits(v float64) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	return f
}

// share is a probability of which 2^32 would be 1.
func share(v uint32) float64 { return digits(float64(v) / (1<<32 - 1)) }

// ticks are seconds, from ticks of 64 ns and cut to microseconds as tc does.
func ticks(v uint32) float64 { return float64(uint64(v)*64/1000) / 1e6 }

// seconds are from nanoseconds.
func seconds(ns int64) float64 { return digits(float64(ns) / 1e9) }

// clock is tc's word for one.
func clock(id int32) string {
	return map[int32]string{0: "REALTIME", 1: "MONOTONIC", 7: "BOOTTIME", 11: "TAI"}[id]
}

func redFlags(o object, f tc.RedFlags) object {
	o["ecn"], o["harddrop"] = f&tc.RedFlagsEcn != 0, f&tc.RedFlagsHarddrop != 0
	o["adaptive"], o["nodrop"] = f&tc.RedFlagsAdaptative != 0, f&tc.RedFlagsNodrop != 0
	return o
}

// numbers is a list of numbers as JSON has it.
func numbers[T uint8 | uint32 | uint64](list []T) []any {
	var out []any
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

// qdiscOptions is what tc shows of the options of a qdisc, which is less where it takes a value for the usual one.
func qdiscOptions(q qdiscReply) object {
	switch x := q.Options.(type) {
	case *tc.FifoQopt:
		return object{"limit": x.Limit}
	case *tc.SkbprioQopt:
		return object{"limit": x.Limit}
	case *tc.PrioQopt:
		return object{"bands": x.Bands, "priomap": numbers(x.Priomap[:]), "multiqueue": false}
	case *tc.MultiqQopt:
		return object{"text": fmt.Sprintf("bands %d/%d ", x.Bands, x.MaxBands)}
	case *tc.HfscQopt:
		return object{"text": fmt.Sprintf("default %x ", x.Defcls)}
	case *tc.TbfAttrs:
		p := x.Parms
		low, high := uint64(p.Rate.Rate), uint64(p.Peakrate.Rate)
		if x.Rate64.OK {
			low = x.Rate64.V
		}
		if x.Prate64.OK {
			high = x.Prate64.V
		}
		bucket := func(rate uint64, spec tc.Ratespec, t uint32) string {
			return fmt.Sprintf("%s/%d", size(float64(rate)*ticks(t)), 1<<spec.CellLog)
		}
		wait := 1e6 * (float64(p.Limit)/float64(low) - ticks(p.Buffer))
		if high != 0 {
			wait = max(wait, 1e6*(float64(p.Limit)/float64(high)-ticks(p.Mtu)))
		}
		return object{
			"rate": low, "burst": bucket(low, p.Rate, p.Buffer), "peakrate": high, "mpu": p.Peakrate.Mpu, "mtu": bucket(high, p.Peakrate, p.Mtu),
			"lat": witness.Near(wait), "linklayer": p.Rate.Linklayer,
		}
	case *tc.SfqQoptV1:
		s := x.Stats
		return redFlags(object{
			"limit": x.V0.Limit, "quantum": x.V0.Quantum, "depth": x.Depth, "headdrop": x.Headdrop != 0, "flows": x.V0.Flows, "divisor": x.V0.Divisor,
			"perturb": x.V0.PerturbPeriod, "ewma": x.Wlog, "min": x.QthMin, "max": x.QthMax, "probability": share(x.MaxP), "prob_mark": s.ProbMark,
			"prob_mark_head": s.ProbMarkHead, "prob_drop": s.ProbDrop, "forced_mark": s.ForcedMark, "forced_mark_head": s.ForcedMarkHead,
			"forced_drop": s.ForcedDrop,
		}, x.Flags)
	case *tc.RedAttrs:
		return redFlags(object{
			"limit": x.Parms.V.Limit, "min": x.Parms.V.QthMin, "max": x.Parms.V.QthMax, "ewma": x.Parms.V.Wlog, "probability": share(x.MaxP.V),
			"Scell_log": x.Parms.V.ScellLog, "qevents": []any{
				object{"kind": "early_drop", "block": x.EarlyDropBlock}, object{"kind": "mark", "block": x.MarkBlock},
			},
		}, tc.RedFlags(x.Flags.V.Value))
	case *tc.ChokeAttrs:
		return redFlags(object{
			"limit": x.Parms.V.Limit, "min": x.Parms.V.QthMin, "max": x.Parms.V.QthMax, "ewma": x.Parms.V.Wlog, "probability": share(x.MaxP.V),
			"Scell_log": x.Parms.V.ScellLog,
		}, x.Parms.V.Flags)
	case *tc.GredAttrs:
		return redFlags(object{
			"dp_cnt": x.Dps.V.DPs, "dp_default": x.Dps.V.DefDP, "grio": x.Dps.V.Grio != 0, "limit": x.Limit, "vqs": gredQueues(x),
		}, x.Dps.V.Flags)
	case *tc.CodelAttrs:
		return object{"limit": x.Limit, "target": x.Target, "interval": x.Interval, "ecn": x.Ecn, "ce_threshold": x.CeThreshold}
	case *tc.PieAttrs:
		return object{
			"limit": x.Limit, "target": x.Target, "tupdate": x.Tupdate, "alpha": x.Alpha, "beta": x.Beta, "ecn": x.Ecn.V != 0,
			"bytemode": x.Bytemode.V != 0, "dq_rate_estimator": x.DqRateEstimator.V != 0,
		}
	case *tc.FqAttrs:
		return object{
			"limit": x.Plimit, "flow_limit": x.FlowPlimit, "buckets": 1 << x.BucketsLog.V, "orphan_mask": x.OrphanMask, "quantum": x.Quantum,
			"initial_quantum": x.InitialQuantum, "maxrate": x.FlowMaxRate, "low_rate_threshold": x.LowRateThreshold, "refill_delay": x.FlowRefillDelay,
			"ce_threshold": x.CeThreshold, "timer_slack": x.TimerSlack, "horizon": x.Horizon, "horizon_cap": nil, "horizon_drop": nil,
		}
	case *tc.FqCodelAttrs:
		return object{
			"limit": x.Limit, "flows": x.Flows, "quantum": x.Quantum, "target": x.Target, "interval": x.Interval, "memory_limit": x.MemoryLimit,
			"drop_batch": x.DropBatchSize, "ce_threshold": x.CeThreshold, "ce_threshold_selector": x.CeThresholdSelector,
			"ce_threshold_mask": x.CeThresholdMask, "ecn": x.Ecn,
		}
	case *tc.FqPieAttrs:
		return object{
			"limit": x.Limit, "flows": x.Flows, "target": x.Target, "tupdate": x.Tupdate, "alpha": x.Alpha, "beta": x.Beta, "quantum": x.Quantum,
			"memory_limit": x.MemoryLimit, "ecn_prob": x.EcnProb, "ecn": x.Ecn.V != 0, "bytemode": x.Bytemode.V != 0,
			"dq_rate_estimator": x.DqRateEstimator.V != 0,
		}
	case *tc.HtbAttrs:
		i := x.Init
		return object{
			"offload": nil, // a word without a value
			"r2q":     i.Rate2quantum, "default": hexText(i.Defcls), "direct_packets_stat": i.DirectPkts,
			"ver": fmt.Sprintf("%d.%d", i.Version>>16, i.Version&0xffff), "direct_qlen": x.DirectQlen,
		}
	case *tc.EtsAttrs:
		return object{
			"bands": x.Nbands, "strict": x.Nstrict, "quanta": numbers(x.Quanta.QuantaBand), "priomap": numbers(x.Priomap.PriomapBand),
		}
	case *tc.HhfAttrs:
		return object{
			"limit": x.BacklogLimit, "quantum": x.Quantum, "hh_limit": x.HhFlowsLimit, "reset_timeout": x.ResetTimeout, "admit_bytes": x.AdmitBytes,
			"evict_timeout": x.EvictTimeout, "non_hh_weight": x.NonHhWeight,
		}
	case *tc.QdiscOptionsNetem:
		return netemOptions(x)
	case *tc.SfbAttrs:
		p := x.Parms
		return object{
			"rehash": 1000 * uint64(p.RehashInterval), "db": 1000 * uint64(p.WarmupTime), "limit": p.Limit, "max": p.Max, "target": p.BinSize,
			"increment": digits(float64(p.Increment) / tc.ProbOne), "decrement": digits(float64(p.Decrement) / tc.ProbOne),
			"penalty_rate": p.PenaltyRate, "penalty_burst": p.PenaltyBurst,
		}
	case *tc.CakeAttrs:
		var bandwidth any = x.BaseRate64
		if x.BaseRate64.V == 0 {
			bandwidth = "unlimited"
		}
		acks := map[tc.CakeAckFilter]string{tc.CakeAckFilterNone: "disabled", tc.CakeAckFilterFilter: "enabled", tc.CakeAckFilterAggressive: "aggressive"}
		flow := map[tc.CakeFlowMode]string{
			tc.CakeFlowModeNone: "flowblind", tc.CakeFlowModeSrcIp: "srchost", tc.CakeFlowModeDstIp: "dsthost", tc.CakeFlowModeHosts: "hosts",
			tc.CakeFlowModeFlows: "flows", tc.CakeFlowModeDualSrc: "dual-srchost", tc.CakeFlowModeDualDst: "dual-dsthost", tc.CakeFlowModeTriple: "triple-isolate",
		}
		return object{
			"bandwidth": bandwidth, "diffserv": x.DiffservMode, "flowmode": flow[x.FlowMode.V], "nat": x.Nat.V != 0, "wash": x.Wash.V != 0,
			"ingress": x.Ingress.V != 0, "ack-filter": acks[x.AckFilter.V], "split_gso": x.SplitGso.V != 0, "rtt": x.Rtt, "raw": x.Raw.OK, "atm": x.Atm,
			"overhead": x.Overhead, "mpu": x.Mpu, "memlimit": x.Memory, "fwmark": hexText(x.Fwmark.V),
		}
	case *tc.CbsAttrs:
		p := x.Parms
		return object{"hicredit": p.Hicredit, "locredit": p.Locredit, "sendslope": p.Sendslope, "idleslope": p.Idleslope, "offload": p.Offload}
	case *tc.EtfAttrs:
		p := x.Parms.V
		on := map[bool]string{true: "on", false: "off"}
		return object{
			"clockid": clock(p.Clockid), "delta": p.Delta, "offload": on[p.Flags&tc.EtfFlagsOffloadOn != 0],
			"deadline_mode": on[p.Flags&tc.EtfFlagsDeadlineModeOn != 0], "skip_sock_check": on[p.Flags&tc.EtfFlagsSkipSockCheck != 0],
		}
	case *tc.QdiscOptionsMqprio:
		h := x.Header
		return object{
			"tc": h.NumTc, "map": numbers(h.PrioTcMap[:]), "mode": x.Mode.V,
			"min_rate": rates(x.MinRate64, func(x *tc.MqprioMinRatesAttrs) []uint64 { return x.MinRate64 }),
			"max_rate": rates(x.MaxRate64, func(x *tc.MqprioMaxRatesAttrs) []uint64 { return x.MaxRate64 }),
			"shaper":   map[tc.MqprioShaper]string{tc.MqprioShaperDcb: "dcb", tc.MqprioShaperBwRate: "bw_rlimit"}[x.Shaper.V],
			"queues":   queues(&h, func(count, offset uint64) any { return []any{offset, offset + count - 1} }),
		}
	case *tc.TaprioAttrs:
		return taprioOptions(x)
	}
	return object{}
}

// rates are those of each traffic class.
func rates[T any](x *T, get func(x *T) []uint64) []any {
	if x == nil {
		return nil
	}
	return numbers(get(x))
}

// gredQueues are the virtual queues that were set up: as the struct has them, and with the counters that are attributes.
func gredQueues(x *tc.GredAttrs) []any {
	list := []any{}
	if x.VqList == nil {
		return list
	}
	for _, e := range x.VqList.Entry {
		q := x.Parms.Queues[e.Dp.V]
		list = append(list, redFlags(object{
			"vq": q.DP, "prio": q.Prio, "limit": q.Limit, "min": q.QthMin, "max": q.QthMax, "ewma": q.Wlog, "probability": share(x.MaxP[e.Dp.V]),
			"Scell_log": q.ScellLog, "qave": q.Qave, "backlog": e.StatBacklog, "forced_drop": e.StatForcedDrop, "prob_drop": e.StatProbDrop,
			"pdrop": e.StatPdrop, "other": q.Other, "forced_mark": e.StatForcedMark, "prob_mark": e.StatProbMark, "packets": e.StatPackets,
			"bytes": e.StatBytes,
		}, e.Flags.V))
	}
	return list
}

// queues are those of each traffic class in use.
func queues(p *tc.MqprioQopt, show func(count, offset uint64) any) []any {
	var list []any
	for i := range int(p.NumTc) {
		list = append(list, show(reflect.ValueOf(p.Count).Field(i).Uint(), reflect.ValueOf(p.Offset).Field(i).Uint()))
	}
	return list
}

func netemOptions(x *tc.QdiscOptionsNetem) object {
	o := object{"limit": x.Header.Limit, "gap": x.Header.Gap, "ecn": x.Ecn.V != 0}
	if x.Latency64.V != 0 { // What tc shows is in ticks; the nanoseconds were compared with the request.
		o["delay"] = object{
			"delay": digits(ticks(x.Header.Latency)), "jitter": digits(ticks(x.Header.Jitter)), "correlation": share(x.Corr.V.DelayCorr),
		}
	}
	if x.Header.Loss != 0 {
		o["loss-random"] = object{"loss": share(x.Header.Loss), "correlation": share(x.Corr.V.LossCorr)}
	}
	if x.Header.Duplicate != 0 {
		o["duplicate"] = object{"duplicate": share(x.Header.Duplicate), "correlation": share(x.Corr.V.DupCorr)}
	}
	if x.Loss != nil && x.Loss.Gi != nil {
		g := x.Loss.Gi
		o["loss-state"] = object{"p13": share(g.P13), "p31": share(g.P31), "p32": share(g.P32), "p23": share(g.P23), "p14": share(g.P14)}
	}
	if x.Loss != nil && x.Loss.Ge.OK {
		g := x.Loss.Ge.V
		o["loss-gemodel"] = object{"p": share(g.P), "r": share(g.R), "1-h": share(^g.H), "1-k": share(g.K1)}
	}
	if r := x.Reorder.V; r.Probability != 0 {
		o["reorder"] = object{"reorder": share(r.Probability), "correlation": share(r.Correlation)}
	}
	if r := x.Corrupt.V; r.Probability != 0 {
		o["corrupt"] = object{"corrupt": share(r.Probability), "correlation": share(r.Correlation)}
	}
	if r := x.Rate.V; r.Rate != 0 {
		rate := uint64(r.Rate)
		if x.Rate64.OK {
			rate = x.Rate64.V
		}
		o["rate"] = object{"rate": rate, "packetoverhead": r.PacketOverhead, "cellsize": r.CellSize, "celloverhead": r.CellOverhead}
	}
	if s := x.Slot; s != nil {
		slot := object{"packets": s.MaxPackets, "bytes": s.MaxBytes}
		if s.DistDelay != 0 {
			slot["distribution"], slot["jitter"] = seconds(s.DistDelay), seconds(s.DistJitter)
		} else {
			slot["min-delay"], slot["max-delay"] = seconds(s.MinDelay), seconds(s.MaxDelay)
		}
		o["slot"] = slot
	}
	return o
}

func taprioOptions(x *tc.TaprioAttrs) object {
	o := timetable(x.SchedBaseTime, x.SchedCycleTime, x.SchedCycleTimeExtension, x.SchedEntryList)
	maps.Copy(o, object{
		"tc": x.Priomap.NumTc, "map": numbers(x.Priomap.PrioTcMap[:]), "clockid": taprioClock(x.SchedClockid),
		"flags": fmt.Sprintf("%#x", uint32(x.Flags.V)), "txtime_delay": x.TxtimeDelay,
		"queues": queues(x.Priomap, func(count, offset uint64) any { return object{"offset": offset, "count": count} }),
	})
	if s := x.AdminSched; s != nil {
		o["admin"] = timetable(s.SchedBaseTime, s.SchedCycleTime, s.SchedCycleTimeExtension, s.SchedEntryList)
	}
	return o
}

// taprioClock is the clock of a timetable; one in a device has its own.
func taprioClock(id nlattr.Opt[int32]) string {
	if !id.OK {
		return "invalid"
	}
	return clock(id.V)
}

// timetable is one of taprio. tc knows one of its commands.
func timetable(base, cycle, extension nlattr.Opt[int64], entries *tc.TaprioSchedEntryListAttrs) object {
	o := object{"base_time": base.V, "cycle_time": cycle.V, "cycle_time_extension": extension.V}
	if entries == nil {
		return o
	}
	var schedule []any
	for _, e := range entries.Entry {
		command := "Invalid"
		if e.Cmd.V == tc.TaprioCmdSetGates {
			command = "S"
		}
		schedule = append(schedule, object{"index": e.Index, "cmd": command, "gatemask": fmt.Sprintf("%#x", e.GateMask.V), "interval": e.Interval})
	}
	o["schedule"] = schedule
	return o
}

// hexText is a number as C prints it with %#x.
func hexText(v uint32) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", v)
}
