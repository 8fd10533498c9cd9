package netdev

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestNapiSettings sets each setting of a NAPI instance. The settings of all instances of a link are in /sys, and a thread that polls one
// has its number in its name.
func TestNapiSettings(t *testing.T) {
	n := witness.NewNamespace(t)
	client := netdev.New(n.Conn)
	link := n.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some("poll0"), NumTxQueues: u32(2), NumRxQueues: u32(2),
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some("poll1"), NumTxQueues: u32(2), NumRxQueues: u32(2)},
		}},
	})
	witness.Output(t, "ethtool", "-K", "poll0", "gro", "on") // With it, a veth has NAPI instances.
	n.Up(link, n.Link("poll1"))
	// read returns the instances of the link by their numbers.
	read := func() map[uint32]*netdev.NapiGetReply {
		t.Helper()
		list, err := client.NapiGetCollect(n.Ctx, &netdev.NapiGetDumpRequest{Ifindex: u32(uint32(link.Header.IfiIndex))})
		if err != nil {
			t.Fatal(err)
		}
		all := map[uint32]*netdev.NapiGetReply{}
		for _, napi := range list {
			witness.Known(t, "napi", napi)
			all[napi.ID.V] = napi
		}
		if len(all) != 2 {
			t.Fatalf("a link with 2 queues has %d NAPI instances", len(all))
		}
		return all
	}
	c := witness.NewTally(t)
	before := read()
	for id := range before {
		want := &netdev.NapiSetRequest{ID: u32(id), DeferHardIrqs: u32(7 + id), GroFlushTimeout: nlattr.Some(uint64(20000 + id)),
			IrqSuspendTimeout: nlattr.Some(uint64(30000 + id))}
		err := client.NapiSet(n.Ctx, want)
		if errors.Is(err, syscall.EOPNOTSUPP) {
			t.Skipf("before Linux 6.13, NAPI instances have no settings of their own: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Within(fmt.Sprintf("NAPI %d", id), want, read()[id])
	}

	// A thread of its own for one of them, and none again.
	for id := range before {
		set := func(threaded netdev.NapiThreaded) *netdev.NapiGetReply {
			t.Helper()
			if err := client.NapiSet(n.Ctx, &netdev.NapiSetRequest{ID: u32(id), Threaded: nlattr.Some(threaded)}); err != nil {
				t.Fatal(err)
			}
			napi := read()[id]
			c.Field("threaded", napi.Threaded, threaded.String())
			return napi
		}
		napi := set(netdev.NapiThreadedEnabled)
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", napi.Pid.V))
		if err != nil {
			t.Fatal(err)
		}
		// The name of a thread is cut off after 15 bytes.
		name := fmt.Sprintf("napi/poll0-%d", id)
		c.Field("thread", name[:min(len(name), 15)], strings.TrimSpace(string(comm)))
		set(netdev.NapiThreadedDisabled)
	}

	// What is written to the files of the link holds for each instance, whatever it had.
	for file, value := range map[string]int{"gro_flush_timeout": 4444, "napi_defer_hard_irqs": 55, "threaded": 1} {
		if err := os.WriteFile("/sys/class/net/poll0/"+file, fmt.Append(nil, value), 0); err != nil {
			t.Fatal(err)
		}
	}
	for id, napi := range read() {
		at := fmt.Sprintf("NAPI %d ", id)
		c.Field(at+"gro-flush-timeout", fmt.Sprint(napi.GroFlushTimeout.V), witness.Sysfs(t, "poll0", "gro_flush_timeout"))
		c.Field(at+"defer-hard-irqs", fmt.Sprint(napi.DeferHardIrqs.V), witness.Sysfs(t, "poll0", "napi_defer_hard_irqs"))
		c.Field(at+"threaded", fmt.Sprint(uint32(napi.Threaded.V)), witness.Sysfs(t, "poll0", "threaded"))
		c.Field(at+"irq-suspend-timeout", napi.IrqSuspendTimeout, float64(30000+id)) // The link has no file for it.
	}
	c.Report("settings of NAPI")

	witness.Refused(t, "settings of no instance", client.NapiSet(n.Ctx, &netdev.NapiSetRequest{ID: u32(1 << 30)}),
		syscall.ENOENT, "netdev: napi-set: ENOENT: no such file or directory [attribute id]")
	witness.Refused(t, "no number", client.NapiSet(n.Ctx, nil), syscall.EINVAL,
		"netdev: napi-set: EINVAL: invalid argument [missing attribute id]")
}

// TestBindRefusals asks to receive into memory and to send from it, which takes a device whose driver can; what virtual links cannot do
// is refused, each time with the attribute that is in the way.
func TestBindRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	client := netdev.New(n.Conn)
	index := u32(uint32(n.Plain("bound").Header.IfiIndex))
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := u32(uint32(file.Fd()))
	queues := []netdev.QueueIDAttrs{{ID: u32(0), Type: nlattr.Some(netdev.QueueTypeRx)}}
	for _, r := range []struct {
		what  string
		req   *netdev.BindRxRequest
		errno syscall.Errno
		text  string
	}{
		{"nothing", nil, syscall.EINVAL, "EINVAL: invalid argument [missing attribute ifindex]"},
		{"no memory", &netdev.BindRxRequest{Ifindex: index, Queues: queues}, syscall.EINVAL, "EINVAL: invalid argument [missing attribute fd]"},
		{"no queues", &netdev.BindRxRequest{Ifindex: index, Fd: fd}, syscall.EINVAL, "EINVAL: invalid argument [missing attribute queues]"},
		{"no device", &netdev.BindRxRequest{Ifindex: u32(1 << 30), Fd: fd, Queues: queues}, syscall.ENODEV, "ENODEV: no such device"},
		{"a file", &netdev.BindRxRequest{Ifindex: index, Fd: fd, Queues: queues}, syscall.EINVAL, "EINVAL: invalid argument"},
		{"no file", &netdev.BindRxRequest{Ifindex: index, Fd: u32(1 << 20), Queues: queues}, syscall.EBADF, "EBADF: bad file descriptor"},
	} {
		_, err := client.BindRx(n.Ctx, r.req)
		if r.req != nil && errors.Is(err, syscall.EOPNOTSUPP) { // Newer kernels look at the driver before the memory.
			r.errno, r.text = syscall.EOPNOTSUPP, "EOPNOTSUPP: operation not supported [attribute ifindex]"
		}
		witness.Refused(t, "bind-rx with "+r.what, err, r.errno, "netdev: bind-rx: "+r.text)
	}
	if _, err := client.BindTx(n.Ctx, nil); errors.Is(err, syscall.EOPNOTSUPP) {
		t.Logf("before Linux 6.16, nothing is sent from such memory: %v", err)
		return
	}
	for _, r := range []struct {
		what  string
		req   *netdev.BindTxRequest
		errno syscall.Errno
		text  string
	}{
		{"nothing", nil, syscall.EINVAL, "EINVAL: invalid argument [missing attribute ifindex]"},
		{"no memory", &netdev.BindTxRequest{Ifindex: index}, syscall.EINVAL, "EINVAL: invalid argument [missing attribute fd]"},
		{"no device", &netdev.BindTxRequest{Ifindex: u32(1 << 30), Fd: fd}, syscall.ENODEV, "ENODEV: no such device"},
		{"a driver that can not", &netdev.BindTxRequest{Ifindex: index, Fd: fd}, syscall.EOPNOTSUPP, `EOPNOTSUPP: "Driver does not support netmem TX"`},
	} {
		_, err := client.BindTx(n.Ctx, r.req)
		witness.Refused(t, "bind-tx with "+r.what, err, r.errno, "netdev: bind-tx: "+r.text)
	}
}
