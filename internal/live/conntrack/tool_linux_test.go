package conntrack

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

type flow = *conntrack.GetReply

// listed returns the flows that conntrack(8) lists, by their ids. A line has the network and transport protocols with their numbers,
// the timeout, the state of the transport protocol, then words for each direction, and words for the whole.
//
//	ipv4 2 tcp 6 100 ESTABLISHED src=10.0.0.1 dst=... sport=... src=... dst=... [ASSURED] mark=7 use=1 id=5
func listed(t *testing.T, args ...string) map[string]witness.Object {
	t.Helper()
	out := witness.Output(t, "conntrack", append([]string{"-L", "-o", "extended,id,labels,timestamp"}, args...)...)
	flows := map[string]witness.Object{}
	for line := range strings.Lines(string(out)) {
		flow := parse(t, strings.Fields(line))
		flows[flow["id"].(string)] = flow
	}
	return flows
}

// parse turns the words of a line into an object: "orig" and "reply" hold what is said of the directions.
func parse(t *testing.T, words []string) witness.Object {
	t.Helper()
	if len(words) < 5 {
		t.Fatalf("conntrack prints %q", words)
	}
	flow := witness.Object{"l3num": words[1], "l4num": words[3]}
	var flags []any
	direction := witness.Object(nil)
	for i, w := range words[4:] {
		key, value, pair := strings.Cut(w, "=")
		switch {
		case !pair && i == 0 && strings.Trim(w, "0123456789") == "": // The end of a flow is told without.
			flow["timeout"] = w
		case !pair && direction == nil && !strings.HasPrefix(w, "["):
			flow["state"] = w
		case !pair:
			if w != "[USERSPACE]" { // It was told because of a request, which no attribute says.
				flags = append(flags, strings.Trim(w, "[]"))
			}
		case key == "src" && flow["orig"] == nil:
			direction = witness.Object{}
			flow["orig"] = direction
			direction[key] = value
		case key == "src":
			direction = witness.Object{}
			flow["reply"] = direction
			direction[key] = value
		case perDirection[key], key == "id" && direction["type"] != nil && direction["id"] == nil:
			direction[key] = value
		default:
			flow[key] = value
		}
	}
	if flags != nil {
		flow["flags"] = flags
	}
	return flow
}

// perDirection are the keys that conntrack prints for each direction; the id of an echo is one more.
var perDirection = map[string]bool{"dst": true, "sport": true, "dport": true, "type": true, "code": true, "packets": true, "bytes": true,
	"srckey": true, "dstkey": true}

// text is what the tool prints for a number.
func text[T ~uint8 | ~uint16 | ~uint32 | ~uint64](v nlattr.Opt[T]) string {
	return strconv.FormatUint(uint64(v.V), 10)
}

// near is a number of seconds that runs down; the tool prints it as text.
func near(v nlattr.Opt[uint32]) any {
	n := uint64(v.V)
	var any []any
	for i := -min(int64(n), 3); i <= 3; i++ {
		any = append(any, strconv.FormatInt(int64(n)+i, 10))
	}
	return witness.OneOf(any)
}

// view says how the tool prints a flow.
var view = witness.View[flow]{
	"l3num":      func(x flow) any { return strconv.Itoa(int(x.Header.NfgenFamily)) },
	"l4num":      func(x flow) any { return text(x.TupleOrig.TupleProto.ProtoNum) },
	"timeout":    func(x flow) any { return near(x.Timeout) },
	"state":      func(x flow) any { return state(x) },
	"flags":      func(x flow) any { return flags(x) },
	"mark":       func(x flow) any { return text(x.Mark) },
	"zone":       func(x flow) any { return text(x.Zone) },
	"use":        func(x flow) any { return text(x.Use) },
	"id":         func(x flow) any { return text(x.ID) },
	"helper":     func(x flow) any { return x.Help.HelpName.V },
	"labels":     func(x flow) any { return named(x.Labels) },
	"secctx":     func(x flow) any { return x.Secctx.Name.V },
	"zone-orig":  func(x flow) any { return text(x.TupleOrig.TupleZone) },
	"zone-reply": func(x flow) any { return text(x.TupleReply.TupleZone) },
	"delta-time": func(x flow) any {
		age := time.Since(time.Unix(0, int64(x.Timestamp.Start.V)))
		return near(nlattr.Some(uint32(age.Seconds())))
	},
	"portid":   func(flow) any { return witness.Unseen("of the netlink message, not the flow") },
	"progname": func(flow) any { return witness.Unseen("of the netlink message, not the flow") },
	"orig":     func(x flow) any { return direction(x.TupleOrig, x.CountersOrig) },
	"reply":    func(x flow) any { return direction(x.TupleReply, x.CountersReply) },
}

// named is how the tool prints labels, by the names that [labels] gives them.
func named(bits []byte) string {
	var list []string
	for i := range 8 * len(bits) {
		if bits[i/8]>>(i%8)&1 != 0 {
			list = append(list, fmt.Sprint("bit", i))
		}
	}
	return strings.Join(list, ",")
}

func direction(x *conntrack.TupleAttrs, counters *conntrack.CounterAttrs) witness.Object {
	o := witness.Object{}
	add := func(key, value string, ok bool) {
		if ok {
			o[key] = value
		}
	}
	if x.TupleIp != nil {
		ip := x.TupleIp
		add("src", ip.IpV4Src.V.String(), ip.IpV4Src.OK)
		add("dst", ip.IpV4Dst.V.String(), ip.IpV4Dst.OK)
		add("src", ip.IpV6Src.V.String(), ip.IpV6Src.OK)
		add("dst", ip.IpV6Dst.V.String(), ip.IpV6Dst.OK)
	}
	if p := x.TupleProto; p != nil && p.ProtoNum.V == unix.IPPROTO_GRE {
		add("srckey", fmt.Sprintf("%#x", p.ProtoSrcPort.V), true)
		add("dstkey", fmt.Sprintf("%#x", p.ProtoDstPort.V), true)
	} else if p != nil {
		add("sport", text(p.ProtoSrcPort), p.ProtoSrcPort.OK)
		add("dport", text(p.ProtoDstPort), p.ProtoDstPort.OK)
		// The tool prints ports of DCCP that kernels since 6.16 do not have.
		add("sport", "0", p.ProtoNum.V == unix.IPPROTO_DCCP && !p.ProtoSrcPort.OK)
		add("dport", "0", p.ProtoNum.V == unix.IPPROTO_DCCP && !p.ProtoDstPort.OK)
		add("type", text(p.ProtoIcmpType), p.ProtoIcmpType.OK)
		add("code", text(p.ProtoIcmpCode), p.ProtoIcmpCode.OK)
		add("id", text(p.ProtoIcmpID), p.ProtoIcmpID.OK)
		add("id", text(p.ProtoIcmpv6ID), p.ProtoIcmpv6ID.OK)
		add("type", text(p.ProtoIcmpv6Type), p.ProtoIcmpv6Type.OK)
		add("code", text(p.ProtoIcmpv6Code), p.ProtoIcmpv6Code.OK)
	}
	if counters != nil {
		add("packets", text(counters.Packets), true)
		add("bytes", text(counters.Bytes), true)
	}
	return o
}

// state is the tool's word for the state of the transport protocol.
func state(x flow) string {
	switch p := x.Protoinfo; {
	case p == nil:
		return ""
	case p.ProtoinfoTcp != nil:
		return strings.ToUpper(strings.ReplaceAll(p.ProtoinfoTcp.TcpState.V.String(), "-", "_"))
	case p.ProtoinfoDccp != nil:
		return strings.ToUpper(p.ProtoinfoDccp.DccpState.V.String())
	case p.ProtoinfoSctp != nil:
		return strings.ToUpper(strings.ReplaceAll(p.ProtoinfoSctp.SctpState.V.String(), "-", "_"))
	}
	return ""
}

// flags are the words in brackets.
func flags(x flow) witness.Set {
	var list witness.Set
	if x.Status.V&conntrack.NfCtStatusSeenReply == 0 {
		list = append(list, "UNREPLIED")
	}
	if x.Status.V&conntrack.NfCtStatusAssured != 0 {
		list = append(list, "ASSURED")
	}
	if x.Status.V&conntrack.NfCtStatusOffload != 0 {
		list = append(list, "OFFLOAD")
	}
	return list
}
