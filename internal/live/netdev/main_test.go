package netdev

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

func u32(n uint32) nlattr.Opt[uint32] { return nlattr.Some(n) }
func u64(n uint64) nlattr.Opt[uint64] { return nlattr.Some(n) }
