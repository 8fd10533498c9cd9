package wireguard

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/wireguard"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// newDevice makes a device. It skips the test if the kernel has no WireGuard, like the one that has no modules.
func newDevice(n *witness.Namespace, name string) *rtlink.GetlinkReply {
	n.Helper()
	return n.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some(name), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("wireguard")},
	})
}

// read reads a device.
func read(n *witness.Namespace, name string) *wireguard.GetDeviceReply {
	n.Helper()
	device, err := wireguard.New(n.Conn).Device(n.Ctx, &wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some(name)})
	if err != nil {
		n.Fatal(err)
	}
	witness.Known(n.T, name, device)
	return device
}

// key is a key of its own for each number.
func key(number int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), uint64(number)) }

// keyText is how wg prints a key; one that is absent or zero is none.
func keyText(k []byte) string {
	if len(k) == 0 || bytes.Equal(k, make([]byte, 32)) {
		return "(none)"
	}
	return base64.StdEncoding.EncodeToString(k)
}

// dump is what "wg show all dump" prints of a device, made of ours: a line for the device, and one for each peer.
func dump(x *wireguard.GetDeviceReply) []string {
	name := x.Ifname.V
	mark := "off"
	if x.Fwmark.V != 0 {
		mark = fmt.Sprintf("0x%x", x.Fwmark.V)
	}
	lines := []string{strings.Join([]string{name, keyText(x.PrivateKey), keyText(x.PublicKey), strconv.Itoa(int(x.ListenPort.V)), mark}, "\t")}
	for _, p := range x.Peers {
		endpoint := "(none)"
		if a, ok := p.V.AddrPort(); ok {
			endpoint = a.String()
			if zone := a.Addr().Zone(); zone == strconv.Itoa(int(x.Ifindex.V)) { // wg prints its name.
				endpoint = strings.Replace(endpoint, "%"+zone, "%"+name, 1)
			}
		}
		var ranges []string
		for _, a := range p.V.Allowedips {
			if r, ok := a.V.Prefix(); ok {
				ranges = append(ranges, r.String())
			} else {
				ranges = append(ranges, fmt.Sprintf("%+v", a.V))
			}
		}
		if len(ranges) == 0 {
			ranges = []string{"(none)"}
		}
		interval := "off"
		if n := p.V.PersistentKeepaliveInterval.V; n != 0 {
			interval = strconv.Itoa(int(n))
		}
		lines = append(lines, strings.Join([]string{
			name, keyText(p.V.PublicKey), keyText(p.V.PresharedKey), endpoint, strings.Join(ranges, ","),
			strconv.FormatInt(p.V.LastHandshakeTime.V.Sec, 10), strconv.FormatUint(p.V.RxBytes.V, 10),
			strconv.FormatUint(p.V.TxBytes.V, 10), interval,
		}, "\t"))
	}
	return lines
}

// compare holds all devices against what wg shows of them, each field of each peer.
func compare(n *witness.Namespace, names ...string) {
	n.Helper()
	c := witness.NewTally(n.T)
	c.Steady(func(c *witness.Tally) {
		var ours []string
		for _, name := range names {
			ours = append(ours, dump(read(n, name))...)
		}
		theirs := strings.Split(strings.TrimSpace(string(witness.Output(n.T, "wg", "show", "all", "dump"))), "\n")
		if len(ours) != len(theirs) {
			c.Errorf("%d lines of ours, %d of wg", len(ours), len(theirs))
			return
		}
		for i, line := range theirs {
			a, b := strings.Split(ours[i], "\t"), strings.Split(line, "\t")
			if len(a) != len(b) {
				c.Errorf("line %d: we have %q, wg %q", i, a, b)
				continue
			}
			for j := range b {
				c.Field(fmt.Sprintf("line %d, field %d", i, j), a[j], b[j])
			}
		}
	})
	c.Report(strings.Join(names, " "))
}
