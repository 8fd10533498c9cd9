package witness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
)

// Simulate makes a netdevsim device with four ports and returns its name on the bus "netdevsim", as devlink has it.
//
// Debian's kernel does not come with this module; `make netdevsim` builds it for [Load].
func Simulate(t *testing.T) string {
	t.Helper()
	const bus = "/sys/bus/netdevsim/"
	if _, err := os.Stat(bus); errors.Is(err, fs.ErrNotExist) {
		Load(t, "netdevsim")
	}
	if err := os.WriteFile(bus+"new_device", []byte("17 4 1"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(bus+"del_device", []byte("17"), 0); err != nil {
			t.Error(err)
		}
	})
	return "netdevsim17"
}

// Simulated makes a device of the driver netdevsim and returns the link of its first port.
func (n *Namespace) Simulated() *rtlink.GetlinkReply {
	n.T.Helper()
	device := Simulate(n.T)
	names, err := filepath.Glob(filepath.Join("/sys/bus/netdevsim/devices", device, "net", "*"))
	if err != nil || len(names) == 0 {
		n.T.Fatalf("%s has the links %q, %v", device, names, err)
	}
	link := n.Link(filepath.Base(names[0]))
	if link.ParentDevName.V != device || link.ParentDevBusName.V != "netdevsim" {
		n.T.Errorf("the parent is %q on %q", link.ParentDevName.V, link.ParentDevBusName.V)
	}
	if p := link.DevlinkPort; p == nil || p.BusName.V != "netdevsim" || p.DevName.V != device || !p.PortIndex.OK {
		n.T.Errorf("the devlink port is %+v", p)
	}
	return link
}
