package link

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) { nettest.Main(m) }
