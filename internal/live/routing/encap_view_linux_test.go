package routing

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// encapKeys are the keys that ip prints of each encapsulation.
var encapKeys = map[any][]string{
	"mpls":      {"dst", "ttl"},
	"ip":        {"id", "src", "dst", "ttl", "tos", "key", "csum", "seq", "geneve_opts", "vxlan_opts", "erspan_opts"},
	"ip6":       {"id", "src", "dst", "hoplimit", "tc", "key", "csum", "seq", "geneve_opts", "vxlan_opts", "erspan_opts"},
	"seg6":      {"mode", "segs", "hmac"},
	"seg6local": {"action", "srh", "table", "vrftable", "nh4", "nh6", "iif", "oif", "stats64", "flavors", "lblen", "nflen", "endpoint"},
	"rpl":       {"segs"},
	"ioam6":     {"freqk", "freqn", "mode", "tunsrc", "tundst", "trace", "prealloc", "type", "ns", "size"},
	"ila":       {"locator", "csum_mode", "ident_type", "hook_type"},
	"xfrm":      {"if_id", "link_dev"},
	"bpf":       {"in", "out", "xmit", "headroom"},
}

func encapName(kind rtroute.EncapType) string {
	if kind == rtroute.EncapTypeSeg6Local {
		return "seg6local"
	}
	return kind.String()
}

// encapData is what ip prints between the kind of an encapsulation and the rest of the route.
func encapData(links map[string]*rtlink.GetlinkReply, x rtroute.EncapMsg) any {
	switch x := x.(type) {
	case *rtroute.EncapMplsAttrs:
		out := witness.Object{"dst": labelStack(x.Dst)}
		set(out, "ttl", x.Ttl)
		return out
	case *rtroute.EncapIpAttrs:
		out := witness.Object{"id": x.ID, "src": x.Src, "dst": x.Dst, "ttl": x.Ttl, "tos": x.Tos}
		return tunnelOptions(withFlags(out, x.Flags.V), x.Opts)
	case *rtroute.EncapIp6Attrs:
		out := witness.Object{"id": x.ID, "src": x.Src, "dst": x.Dst, "hoplimit": x.Hoplimit, "tc": x.Tc}
		return tunnelOptions(withFlags(out, x.Flags.V), x.Opts)
	case *rtroute.EncapSeg6Attrs:
		var header rtroute.Seg6IptunnelEncap
		_ = header.UnmarshalBinary(x.Srh)
		mode := map[rtroute.Seg6Mode]string{rtroute.Seg6ModeEncapRed: "encap.red", rtroute.Seg6ModeL2encapRed: "l2encap.red"}[header.Mode]
		if mode == "" {
			mode = header.Mode.String()
		}
		return witness.Object{"mode": mode, "segs": backwards(path(x.Srh[4:]))}
	case *rtroute.EncapSeg6LocalAttrs:
		return endpoint(links, x)
	case *rtroute.EncapRplAttrs:
		return witness.Object{"segs": backwards(path(x.Srh))} // ip takes them for a header of segment routing.
	case *rtroute.EncapIoam6Attrs:
		out := witness.Object{"freqk": x.FreqK, "freqn": x.FreqN, "mode": x.Mode, "trace": nil, "prealloc": nil,
			"type": fmt.Sprintf("%06x", x.Trace.V.Type>>8), "ns": x.Trace.V.NamespaceID, "size": int(x.Trace.V.Remlen&0x7f) * 4}
		set(out, "tundst", x.Dst)
		return out
	case *rtroute.EncapIlaAttrs:
		l := x.Locator.V
		return witness.Object{
			"locator":    fmt.Sprintf("%x:%x:%x:%x", l>>48, l>>32&0xffff, l>>16&0xffff, l&0xffff),
			"csum_mode":  witness.Pick(x.CsumMode.V, "adj-transport", "neutral-map", "no-action", "neutral-map-auto"),
			"ident_type": x.IdentType, "hook_type": witness.Pick(x.HookType.V, "output", "input"),
		}
	case *rtroute.EncapXfrmAttrs:
		out := witness.Object{"if_id": x.IfID}
		if x.Link.OK {
			out["link_dev"] = witness.LinkName(links, x.Link.V)
		}
		return out
	case *rtroute.EncapBpfAttrs:
		out := witness.Object{}
		for key, program := range map[string]*rtroute.LwtBpfProgAttrs{"in": x.In, "out": x.Out, "xmit": x.Xmit} {
			if program != nil {
				out[key] = program.Name
			}
		}
		set(out, "headroom", x.XmitHeadroom)
		return out
	}
	return nil
}

// set sets a key if there is a value.
func set[T any](out witness.Object, key string, value nlattr.Opt[T]) {
	if value.OK {
		out[key] = value
	}
}

// endpoint is what ip prints of segment routing that ends here.
func endpoint(links map[string]*rtlink.GetlinkReply, x *rtroute.EncapSeg6LocalAttrs) witness.Object {
	out := witness.Object{"action": witness.Pick(x.Action.V, "unspec", "End", "End.X", "End.T", "End.DX2", "End.DX6", "End.DX4", "End.DT6", "End.DT4", "End.B6",
		"End.B6.Encaps", "End.BM", "End.S", "End.AS", "End.AM", "End.BPF", "End.DT46")}
	for key, table := range map[string]nlattr.Opt[uint32]{"table": x.Table, "vrftable": x.Vrftable} {
		if table.OK {
			out[key] = tableName(table.V)
		}
	}
	set(out, "nh4", x.Nh4)
	set(out, "nh6", x.Nh6)
	for key, link := range map[string]nlattr.Opt[uint32]{"iif": x.Iif, "oif": x.Oif} {
		if link.OK {
			out[key] = witness.LinkName(links, link.V)
		}
	}
	if x.Srh != nil {
		out["srh"] = witness.Object{"segs": backwards(path(x.Srh))}
	}
	if x.Bpf != nil {
		out["endpoint"] = x.Bpf.ProgName
	}
	if f := x.Flavors; f != nil {
		names := witness.Set{}
		for _, v := range []rtroute.Seg6LocalFlvOp{rtroute.Seg6LocalFlvOpPsp, rtroute.Seg6LocalFlvOpUsp, rtroute.Seg6LocalFlvOpUsd, rtroute.Seg6LocalFlvOpNextCsid} {
			if f.Operation.V&v != 0 {
				names = append(names, v.String())
			}
		}
		out["flavors"] = names
		set(out, "lblen", f.LcblockBits)
		set(out, "nflen", f.LcnodeFnBits)
	}
	if n := x.Counters; n != nil {
		out["stats64"] = witness.Object{"packets": n.Packets, "bytes": n.Bytes, "errors": n.Errors}
	}
	return out
}

// tunnelOptions adds what ip prints of the options of tunnel protocols.
func tunnelOptions(out witness.Object, x *rtroute.EncapIpOptsAttrs) witness.Object {
	if x == nil {
		return out
	}
	var geneve []witness.Object
	for _, o := range x.Geneve {
		for i := range o.Class { // A request has one option in each, an answer all in one.
			geneve = append(geneve, witness.Object{"class": o.Class[i], "type": o.Type[i], "data": hex.EncodeToString(o.Data[i])})
		}
	}
	if geneve != nil {
		out["geneve_opts"] = geneve
	}
	if x.Vxlan != nil {
		out["vxlan_opts"] = []witness.Object{{"gbp": x.Vxlan.Gbp}}
	}
	if e := x.Erspan; e != nil {
		value := func(n nlattr.Opt[uint8]) uint8 { return n.V } // What is absent ip prints as 0.
		out["erspan_opts"] = []witness.Object{{"ver": value(e.Ver), "index": e.Index.V, "dir": value(e.Dir), "hwid": value(e.Hwid)}}
	}
	return out
}

// path reads the addresses behind a routing header of eight bytes.
func path(srh []byte) []string {
	var list []string
	for rest := srh[min(8, len(srh)):]; len(rest) >= 16; rest = rest[16:] {
		list = append(list, netip.AddrFrom16([16]byte(rest)).String())
	}
	return list
}

// backwards turns a list round: a header of segment routing has what is visited last first.
func backwards(list []string) []string {
	slices.Reverse(list)
	return list
}

func withFlags(out witness.Object, flags rtroute.EncapIpFlags) witness.Object {
	if flags&rtroute.EncapIpFlagsKey != 0 {
		out["key"] = true
	}
	if flags&rtroute.EncapIpFlagsCsum != 0 {
		out["csum"] = true
	}
	if flags&rtroute.EncapIpFlagsSeq != 0 {
		out["seq"] = true
	}
	return out
}

// labelStack prints a stack of MPLS labels, each in the upper 20 bits of an entry.
func labelStack(stack []uint32) string {
	var b []byte
	for i, entry := range stack {
		if i > 0 {
			b = append(b, '/')
		}
		b = strconv.AppendUint(b, uint64(entry>>12), 10)
	}
	return string(b)
}
