package vm

import (
	"os/exec"
	"regexp"
	"slices"
)

// A device is one that QEMU emulates, for tests of what no link without hardware has. The guest has those whose drivers it loads.
type device struct {
	driver  string // a module
	model   string // as QEMU calls it
	options string
	needs   [2]string // an argument of QEMU with a value, for what the device is connected to; devices may share that
}

// A bus of CAN controllers, and a hub of network cards: what one sends the others receive.
var (
	canBus = [2]string{"-object", "can-bus,id=can"}
	hub    = func(n string) [2]string { return [2]string{"-netdev", "hubport,hubid=0,id=net" + n} }
)

// The first CAN controller knows CAN, the second CAN FD. Of network cards there are those whose drivers
// answer ethtool in ways that the others do not; each costs half a second of a boot. They come without the programs that boot from them.
var devices = []device{
	{"kvaser_pci", "kvaser_pci", "canbus=can", canBus},
	{"ctucanfd_pci", "ctucan_pci", "canbus0=can,canbus1=can", canBus},
	{"e1000e", "e1000e", "romfile=,netdev=net0", hub("0")},
	{"e100", "i82550", "romfile=,netdev=net1", hub("1")},
	{"virtio_net", "virtio-net-pci", "romfile=,netdev=net2", hub("2")},
	{"vmxnet3", "vmxnet3", "romfile=,netdev=net3", hub("3")},
}

// deviceName matches a line of the list of the devices that a QEMU was built with.
var deviceName = regexp.MustCompile(`(?m)^name "([^"]+)"`)

// emulated returns QEMU's arguments for the devices of the modules, as far as it was built with them.
func emulated(modules []Module) []string {
	list, err := exec.Command(emulator, "-device", "help").Output()
	if err != nil {
		return nil
	}
	known := map[string]bool{}
	for _, m := range deviceName.FindAllSubmatch(list, -1) {
		known[string(m[1])] = true
	}
	return deviceArguments(modules, known)
}

// deviceArguments returns QEMU's arguments for the devices of the modules that it knows.
func deviceArguments(modules []Module, known map[string]bool) []string {
	var args []string
	connected := map[[2]string]bool{}
	for _, d := range devices {
		loaded := slices.ContainsFunc(modules, func(m Module) bool { return m.Name == d.driver })
		if !loaded || !known[d.model] {
			continue
		}
		if !connected[d.needs] {
			connected[d.needs] = true
			args = append(args, d.needs[:]...)
		}
		args = append(args, "-device", d.model+","+d.options)
	}
	return args
}
