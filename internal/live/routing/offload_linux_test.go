package routing

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestOffloaded makes a neighbour and a nexthop of a link that takes them from the kernel (of a module of ours), and compares them with
// what ip prints.
func TestOffloaded(t *testing.T) {
	n := witness.NewNamespace(t)
	witness.Load(t, "nlgen_offload")
	link, far := n.Veth("nlgen0", "nlgen1")
	n.Up(link, far)
	links := n.Dump()
	c := witness.NewTally(t)

	neighbours := rtneigh.New(n.Conn)
	neighbour := &rtneigh.NewneighRequest{
		Header: rtneigh.Ndmsg{NdmFamily: unix.AF_INET, NdmIfindex: link.Header.IfiIndex, NdmState: rtneigh.NudStatePermanent}, Dst: addr("192.0.2.7"), Lladdr: mac(7),
	}
	if err := neighbours.Newneigh(n.Ctx, neighbour, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	for _, x := range listNeighbours(n, neighbours, unix.AF_INET, 0) {
		if !isNeighbour(x, neighbour) {
			continue
		}
		if x.Header.NdmFlags&rtneigh.NtfFlagsOffloaded == 0 {
			t.Errorf("the flags of the neighbour are %v", x.Header.NdmFlags)
		}
		theirs := witness.IP(t, "-d", "-s", "-4", "neigh", "show", "dev", "nlgen0")
		if len(theirs) != 1 {
			t.Fatalf("ip has the neighbours %v", theirs)
		}
		witness.Compare(c, "neighbour", x, neighView(links), theirs[0])
	}

	hops := rtnexthop.New(n.Conn)
	if err := hops.Newnexthop(n.Ctx, &rtnexthop.NewnexthopRequest{
		Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, ID: u32(7), Oif: u32(uint32(link.Header.IfiIndex)),
	}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	hop, err := hops.Getnexthop(n.Ctx, &rtnexthop.GetnexthopRequest{ID: u32(7)})
	if err != nil {
		t.Fatal(err)
	}
	if hop.Header.NhFlags&rtnexthop.RtnhFlagsOffload == 0 {
		t.Errorf("the flags of the nexthop are %v", hop.Header.NhFlags)
	}
	witness.Compare(c, "nexthop", hop, hopView(links), witness.IP(t, "-d", "nexthop", "show", "id", "7")[0])
	c.Report("offloaded")
}
