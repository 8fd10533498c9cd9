package netdev_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) { nettest.Examples(m, nil) }
