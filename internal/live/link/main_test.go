package link

import (
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// Shorthands for the values of optional fields.

func yes() nlattr.Opt[uint8]                  { return nlattr.Some(uint8(1)) }
func no() nlattr.Opt[uint8]                   { return nlattr.Some(uint8(0)) }
func u8(n uint8) nlattr.Opt[uint8]            { return nlattr.Some(n) }
func u16(n uint16) nlattr.Opt[uint16]         { return nlattr.Some(n) }
func u32(n uint32) nlattr.Opt[uint32]         { return nlattr.Some(n) }
func u64(n uint64) nlattr.Opt[uint64]         { return nlattr.Some(n) }
func addr(text string) nlattr.Opt[netip.Addr] { return nlattr.Some(netip.MustParseAddr(text)) }
