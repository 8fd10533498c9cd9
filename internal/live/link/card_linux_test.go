package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"reflect"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkCard compares what only a link of a network card says with what ip, /sys and ioctl(2) tell: where it is, what it has counted,
// and the numbers of its virtual functions.
func TestLinkCard(t *testing.T) {
	n := witness.NewNamespace(t)
	link := n.Card()
	c := witness.NewTally(t)
	c.Field("parent", link.ParentDevName, "nlgen_nic")
	c.Field("bus", link.ParentDevBusName, "nlgen")
	c.Field("physical port", fmt.Sprintf("%x", link.PhysPortID), witness.Sysfs(t, "nic0", "phys_port_id"))

	// Every counter has a value of its own.
	stats, old := reflect.ValueOf(link.Stats64).Elem(), reflect.ValueOf(link.Stats).Elem()
	files, err := os.ReadDir("/sys/class/net/nic0/statistics")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		value, ok := witness.FieldNamed(link.Stats64, file.Name())
		c.Field(file.Name(), fmt.Sprint(value), witness.Sysfs(t, "nic0", "statistics/"+file.Name()))
		if short, has := witness.FieldNamed(link.Stats, file.Name()); !ok || has && fmt.Sprint(short) != fmt.Sprint(value) {
			t.Errorf("%s: %v of 64 bits, %v of 32", file.Name(), value, short)
		}
	}
	if stats.NumField() <= old.NumField() || len(files) < old.NumField() {
		t.Errorf("%d counters, %d of 32 bits, %d files", stats.NumField(), old.NumField(), len(files))
	}

	// struct ifreq with a struct ifmap, of linux/if.h: what ifconfig prints.
	var request [40]byte
	copy(request[:], "nic0")
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCGIFMAP, uintptr(unsafe.Pointer(&request[0]))); errno != 0 {
		t.Fatal(errno)
	}
	order, m := binary.NativeEndian, request[16:]
	c.Within("map", rtlink.RtnlLinkIfmap{
		MemStart: order.Uint64(m), MemEnd: order.Uint64(m[8:]), BaseAddr: uint64(order.Uint16(m[16:])), Irq: uint16(m[18]), Dma: m[19], Port: m[20],
	}, link.Map)

	compareWithIP(n, c, "nic0")
	c.Report("a card")
}

// TestLinkProfiles asks the switch outside of a card for profiles, for the card itself and for its virtual functions. The driver answers
// what it was told; no tool of today shows it.
func TestLinkProfiles(t *testing.T) {
	n := witness.NewNamespace(t)
	link := n.Card()
	header := rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
	c := witness.NewTally(t)
	profile := func(name string, request rtlink.PortRequest) rtlink.PortSelfAttrs {
		return rtlink.PortSelfAttrs{
			Profile: nlattr.Some(name), InstanceUuid: bytes.Repeat([]byte{byte(request) + 1}, 16), HostUuid: bytes.Repeat([]byte{byte(request) + 9}, 16),
			Request: nlattr.Some(request),
		}
	}
	if got := n.Link("nic0"); got.PortSelf != nil {
		t.Errorf("before anything was asked for: %+v", got.PortSelf)
	}
	for request, response := range map[rtlink.PortRequest]rtlink.PortResponse{
		rtlink.PortRequestPreassociate:   rtlink.PortResponseVdpSuccess,
		rtlink.PortRequestPreassociateRr: rtlink.PortResponseVdpInvalidFormat,
		rtlink.PortRequestAssociate:      rtlink.PortResponseVdpInsufficientResources,
		rtlink.PortRequestDisassociate:   rtlink.PortResponseVdpUnusedVtid,
	} {
		self := profile("self", request)
		if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, PortSelf: &self}); err != nil {
			t.Fatal(err)
		}
		got := n.Link("nic0").PortSelf
		c.Within(request.String(), self, got)
		if got.Response != nlattr.Some(response) {
			t.Errorf("%v is answered with %v", request, got.Response)
		}
		for vf := range uint32(2) {
			of := profile(fmt.Sprint("function ", vf), request)
			of.Vf = u32(vf)
			req := &rtlink.SetlinkRequest{Header: header, VfPorts: &rtlink.VfPortsAttrs{Port: []rtlink.PortSelfAttrs{of}}}
			if err := n.Links.Setlink(n.Ctx, req); err != nil {
				t.Fatal(err)
			}
			c.Within(of.Profile.V, of, n.Link("nic0").VfPorts.Port[vf])
		}
	}
	third := profile("function 2", rtlink.PortRequestAssociate)
	third.Vf = u32(2)
	err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, VfPorts: &rtlink.VfPortsAttrs{Port: []rtlink.PortSelfAttrs{third}}})
	witness.Refused(t, "a function that there is not", err, syscall.EINVAL, "rt-link: setlink: EINVAL: invalid argument")
	c.Report("profiles")
}
