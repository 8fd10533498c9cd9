package ethtool

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// A lab is a namespace with the links of the tests: the ends of a veth with four queues each, veth0 and veth1, and a tap, tap0.
type lab struct {
	*witness.Namespace
	client *ethtool.Client
}

func newLab(t *testing.T) *lab {
	t.Helper()
	n := witness.NewNamespace(t)
	four := nlattr.Some(uint32(4))
	a := n.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some("veth0"), NumTxQueues: four, NumRxQueues: four,
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some("veth1"), NumTxQueues: four, NumRxQueues: four},
		}},
	})
	n.Up(a, n.Link("veth1"))
	return &lab{Namespace: n, client: ethtool.New(n.Conn)}
}

// tap makes the link tap0, which exists as long as the test.
func (l *lab) tap() {
	l.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		l.Skipf("no tap: %v", err)
	}
	l.Cleanup(func() { unix.Close(fd) })
	req, err := unix.NewIfreq("tap0")
	if err != nil {
		l.Fatal(err)
	}
	req.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		l.Skipf("no tap: %v", err)
	}
}

// of is the header of a request about a link.
func of(name string, flags ...ethtool.HeaderFlags) *ethtool.HeaderAttrs {
	h := &ethtool.HeaderAttrs{DevName: nlattr.Some(name)}
	for _, f := range flags {
		h.Flags = nlattr.Some(h.Flags.V | f)
	}
	return h
}

// bits are the names of the bits of a set in the form of a list: those that are set, and those that are listed.
func bits(x *ethtool.BitsetAttrs) (set, listed map[string]bool) {
	set, listed = map[string]bool{}, map[string]bool{}
	if x == nil || x.Bits == nil {
		return set, listed
	}
	for _, b := range x.Bits.Bit {
		listed[b.Name.V] = true
		if b.Value || x.Nomask {
			set[b.Name.V] = true
		}
	}
	return set, listed
}

// bitset asks for bits by name.
func bitset(want map[string]bool) *ethtool.BitsetAttrs {
	x := &ethtool.BitsetAttrs{Bits: &ethtool.BitsetBitsAttrs{}}
	for _, name := range witness.SortedKeys(want) {
		x.Bits.Bit = append(x.Bits.Bit, ethtool.BitsetBitAttrs{Name: nlattr.Some(name), Value: want[name]})
	}
	return x
}

// notSupported reports whether a driver knows nothing of what was asked.
func notSupported(err error) bool { return errors.Is(err, syscall.EOPNOTSUPP) }

// global is the header of a request about no device.
var global = &ethtool.HeaderAttrs{}
