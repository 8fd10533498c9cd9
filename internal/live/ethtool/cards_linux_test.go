package ethtool

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// newCards takes the network cards of the guest into the namespace of the test, brings them up, and returns their names by driver.
func newCards(t *testing.T) (*lab, map[string]string) {
	t.Helper()
	if !nettest.Guest() {
		t.Skip("the network cards of a machine are its own; a guest's are there for this, see make test-vm")
	}
	n := witness.NewNamespace(t)
	l := &lab{Namespace: n, client: ethtool.New(n.Conn)}
	_, outside := witness.Dial(t, nlconn.WithNamespace("/proc/1/ns/net"))
	machine := &witness.Namespace{T: t, Ctx: l.Ctx, Conn: outside, Links: rtlink.New(outside)}
	for _, link := range machine.Dump() {
		if !isCard(link) {
			continue
		}
		err := machine.Links.Setlink(l.Ctx, &rtlink.SetlinkRequest{
			Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}, NetNsPid: u32(uint32(os.Getpid())),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cards := map[string]string{}
	for name, link := range n.Dump() {
		if !isCard(link) {
			continue
		}
		driver, err := os.Readlink(filepath.Join("/sys/class/net", name, "device/driver"))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(filepath.Dir(filepath.Dir(driver))) == "virtio" {
			driver = "virtio_net"
		}
		cards[filepath.Base(driver)] = name
		n.Up(link)
	}
	if len(cards) == 0 {
		t.Skip("the guest has no network cards: it loads none of the modules in @nic, or its QEMU has no such devices")
	}
	for _, name := range cards {
		l.settle(name)
	}
	return l, cards
}

// isCard reports whether a link is that of a network card.
func isCard(link *rtlink.GetlinkReply) bool {
	return link.Header.IfiType == unix.ARPHRD_ETHER && slices.Contains([]string{"pci", "virtio"}, link.ParentDevBusName.V)
}

// TestCards reads and sets what the network cards know that QEMU emulates. The drivers know different things; all of them together know
// what is counted at the end.
func TestCards(t *testing.T) {
	l, cards := newCards(t)
	total := map[string]bool{}
	for _, driver := range witness.SortedKeys(cards) {
		link := cards[driver]
		l.Run(driver, func(n *witness.Namespace) {
			l := &lab{Namespace: n, client: l.client}
			c := witness.NewTally(n.T)
			cl := l.client
			seen := l.look(c, link)
			l.sameFeatures(c, link)
			l.sameCounters(c, link)
			if l.sameRss(c, link, 0) {
				seen = append(seen, "spreading")
			}
			changes := []change{
				changing(l, link, "messages", &ethtool.DebugSetRequest{Msgmask: bitset(map[string]bool{"ifup": true, "link": false})}, cl.DebugSet, cl.DebugGet, "Msgmask"),
				changing(l, link, "rings", &ethtool.RingsSetRequest{Rx: u32(128), Tx: u32(64)}, cl.RingsSet, cl.RingsGet),
				changing(l, link, "coalescing", &ethtool.CoalesceSetRequest{RxUsecs: u32(20)}, cl.CoalesceSet, cl.CoalesceGet),
				changing(l, link, "pause frames", &ethtool.PauseSetRequest{Autoneg: u8(0), Rx: u8(1), Tx: u8(0)}, cl.PauseSet, cl.PauseGet),
			}
			if wakes := map[string]string{}; l.wol(wakes, link) == nil && strings.Contains(wakes["Supports Wake-on"], "g") {
				changes = append(changes, changing(l, link, "waking up", &ethtool.WolSetRequest{Modes: bitset(map[string]bool{"magic": true})}, cl.WolSet, cl.WolGet, "Modes"))
			}
			made := l.carryOut(c, changes)
			err := cl.LinkmodesSet(l.Ctx, &ethtool.LinkmodesSetRequest{Header: of(link), Autoneg: u8(0), Speed: u32(100), Duplex: nlattr.Some(ethtool.DuplexHalf)})
			if err == nil {
				made = append(made, "link modes")
			} else if !notSupported(err) {
				t.Log(err)
			}
			l.settle(link)
			l.look(c, link)
			for _, what := range seen {
				total["get "+what] = true
			}
			for _, what := range made {
				total["set "+what] = true
			}
			n.Logf("read: %v; set: %v", seen, made)
			c.Report(driver)
		})
	}
	t.Logf("%d drivers, which together know %v", len(cards), witness.SortedKeys(total))
}
