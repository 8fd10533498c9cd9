package conntrack

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A variant is a flow and, where the kernel changes what it was asked for, the direction of its replies.
type variant struct {
	req   *conntrack.NewRequest
	reply *conntrack.TupleAttrs
}

// variants are flows in every state, and with what only some of them have.
func variants() map[string]variant {
	all := map[string]variant{}
	plain := func(name string, proto uint8, change func(req *conntrack.NewRequest)) *conntrack.NewRequest {
		n := uint16(len(all) + 1)
		src := fmt.Sprint("10.2.1.", n)
		req := &conntrack.NewRequest{
			Header:     header(unix.AF_INET),
			TupleOrig:  tuple(src, "10.2.0.2", proto, n, 80),
			TupleReply: tuple("10.2.0.2", src, proto, 80, n),
			Timeout:    u32(500),
		}
		change(req)
		all[name] = variant{req: req}
		return req
	}
	for state := conntrack.NfCtTcpStateNone; state <= conntrack.NfCtTcpStateSynSent2; state++ {
		plain("tcp "+state.String(), unix.IPPROTO_TCP, func(req *conntrack.NewRequest) {
			req.Protoinfo = &conntrack.ProtoinfoAttrs{ProtoinfoTcp: &conntrack.ProtoinfoTcpAttrs{TcpState: nlattr.Some(state)}}
		})
	}
	for state := conntrack.NfCtSctpStateNone; state <= conntrack.NfCtSctpStateHeartbeatSent; state++ {
		plain("sctp "+state.String(), unix.IPPROTO_SCTP, func(req *conntrack.NewRequest) {
			req.Protoinfo = &conntrack.ProtoinfoAttrs{ProtoinfoSctp: &conntrack.ProtoinfoSctpAttrs{
				SctpState: nlattr.Some(state), VtagOriginal: u32(1), VtagReply: u32(2)}}
		})
	}
	for state := conntrack.NfCtDccpStateNone; state < conntrack.NfCtDccpStateIgnore; state++ {
		plain("dccp "+state.String(), unix.IPPROTO_DCCP, func(req *conntrack.NewRequest) {
			req.Protoinfo = &conntrack.ProtoinfoAttrs{ProtoinfoDccp: &conntrack.ProtoinfoDccpAttrs{
				DccpState: nlattr.Some(state), DccpRole: nlattr.Some(conntrack.NfCtDccpRole(state % 2)), DccpHandshakeSeq: nlattr.Some(uint64(5))}}
		})
	}
	plain("expected", unix.IPPROTO_UDP, func(req *conntrack.NewRequest) { req.TupleMaster = all["tcp established"].req.TupleOrig })
	plain("fixed", unix.IPPROTO_UDP, func(req *conntrack.NewRequest) {
		req.Status = nlattr.Some(conntrack.NfCtStatusFixedTimeout | conntrack.NfCtStatusConfirmed)
	})
	plain("zone of a direction", unix.IPPROTO_UDP, func(req *conntrack.NewRequest) { req.TupleOrig.TupleZone = u16(5) })
	plain("zone of the other", unix.IPPROTO_UDP, func(req *conntrack.NewRequest) { req.TupleReply.TupleZone = u16(6) })
	plain("adjusted", unix.IPPROTO_TCP, func(req *conntrack.NewRequest) {
		req.Protoinfo = &conntrack.ProtoinfoAttrs{ProtoinfoTcp: &conntrack.ProtoinfoTcpAttrs{TcpState: nlattr.Some(conntrack.NfCtTcpStateEstablished)}}
		req.SeqAdjOrig = &conntrack.SeqadjAttrs{CorrectionPos: u32(1000), OffsetBefore: u32(3), OffsetAfter: u32(7)}
		req.SeqAdjReply = &conntrack.SeqadjAttrs{CorrectionPos: u32(2000), OffsetBefore: u32(4), OffsetAfter: u32(0xfffffff8)} // -8
	})
	plain("synproxy", unix.IPPROTO_TCP, func(req *conntrack.NewRequest) {
		req.Synproxy = &conntrack.SynproxyAttrs{Isn: u32(0x11223344), Its: u32(0x55667788), Tsoff: u32(9)}
	})

	// Addresses and ports are translated as asked, which shows in the other direction.
	addr := func(s string) nlattr.Opt[netip.Addr] { return nlattr.Some(netip.MustParseAddr(s)) }
	port := &conntrack.NatProtoAttrs{PortMin: u16(7000), PortMax: u16(7000)}
	source := plain("source translated", unix.IPPROTO_UDP, func(req *conntrack.NewRequest) {
		req.NatSrc = &conntrack.NatAttrs{V4Minip: addr("10.2.9.9"), V4Maxip: addr("10.2.9.9"), Proto: port}
	})
	all["source translated"] = variant{source, tuple("10.2.0.2", "10.2.9.9", unix.IPPROTO_UDP, 80, 7000)}
	destination := plain("destination translated", unix.IPPROTO_UDP, func(req *conntrack.NewRequest) {
		req.NatDst = &conntrack.NatAttrs{V4Minip: addr("10.2.9.8"), V4Maxip: addr("10.2.9.8"), Proto: port}
	})
	from := destination.TupleReply
	all["destination translated"] = variant{destination, &conntrack.TupleAttrs{
		TupleIp:    &conntrack.TupleIpAttrs{IpV4Src: addr("10.2.9.8"), IpV4Dst: from.TupleIp.IpV4Dst},
		TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: u8(unix.IPPROTO_UDP), ProtoSrcPort: u16(7000), ProtoDstPort: from.TupleProto.ProtoDstPort},
	}}
	all["source of IPv6 translated"] = variant{&conntrack.NewRequest{
		Header:     header(unix.AF_INET6),
		TupleOrig:  tuple("2001:db8::5", "2001:db8::6", unix.IPPROTO_UDP, 5, 80),
		TupleReply: tuple("2001:db8::6", "2001:db8::5", unix.IPPROTO_UDP, 80, 5),
		Timeout:    u32(500),
		NatSrc:     &conntrack.NatAttrs{V6Minip: addr("2001:db8::9"), V6Maxip: addr("2001:db8::9"), Proto: port},
	}, tuple("2001:db8::6", "2001:db8::9", unix.IPPROTO_UDP, 80, 7000)}
	return all
}

// status is what the kernel sets by itself for a variant.
var status = map[string]conntrack.NfCtStatus{
	"expected":                  conntrack.NfCtStatusExpected,
	"adjusted":                  conntrack.NfCtStatusSeqAdj,
	"source translated":         conntrack.NfCtStatusSrcNat | conntrack.NfCtStatusSrcNatDone,
	"destination translated":    conntrack.NfCtStatusDstNat | conntrack.NfCtStatusDstNatDone,
	"source of IPv6 translated": conntrack.NfCtStatusSrcNat,
}

// TestVariants makes flows in every state and with everything that a request can have, and reads them back.
func TestVariants(t *testing.T) {
	ctx, c := client(t)
	witness.Output(t, "nft", "add table ip nat; add chain ip nat c { type nat hook prerouting priority 0; }; add table ip6 nat; add chain ip6 nat c { type nat hook prerouting priority 0; }")
	tally := witness.NewTally(t)
	all := variants()
	for _, name := range witness.SortedKeys(all) {
		if name == "expected" { // Its master comes later in the alphabet.
			continue
		}
		create(ctx, t, c, tally, name, all[name])
	}
	create(ctx, t, c, tally, "expected", all["expected"])
	compareListed(ctx, t, c, tally, len(all))
	tally.Report("variants")
}

// labels has the tool know names of labels, which it takes from a file in a folder that this process alone sees.
func labels(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	file := ""
	for i := range 128 {
		file += fmt.Sprintf("%d bit%d\n", i, i)
	}
	err := os.Mkdir(filepath.Join(dir, "xtables"), 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "xtables", "connlabel.conf"), []byte(file), 0o644)
	}
	if err == nil {
		err = unix.Mount(dir, "/etc", "", unix.MS_BIND, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount("/etc", 0); err != nil {
			t.Error(err)
		}
	})
}
