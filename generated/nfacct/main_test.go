package nfacct_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		return nettest.Commands(
			"nfacct add web",
		)
	})
}
