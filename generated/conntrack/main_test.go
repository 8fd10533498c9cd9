package conntrack_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestMain(m *testing.M) {
	nettest.Examples(m, func() error {
		return nettest.Commands(
			"sysctl -q -w net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_events=1",
			"conntrack -I -p udp -s 192.0.2.1 -d 192.0.2.2 --sport 1024 --dport 53 -t 600 -m 7",
			"conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.2 --sport 1024 --dport 123 -t 600",
		)
	})
}
