package tc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
)

// noJSON is where tc prints something else between braces.
var noJSON = regexp.MustCompile(`"options":\{([^"{}]+)\}`)

// show is what tc lists.
func (b *bench) show(args ...string) []witness.Object {
	b.T.Helper()
	out := witness.Output(b.T, "tc", append([]string{"-s", "-d", "-j"}, args...)...)
	if len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	out = bytes.ReplaceAll(out, []byte(`,{"base_time"`), []byte(`,"admin":{"base_time"`)) // taprio's second timetable
	out = noJSON.ReplaceAll(out, []byte(`"options":{"text":"$1"}`))
	var list []witness.Object
	if err := json.Unmarshal(out, &list); err != nil {
		b.T.Fatalf("tc %v: %v: %s", args, err, out)
	}
	return list
}

// seeQdiscs compares all qdiscs of the link with what tc lists.
func (b *bench) seeQdiscs(tally *witness.Tally) {
	b.T.Helper()
	ours, err := b.tc.GetqdiscCollect(b.Ctx, &tc.GetqdiscDumpRequest{Header: tc.Tcmsg{Ifindex: b.index}})
	if err != nil {
		b.Fatal(err)
	}
	witness.Known(b, "qdiscs", ours)
	theirs := b.show("qdisc", "show", "dev", b.dev)
	var mine []*tc.GetqdiscReply
	for _, q := range ours {
		if q.Header.Ifindex == b.index {
			mine = append(mine, q)
		}
	}
	if len(mine) != len(theirs) {
		tally.Errorf("%d qdiscs are ours, tc has %d", len(mine), len(theirs))
		return
	}
	for i, q := range mine {
		b.seeQdisc(tally, q, theirs[i])
	}
}

// seeQdisc compares one.
func (b *bench) seeQdisc(tally *witness.Tally, q *tc.GetqdiscReply, theirs witness.Object) {
	b.T.Helper()
	options, _ := theirs["options"].(witness.Object)
	delete(theirs, "options")
	witness.Compare(tally, "qdisc "+q.Kind.V, q, qdiscView(q), theirs)
	witness.Compare(tally, "qdisc "+q.Kind.V, q, fixed[qdiscReply](qdiscOptions(q)), options)
}

type qdiscReply = *tc.GetqdiscReply

// qdiscView is what tc shows of a qdisc, with what it shows of its kind.
func qdiscView(q qdiscReply) witness.View[qdiscReply] {
	v := witness.View[qdiscReply]{
		"kind":       func(q qdiscReply) any { return q.Kind },
		"handle":     func(q qdiscReply) any { return fmt.Sprintf("%x:", q.Header.Handle>>16) },
		"root":       func(q qdiscReply) any { return q.Header.Parent == tc.HandleRoot },
		"parent":     func(q qdiscReply) any { return parentText(q.Header.Parent) },
		"refcnt":     func(q qdiscReply) any { return q.Header.Info },
		"bytes":      func(q qdiscReply) any { return q.Stats2.Basic.V.Bytes },
		"packets":    func(q qdiscReply) any { return q.Stats2.Basic.V.Packets },
		"drops":      func(q qdiscReply) any { return q.Stats2.Queue.Drops },
		"overlimits": func(q qdiscReply) any { return q.Stats2.Queue.Overlimits },
		"requeues":   func(q qdiscReply) any { return q.Stats2.Queue.Requeues },
		"backlog":    func(q qdiscReply) any { return q.Stats2.Queue.Backlog },
		"qlen":       func(q qdiscReply) any { return q.Stats2.Queue.Qlen },
		"rate": func(q qdiscReply) any {
			if q.Stats2.RateEst64.OK {
				return q.Stats2.RateEst64.V.Bps
			}
			return q.Stats2.RateEst.V.Bps
		},
		"offloaded": func(q qdiscReply) any { return q.HwOffload },
		"pps":       func(q qdiscReply) any { return q.Stats2.RateEst.V.Pps },
		"stab": func(q qdiscReply) any {
			s := q.Stab.Base
			o := witness.Object{"linklayer": s.Linklayer, "overhead": s.Overhead}
			for key, v := range map[string]uint32{"mpu": s.Mpu, "mtu": s.Mtu, "tsize": s.Tsize} {
				if v != 0 { // else tc leaves it out
					o[key] = v
				}
			}
			return o
		},
	}
	maps.Copy(v, fixed[qdiscReply](xstats(q.Stats2.App)))
	return v
}

// fixed is a view of what has been read already.
func fixed[T any](o witness.Object) witness.View[T] {
	v := witness.View[T]{}
	for key, value := range o {
		v[key] = func(T) any { return value }
	}
	return v
}

// parentText is how tc prints the parent of a qdisc: a qdisc whose children are no classes has the minor number 0.
func parentText(h uint32) string {
	if h&0xffff == 0 {
		return fmt.Sprintf("%x:", h>>16)
	}
	return fmt.Sprintf("%x:%x", h>>16, h&0xffff)
}

// xstats are the counters of a kind under tc's names.
func xstats(app tc.QdiscXstatsMsg) witness.Object {
	switch x := app.(type) {
	case *tc.ChokeXstats:
		return witness.Object{"marked": x.Marked, "early": x.Early, "pdrop": x.Pdrop, "other": x.Other, "matched": x.Matched}
	case *tc.RedXstats:
		return witness.Object{"marked": x.Marked, "early": x.Early, "pdrop": x.Pdrop, "other": x.Other}
	case *tc.CodelXstats:
		return witness.Object{
			"count": x.Count, "lastcount": x.Lastcount, "ldelay": x.Ldelay, "dropping": x.Dropping, "drop_next": x.DropNext,
			"maxpacket": x.Maxpacket, "ecn_mark": x.EcnMark, "drop_overlimit": x.DropOverlimit, "ce_mark": x.CeMark,
		}
	case *tc.FqCodelXstats:
		return witness.Object{
			"maxpacket": x.Maxpacket, "drop_overlimit": x.DropOverlimit, "new_flow_count": x.NewFlowCount, "ecn_mark": x.EcnMark,
			"new_flows_len": x.NewFlowsLen, "old_flows_len": x.OldFlowsLen, "ce_mark": x.CeMark, "memory_used": x.MemoryUsage,
			"drop_overmemory": x.DropOvermemory,
		}
	case *tc.FqPieXstats:
		return witness.Object{
			"pkts_in": x.PacketsIn, "overlimit": x.Overlimit, "overmemory": x.Overmemory, "dropped": x.Dropped, "ecn_mark": x.EcnMark,
			"new_flow_count": x.NewFlowCount, "new_flows_len": x.NewFlowsLen, "old_flows_len": x.OldFlowsLen, "memory_used": x.MemoryUsage,
		}
	case *tc.FqQdStats:
		return witness.Object{
			"flows": x.Flows, "inactive": x.InactiveFlows, "throttled": x.Throttled, "gc": x.GcFlows, "highprio": x.HighprioPackets,
			"retrans": x.TcpRetrans, "flows_plimit": x.FlowsPlimit, "pkts_too_long": x.PktsTooLong, "alloc_errors": x.AllocationErrors,
			"next_packet_delay": witness.Unseen("the time until the next packet runs"), "latency": x.UnthrottleLatencyNs, "ce_mark": x.CeMark,
			"horizon_drops": x.HorizonDrops, "horizon_caps": x.HorizonCaps,
		}
	case *tc.HhfXstats:
		return witness.Object{
			"drop_overlimit": x.DropOverlimit, "hh_overlimit": x.HhOverlimit, "tot_hh": x.HhTotCount, "cur_hh": x.HhCurCount,
		}
	case *tc.PieXstats:
		return witness.Object{
			"prob": digits(float64(x.Prob) / (1 << 64)), "delay": x.Delay, "avg_dq_rate": x.AvgDqRate, "pkts_in": x.PacketsIn,
			"overlimit": x.Overlimit, "dropped": x.Dropped, "maxq": x.Maxq, "ecn_mark": x.EcnMark,
		}
	case *tc.SfbXstats:
		return witness.Object{
			"earlydrop": x.Earlydrop, "penaltydrop": x.Penaltydrop, "bucketdrop": x.Bucketdrop, "queuedrop": x.Queuedrop, "childdrop": x.Childdrop,
			"marked": x.Marked, "maxqlen": x.Maxqlen, "maxprob": digits(float64(x.Maxprob) / tc.ProbOne), "avgprob": digits(float64(x.Avgprob) / tc.ProbOne),
		}
	case *tc.CakeStatsAttrs:
		return cakeStats(x)
	}
	return nil
}

func cakeStats(x *tc.CakeStatsAttrs) witness.Object {
	var tins []any
	for _, tin := range x.TinStats {
		t := tin.V
		tins = append(tins, witness.Object{
			"threshold_rate": t.ThresholdRate64, "sent_bytes": t.SentBytes64, "backlog_bytes": t.BacklogBytes, "target_us": t.TargetUs,
			"interval_us": t.IntervalUs, "peak_delay_us": t.PeakDelayUs, "avg_delay_us": t.AvgDelayUs, "base_delay_us": t.BaseDelayUs,
			"sent_packets": t.SentPackets, "way_indirect_hits": t.WayIndirectHits, "way_misses": t.WayMisses, "way_collisions": t.WayCollisions,
			"drops": t.DroppedPackets, "ecn_mark": t.EcnMarkedPackets, "ack_drops": t.AcksDroppedPackets, "sparse_flows": t.SparseFlows,
			"bulk_flows": t.BulkFlows, "unresponsive_flows": t.UnresponsiveFlows, "max_pkt_len": t.MaxSkblen, "flow_quantum": t.FlowQuantum,
		})
	}
	return witness.Object{
		"memory_used": x.MemoryUsed, "memory_limit": x.MemoryLimit, "capacity_estimate": x.CapacityEstimate64, "min_network_size": x.MinNetlen,
		"max_network_size": x.MaxNetlen, "min_adj_size": x.MinAdjlen, "max_adj_size": x.MaxAdjlen, "avg_hdr_offset": x.AvgNetoff, "tins": tins,
	}
}

// kindOfAct is the kind of an action with these options.
func kindOfAct(o tc.ActOptionsMsg) string {
	if _, ok := o.(*tc.ActTunnelKeyAttrs); ok {
		return "tunnel_key"
	}
	name := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", o), "*tc."), "Attrs")
	return strings.ToLower(strings.TrimPrefix(name, "Act"))
}
