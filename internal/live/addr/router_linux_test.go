package addr

import (
	"testing"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// TestRouterOfAddresses lets a router advertise a prefix, and compares the addresses that the kernel makes of it with what ip prints.
func TestRouterOfAddresses(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, far := n.Veth("router0", "router1")
	n.Up(link, far)
	client := rtaddr.New(n.Conn)
	index := uint32(link.Header.IfiIndex)
	witness.Await(t, "an address of the prefix", func() bool {
		traffic.Advertise(t, far) // A link that has just come up does not listen.
		return len(addresses(n, client, index)) > 1
	})
	c.Steady(func(c *witness.Tally) {
		makers := map[rtaddr.IfaProto]int{}
		for _, a := range addresses(n, client, index) {
			makers[a.Proto.V]++
		}
		if makers[rtaddr.IfaProtoKernelRa] != 1 || makers[rtaddr.IfaProtoKernelLl] != 1 || len(makers) != 2 {
			c.Errorf("addresses are made by %v", makers)
		}
		compareAddresses(n, c, client, "router0", 2)
	})
	c.Report("addresses of a router")
}
