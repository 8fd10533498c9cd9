package sockdiag

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// ssWords has ss print all that it knows of the sockets of a kind, and returns the words of each line. What stands in parentheses is
// one word with what stands before.
func ssWords(t *testing.T, kind ...string) [][]string {
	t.Helper()
	args := append([]string{"-HOneaim", "--tos", "--cgroup", "--inet-sockopt"}, kind...)
	var lines [][]string
	for line := range strings.Lines(string(witness.Output(t, "ss", args...))) {
		depth := 0
		lines = append(lines, strings.FieldsFunc(line, func(r rune) bool {
			switch r {
			case '(':
				depth++
			case ')':
				depth--
			}
			return depth == 0 && (r == ' ' || r == '\t' || r == '\n')
		}))
	}
	return lines
}

// twoWords are the words of ss whose value is the next one.
var twoWords = []string{"send", "pacing_rate", "delivery_rate", "inet-sockopt"}

// spans are the words of ss that say for how long, in milliseconds; what goes on.
var spans = []string{"lastsnd", "lastrcv", "lastack", "busy"}

// ssObject turns words into an object. The first stand in columns, the others have a key; what has none is among the words.
//
//	ESTAB 0 0 127.0.0.1:1 127.0.0.1:2 timer:(keepalive,119min,0) ino:5 sk:1 <-> tos:0 skmem:(r0,...) ts sack cubic wscale:7,7 send 9bps
func ssObject(t *testing.T, words []string, columns ...string) witness.Object {
	t.Helper()
	if len(words) < len(columns) {
		t.Fatalf("ss prints %q", words)
	}
	x := witness.Object{}
	for i, key := range columns {
		x[key] = words[i]
	}
	plain := []any{}
	for rest := words[len(columns):]; len(rest) > 0; rest = rest[1:] {
		w := rest[0]
		key, value := w, ""
		if i := strings.IndexAny(w, ":=("); i > 0 {
			key, value = w[:i], strings.TrimLeft(w[i:], ":=")
		}
		switch {
		case slices.Contains(twoWords, key) && len(rest) > 1:
			x[key] = rest[1]
			rest = rest[1:]
		case key == "timer":
			parts := strings.Split(strings.Trim(value, "()"), ",")
			x["timer"], x["timer expires"], x["timer retrans"] = parts[0], parts[1], parts[2]
		case slices.Contains(spans, key):
			ms, err := strconv.ParseFloat(strings.TrimSuffix(value, "ms"), 64)
			if err != nil {
				t.Fatal(err)
			}
			x[key] = ms / 1000
		case key != w:
			x[key] = value
		case strings.Trim(w, "<->") == "":
			x["shutdown"] = w
		default:
			plain = append(plain, w)
		}
	}
	if len(plain) > 0 {
		x["words"] = plain
	}
	return x
}

// A common is what sockets of all protocols of the internet have.
type common struct {
	header          *inetdiag.InetDiagMsg
	mark, classID   nlattr.Opt[uint32]
	tos, tclass, v6 nlattr.Opt[uint8]
	shutdown        nlattr.Opt[inetdiag.ShutdownMask]
	memory          *inetdiag.SkMeminfo
	cgroup          nlattr.Opt[uint64]
	sockopt         nlattr.Opt[inetdiag.InetDiagSockopt]
}

// commonView is how ss prints that.
func commonView[T any](get func(x T) common, more witness.View[T]) witness.View[T] {
	v := witness.View[T]{}
	for key, f := range map[string]func(c common) any{
		"state": func(c common) any { return states[c.header.IdiagState] },
		"recvq": func(c common) any { return fmt.Sprint(c.header.IdiagRqueue) },
		"sendq": func(c common) any { return fmt.Sprint(int32(c.header.IdiagWqueue)) },
		"local": func(c common) any {
			if link, err := net.InterfaceByIndex(int(c.header.ID.If)); err == nil { // to which it is bound
				return fmt.Sprintf("%v%%%s:%d", addrOf(c.header.IdiagFamily, c.header.ID.Src), link.Name, c.header.ID.Sport)
			}
			return addrPort(c.header.IdiagFamily, c.header.ID.Src, c.header.ID.Sport)
		},
		"peer": func(c common) any { return addrPort(c.header.IdiagFamily, c.header.ID.Dst, c.header.ID.Dport) },
		"timer": func(c common) any {
			return map[inetdiag.Timer]string{inetdiag.TimerRetransmit: "on", inetdiag.TimerKeepalive: "keepalive",
				inetdiag.TimerTimewait: "timewait", inetdiag.TimerProbe: "persist"}[c.header.IdiagTimer]
		},
		"timer expires": func(common) any { return witness.Unseen("runs down, and is rounded") },
		"timer retrans": func(c common) any { return fmt.Sprint(c.header.IdiagRetrans) },
		"uid":           func(c common) any { return fmt.Sprint(c.header.IdiagUid) },
		"ino":           func(c common) any { return fmt.Sprint(c.header.IdiagInode) },
		"sk":            func(c common) any { return cookie(c.header) },
		"fwmark":        func(c common) any { return fmt.Sprintf("%#x", c.mark.V) },
		"cgroup": func(c common) any {
			// The tool knows paths where it can mount the groups; that of the root is one that we can tell.
			names := witness.OneOf{fmt.Sprintf("unreachable:%x", c.cgroup.V)}
			if c.cgroup.V == 1 {
				names = append(names, "/")
			}
			return names
		},
		"v6only":   func(c common) any { return fmt.Sprint(c.v6.V) },
		"tos":      func(c common) any { return prefixed(c.tos.V) },
		"tclass":   func(c common) any { return prefixed(c.tclass.V) },
		"class_id": func(c common) any { return prefixed(c.classID.V) },
		"shutdown": func(c common) any {
			return arrow(c.shutdown.V&inetdiag.ShutdownMaskRcv != 0, c.shutdown.V&inetdiag.ShutdownMaskSend != 0)
		},
		"inet-sockopt": func(c common) any { return options(c.sockopt.V) },
		"skmem":        func(c common) any { return memory(*c.memory) },
	} {
		v[key] = func(x T) any { return f(get(x)) }
	}
	maps.Copy(v, more)
	return v
}

var states = map[inetdiag.TcpState]string{
	inetdiag.TcpStateEstablished: "ESTAB", inetdiag.TcpStateSynSent: "SYN-SENT", inetdiag.TcpStateSynRecv: "SYN-RECV",
	inetdiag.TcpStateFinWait1: "FIN-WAIT-1", inetdiag.TcpStateFinWait2: "FIN-WAIT-2", inetdiag.TcpStateTimeWait: "TIME-WAIT",
	inetdiag.TcpStateClose: "UNCONN", inetdiag.TcpStateCloseWait: "CLOSE-WAIT", inetdiag.TcpStateLastAck: "LAST-ACK",
	inetdiag.TcpStateListen: "LISTEN", inetdiag.TcpStateClosing: "CLOSING",
}

func cookie(h *inetdiag.InetDiagMsg) string {
	return fmt.Sprintf("%x", uint64(h.ID.Cookie1)<<32|uint64(h.ID.Cookie0))
}

// arrow is how ss prints the directions that are still open.
func arrow(noReceive, noSend bool) string {
	left, right := "<", ">"
	if noReceive {
		left = "-"
	}
	if noSend {
		right = "-"
	}
	return left + "-" + right
}

// options are the options of a socket as ss prints them.
func options(o inetdiag.InetDiagSockopt) string {
	var words []string
	add := func(set bool, word string) {
		if set {
			words = append(words, word)
		}
	}
	for i, word := range []string{"recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all", "nodefrag"} {
		add(o.Flags>>i&1 != 0, word)
	}
	for i, word := range []string{"bind_addr_no_port", "recverr_rfc4884", "defer_connect"} {
		add(o.More>>i&1 != 0, word)
	}
	return "( " + strings.Join(words, " ") + ")"
}

// addrPort is how ss prints an address; a socket of IPv6 without an address is for every family.
func addrPort(family uint8, addr [16]byte, port uint16) any {
	a := addrOf(family, addr)
	host := a.String()
	if a.Is6() {
		host = "[" + host + "]"
	}
	p := fmt.Sprint(port)
	if port == 0 {
		p = "*"
	}
	if a == netip.IPv6Unspecified() {
		return witness.OneOf{host + ":" + p, "*:" + p}
	}
	return host + ":" + p
}

func addrOf(family uint8, addr [16]byte) netip.Addr {
	if family == unix.AF_INET {
		return netip.AddrFrom4([4]byte(addr[:4]))
	}
	return netip.AddrFrom16(addr)
}

// prefixed is how printf in C writes a number with %#x: no prefix for zero.
func prefixed[N ~uint8 | ~uint32](n N) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", n)
}

// memory is how ss prints the memory of a socket, which all families tell in the same struct.
func memory[M ~struct {
	RmemAlloc, Rcvbuf, WmemAlloc, Sndbuf, FwdAlloc, WmemQueued, Optmem, Backlog, Drops uint32
}](mem M) string {
	m := inetdiag.SkMeminfo(mem)
	return fmt.Sprintf("(r%d,rb%d,t%d,tb%d,f%d,w%d,o%d,bl%d,d%d)", m.RmemAlloc, m.Rcvbuf, m.WmemAlloc, m.Sndbuf, m.FwdAlloc, m.WmemQueued,
		m.Optmem, m.Backlog, m.Drops)
}

// compareInet compares all sockets that ss prints of a kind with ours, by their cookies.
func compareInet[T any](t *testing.T, tally *witness.Tally, list []T, get func(x T) common, v witness.View[T], kind ...string) {
	t.Helper()
	ours := map[any]T{}
	for _, x := range list {
		ours[cookie(get(x).header)] = x
	}
	lines := ssWords(t, kind...)
	if len(lines) != len(ours) {
		tally.Errorf("ss %v prints %d sockets, we see %d", kind, len(lines), len(ours))
	}
	for _, words := range lines {
		shown := ssObject(t, words, "state", "recvq", "sendq", "local", "peer")
		x, ok := ours[shown["sk"]]
		if !ok {
			tally.Errorf("ss prints %v, we see no such socket", words)
			continue
		}
		witness.Compare(tally, "ss", x, v, shown)
	}
}

func ofTCP(x reply) common {
	return common{header: &x.Header, mark: x.Mark, classID: x.ClassID, tos: x.Tos, tclass: x.Tclass, v6: x.Skv6only, shutdown: x.Shutdown,
		memory: x.Skmeminfo, cgroup: x.CgroupID, sockopt: x.Sockopt}
}

// decimal is how ss prints a number of a struct.
func decimal[T any, N ~uint8 | ~uint16 | ~uint32 | ~uint64](get func(x T) N) func(x T) any {
	return func(x T) any { return strconv.FormatUint(uint64(get(x)), 10) }
}

// millis is how ss prints microseconds.
func millis(us uint32) string { return fmt.Sprintf("%.6g", float64(us)/1000) }

// rate is how ss prints bytes in a second.
func rate(bytes uint64) string { return fmt.Sprintf("%.0fbps", 8*float64(bytes)) }

// tcpView is how ss prints a socket of TCP, and what it prints of others, which is less.
var tcpView = commonView(ofTCP, witness.View[reply]{
	"words": func(x reply) any {
		var set witness.Set
		for flag, word := range map[inetdiag.TcpOptions]string{inetdiag.TcpOptionsTimestamps: "ts", inetdiag.TcpOptionsSack: "sack",
			inetdiag.TcpOptionsEcn: "ecn", inetdiag.TcpOptionsEcnSeen: "ecnseen", inetdiag.TcpOptionsSynData: "fastopen"} {
			if x.Info != nil && x.Info.Options&flag != 0 {
				set = append(set, word)
			}
		}
		if x.Cong.V != "" {
			set = append(set, x.Cong.V)
		}
		if x.Info != nil && x.Info.AppLimited&1 != 0 {
			set = append(set, "app_limited")
		}
		if x.UlpInfo != nil {
			set = append(set, "tcp-ulp-"+x.UlpInfo.Name.V)
		}
		return set
	},
	"wscale": func(x reply) any {
		return fmt.Sprintf("%d,%d", x.Info.Wscale&15, x.Info.Wscale>>4) // two fields of bits, the first of which is low here
	},
	"rto":          func(x reply) any { return millis(x.Info.Rto) },
	"rtt":          func(x reply) any { return millis(x.Info.Rtt) + "/" + millis(x.Info.Rttvar) },
	"ato":          func(x reply) any { return millis(x.Info.Ato) },
	"minrtt":       func(x reply) any { return millis(x.Info.MinRtt) },
	"rcv_rtt":      func(x reply) any { return millis(x.Info.RcvRtt) },
	"backoff":      decimal(func(x reply) uint8 { return x.Info.Backoff }),
	"mss":          decimal(func(x reply) uint32 { return x.Info.SndMss }),
	"pmtu":         decimal(func(x reply) uint32 { return x.Info.Pmtu }),
	"rcvmss":       decimal(func(x reply) uint32 { return x.Info.RcvMss }),
	"advmss":       decimal(func(x reply) uint32 { return x.Info.Advmss }),
	"cwnd":         decimal(func(x reply) uint32 { return x.Info.SndCwnd }),
	"ssthresh":     decimal(func(x reply) uint32 { return x.Info.SndSsthresh }),
	"bytes_sent":   decimal(func(x reply) uint64 { return x.Info.BytesSent }),
	"bytes_acked":  decimal(func(x reply) uint64 { return x.Info.BytesAcked }),
	"unacked":      decimal(func(x reply) uint32 { return x.Info.Unacked }),
	"lost":         decimal(func(x reply) uint32 { return x.Info.Lost }),
	"sacked":       decimal(func(x reply) uint32 { return x.Info.Sacked }),
	"segs_out":     decimal(func(x reply) uint32 { return x.Info.SegsOut }),
	"segs_in":      decimal(func(x reply) uint32 { return x.Info.SegsIn }),
	"delivered":    decimal(func(x reply) uint32 { return x.Info.Delivered }),
	"delivered_ce": decimal(func(x reply) uint32 { return x.Info.DeliveredCe }),
	"rcv_space":    decimal(func(x reply) uint32 { return x.Info.RcvSpace }),
	"notsent":      decimal(func(x reply) uint32 { return x.Info.NotsentBytes }),
	"dsack_dups":   decimal(func(x reply) uint32 { return x.Info.DsackDups }),
	"reord_seen":   decimal(func(x reply) uint32 { return x.Info.ReordSeen }),
	"reordering":   decimal(func(x reply) uint32 { return x.Info.Reordering }),
	"rcv_ooopack":  decimal(func(x reply) uint32 { return x.Info.RcvOoopack }),
	"snd_wnd":      decimal(func(x reply) uint32 { return x.Info.SndWnd }),

	"data_segs_out":  decimal(func(x reply) uint32 { return x.Info.DataSegsOut }),
	"data_segs_in":   decimal(func(x reply) uint32 { return x.Info.DataSegsIn }),
	"bytes_received": decimal(func(x reply) uint64 { return x.Info.BytesReceived }),
	"bytes_retrans":  decimal(func(x reply) uint64 { return x.Info.BytesRetrans }),
	"rcv_ssthresh":   decimal(func(x reply) uint32 { return x.Info.RcvSsthresh }),
	"retrans":        func(x reply) any { return fmt.Sprintf("%d/%d", x.Info.Retrans, x.Info.TotalRetrans) },
	"lastsnd":        func(x reply) any { return witness.Near(float64(x.Info.LastDataSent) / 1000) },
	"lastrcv":        func(x reply) any { return witness.Near(float64(x.Info.LastDataRecv) / 1000) },
	"lastack":        func(x reply) any { return witness.Near(float64(x.Info.LastAckRecv) / 1000) },
	"busy":           func(x reply) any { return witness.Near(float64(x.Info.BusyTime) / 1e6) },
	"rwnd_limited":   func(reply) any { return witness.Unseen("a share of what goes on; getsockopt is the witness") },
	"sndbuf_limited": func(reply) any { return witness.Unseen("a share of what goes on; getsockopt is the witness") },
	"delivery_rate":  func(x reply) any { return rate(x.Info.DeliveryRate) },
	"pacing_rate": func(x reply) any {
		text := rate(x.Info.PacingRate)
		if x.Info.MaxPacingRate != ^uint64(0) {
			text += "/" + rate(x.Info.MaxPacingRate)
		}
		return text
	},
	"send": func(x reply) any {
		rtt := x.Info.Rtt
		if v := x.Vegasinfo.V; v.Rtt != 0 && v.Rtt != 0x7fffffff { // It takes this one if there is one.
			rtt = v.Rtt
		}
		return fmt.Sprintf("%.0fbps", float64(x.Info.SndCwnd)*float64(x.Info.SndMss)*8e6/float64(rtt))
	},
	"bbr": func(x reply) any {
		b := x.Bbrinfo
		text := fmt.Sprintf("(bw:%.0fbps,mrtt:%s", 8*float64(uint64(b.BwHi)<<32|uint64(b.BwLo)), millis(b.MinRtt))
		if b.PacingGain != 0 {
			text += fmt.Sprintf(",pacing_gain:%.6g", float64(b.PacingGain)/256)
		}
		if b.CwndGain != 0 {
			text += fmt.Sprintf(",cwnd_gain:%.6g", float64(b.CwndGain)/256)
		}
		return text + ")"
	},
	"dctcp": func(x reply) any {
		d := x.Dctcpinfo.V
		if d.Enabled == 0 {
			return "fallback_mode"
		}
		return fmt.Sprintf("(ce_state:%d,alpha:%d,ab_ecn:%d,ab_tot:%d)", d.CeState, d.Alpha, d.AbEcn, d.AbTot)
	},
	// The rest are of a subflow of MPTCP.
	"flags": func(x reply) any { return subflowLetters(x.UlpInfo.Mptcp.Flags.V) },
	"token": func(x reply) any {
		m := x.UlpInfo.Mptcp
		return fmt.Sprintf("%04x(id:%d)/%04x(id:%d)", m.TokenRem.V, m.IDRem.V, m.TokenLoc.V, m.IDLoc.V)
	},
	"seq":    func(x reply) any { return fmt.Sprintf("%x", x.UlpInfo.Mptcp.MapSeq.V) },
	"sfseq":  func(x reply) any { return fmt.Sprintf("%x", x.UlpInfo.Mptcp.MapSfseq.V) },
	"ssnoff": func(x reply) any { return fmt.Sprintf("%x", x.UlpInfo.Mptcp.SsnOffset.V) },
	"maplen": func(x reply) any { return fmt.Sprintf("%x", x.UlpInfo.Mptcp.MapDatalen.V) },
})

// subflowLetters are the flags of a subflow as ss prints them.
func subflowLetters(flags inetdiag.SubflowFlags) string {
	text := ""
	for i, letter := range "MmJjBbecv" {
		if flags>>i&1 != 0 {
			text += string(letter)
		}
	}
	return text
}

func ofMPTCP(x *inetdiag.MptcpGetReply) common {
	return common{header: &x.Header, mark: x.Mark, classID: x.ClassID, tos: x.Tos, tclass: x.Tclass, v6: x.Skv6only, shutdown: x.Shutdown,
		memory: x.Skmeminfo, cgroup: x.CgroupID, sockopt: x.Sockopt}
}

// mptcpView is how ss prints a socket of MPTCP.
var mptcpView = commonView(ofMPTCP, witness.View[*inetdiag.MptcpGetReply]{
	"words": func(x *inetdiag.MptcpGetReply) any {
		var set witness.Set
		if x.Info.Flags&inetdiag.MptcpFlagsFallback != 0 {
			set = append(set, "fallback")
		}
		if x.Info.Flags&inetdiag.MptcpFlagsRemoteKeyReceived != 0 {
			set = append(set, "remote_key")
		}
		return set
	},
	"subflows":              decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.Subflows }),
	"subflows_max":          decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.SubflowsMax }),
	"add_addr_signal":       decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.AddAddrSignal }),
	"add_addr_signal_max":   decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.AddAddrSignalMax }),
	"add_addr_accepted":     decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.AddAddrAccepted }),
	"add_addr_accepted_max": decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.AddAddrAcceptedMax }),
	"local_addr_used":       decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.LocalAddrUsed }),
	"local_addr_max":        decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.LocalAddrMax }),
	"csum_enabled":          decimal(func(x *inetdiag.MptcpGetReply) uint8 { return x.Info.CsumEnabled }),
	"token":                 func(x *inetdiag.MptcpGetReply) any { return fmt.Sprintf("%x", x.Info.Token) },
	"write_seq":             func(x *inetdiag.MptcpGetReply) any { return fmt.Sprintf("%x", x.Info.WriteSeq) },
	"snd_una":               func(x *inetdiag.MptcpGetReply) any { return fmt.Sprintf("%x", x.Info.SndUna) },
	"rcv_nxt":               func(x *inetdiag.MptcpGetReply) any { return fmt.Sprintf("%x", x.Info.RcvNxt) },
})
