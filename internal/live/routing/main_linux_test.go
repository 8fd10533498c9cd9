package routing

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

func u8(n uint8) nlattr.Opt[uint8]            { return nlattr.Some(n) }
func u16(n uint16) nlattr.Opt[uint16]         { return nlattr.Some(n) }
func u32(n uint32) nlattr.Opt[uint32]         { return nlattr.Some(n) }
func u64(n uint64) nlattr.Opt[uint64]         { return nlattr.Some(n) }
func s32(n int32) nlattr.Opt[int32]           { return nlattr.Some(n) }
func text(s string) nlattr.Opt[string]        { return nlattr.Some(s) }
func addr(text string) nlattr.Opt[netip.Addr] { return nlattr.Some(netip.MustParseAddr(text)) }

// familyName is ip's name of an address family.
var familyName = map[uint8]string{unix.AF_INET: "inet", unix.AF_INET6: "inet6", unix.AF_BRIDGE: "bridge", unix.AF_MPLS: "mpls"}

// The families of multicast forwarding (RTNL_FAMILY_IPMR, RTNL_FAMILY_IP6MR).
const (
	familyIPMR  = 128
	familyIP6MR = 129
)
