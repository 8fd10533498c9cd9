package conntrack

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

func u8(v uint8) nlattr.Opt[uint8]    { return nlattr.Some(v) }
func u16(v uint16) nlattr.Opt[uint16] { return nlattr.Some(v) }
func u32(v uint32) nlattr.Opt[uint32] { return nlattr.Some(v) }

// client returns a client for a namespace of the test's own.
func client(t *testing.T) (context.Context, *conntrack.Client) {
	t.Helper()
	ctx, conn := witness.Connect(t)
	c := conntrack.New(conn)
	if _, err := c.GetStatsGlobal(ctx, nil); errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skipf("this kernel has no ctnetlink: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	empty := func() {
		if err := c.Delete(context.Background(), nil); err != nil {
			t.Error(err)
		}
	}
	empty()
	t.Cleanup(empty)
	return ctx, c
}

// tuple is a direction of a flow with ports.
func tuple(src, dst string, proto uint8, sport, dport uint16) *conntrack.TupleAttrs {
	return &conntrack.TupleAttrs{
		TupleIp:    ip(src, dst),
		TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: u8(proto), ProtoSrcPort: u16(sport), ProtoDstPort: u16(dport)},
	}
}

func ip(src, dst string) *conntrack.TupleIpAttrs {
	s, d := nlattr.Some(netip.MustParseAddr(src)), nlattr.Some(netip.MustParseAddr(dst))
	if s.V.Is4() {
		return &conntrack.TupleIpAttrs{IpV4Src: s, IpV4Dst: d}
	}
	return &conntrack.TupleIpAttrs{IpV6Src: s, IpV6Dst: d}
}

func header(family uint8) conntrack.Nfgenmsg { return conntrack.Nfgenmsg{NfgenFamily: family} }
