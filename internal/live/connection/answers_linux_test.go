package connection

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/generated/rtrule"
	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// ended returns the error that a loop ends with.
func ended[T any](t *testing.T, loop func(yield func(T, error) bool)) (err error) {
	t.Helper()
	for _, err = range loop {
		if err != nil {
			break
		}
	}
	return err
}

// TestErrorInDone lists what the kernel does not list: it says so at the end of the dump, in NLMSG_DONE, for what its strict checks
// refuse as for what does not exist.
func TestErrorInDone(t *testing.T) {
	ns := witness.NewNamespace(t)
	a, _ := ns.Veth("done0", "done1")
	var ends atomic.Int32
	ctx, c := witness.Dial(t, witness.Listen(t, func(_ int, h nlmsg.Header, _ []byte) {
		if h.Type == nlmsg.TypeDone {
			ends.Add(1)
		}
	}))
	index := uint32(a.Header.IfiIndex)
	for _, x := range []struct {
		name  string
		dump  func() error
		errno syscall.Errno
		text  string
	}{
		{"links of one index", func() error {
			return ended(t, rtlink.New(c).GetlinkDump(ctx, &rtlink.GetlinkDumpRequest{Header: rtlink.Ifinfomsg{IfiIndex: int32(index)}}))
		}, syscall.EINVAL, "Filter by device index not supported for link dumps"},
		{"addresses of a length", func() error {
			return ended(t, rtaddr.New(c).GetaddrDump(ctx, &rtaddr.GetaddrDumpRequest{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24}}))
		}, syscall.EINVAL, "Invalid values in header for"},
		{"neighbours of an index in the header", func() error {
			return ended(t, rtneigh.New(c).GetneighDump(ctx, &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmIfindex: int32(index)}}))
		}, syscall.EINVAL, "Invalid values in header for"},
		{"routes of an unknown table", func() error {
			return ended(t, rtroute.New(c).GetrouteDump(ctx, &rtroute.GetrouteDumpRequest{
				Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET}, Table: nlattr.Some(uint32(4711)),
			}))
		}, syscall.ENOENT, "FIB table does not exist"},
		{"rules of a table", func() error {
			return ended(t, rtrule.New(c).GetruleDump(ctx, &rtrule.GetruleDumpRequest{Header: rtrule.FibRuleHdr{Family: unix.AF_INET, Table: 9}}))
		}, syscall.EINVAL, "Invalid values in header for"},
		{"rules of a family that has none", func() error {
			return ended(t, rtrule.New(c).GetruleDump(ctx, &rtrule.GetruleDumpRequest{Header: rtrule.FibRuleHdr{Family: unix.AF_MPLS}}))
		}, syscall.EAFNOSUPPORT, ""},
		{"statistics that a device has not", func() error {
			return ended(t, netdev.New(c).QstatsGetDump(ctx, &netdev.QstatsGetDumpRequest{Ifindex: nlattr.Some(index)}))
		}, syscall.EOPNOTSUPP, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			ends.Store(0)
			refusal(t, x.dump(), x.errno, x.text)
			if ends.Load() != 1 {
				t.Errorf("the error came in %d NLMSG_DONE", ends.Load())
			}
			// The connection is as good as before.
			if _, err := rtlink.New(c).Getlink(ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some("done0")}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDumpWithoutMulti lists what is answered in messages without NLM_F_MULTI.
func TestDumpWithoutMulti(t *testing.T) {
	ns := witness.NewNamespace(t)
	ns.Veth("multi0", "multi1")
	var plain, marked atomic.Int32
	ctx, c := witness.Dial(t, witness.Listen(t, func(protocol int, h nlmsg.Header, _ []byte) {
		switch {
		case protocol != unix.NETLINK_GENERIC || h.Type < 0x11: // Control messages and those of nlctrl.
		case h.Flags&nlmsg.FlagMulti == 0:
			plain.Add(1)
		default:
			marked.Add(1)
		}
	}))
	devices, err := netdev.New(c).DevGetCollect(ctx, &netdev.DevGetDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if links := witness.IP(t, "link"); len(devices) != len(links) || int(plain.Load()) != len(links) {
		t.Errorf("%d devices in %d messages without and %d with the flag, ip has %d", len(devices), plain.Load(), marked.Load(), len(links))
	}
}

// TestWarning makes a class of traffic with a quantum that the kernel finds too small: it carries the request out, and says so in the
// ack.
func TestWarning(t *testing.T) {
	ns := witness.NewNamespace(t)
	a, _ := ns.Veth("warn0", "warn1")
	client := tc.New(ns.Conn)
	at := func(handle, parent uint32) tc.Tcmsg {
		return tc.Tcmsg{Ifindex: a.Header.IfiIndex, Handle: handle, Parent: parent}
	}
	err := client.Newqdisc(ns.Ctx, &tc.NewqdiscRequest{Header: at(1<<16, 0xffffffff), Kind: nlattr.Some("htb"),
		Options: &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}}, nlconn.Create)
	if err != nil {
		t.Fatal(err)
	}
	var warning string
	rate := tc.Ratespec{Linklayer: tc.LinklayerEthernet, Rate: 125}
	err = client.Newtclass(ns.Ctx, &tc.NewtclassRequest{Header: at(1<<16|1, 1<<16), Kind: nlattr.Some("htb"),
		Options: &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate, Ceil: rate, Buffer: 100_000, Cbuffer: 100_000}}},
		nlconn.Create, nlconn.OnAck(func(a *nlmsg.Ack) { warning = a.Warning }))
	if err != nil || !strings.Contains(warning, "quantum of class 10001 is small. Consider r2q change.") {
		t.Errorf("got %v, warned of %q", err, warning)
	}
	if shown := witness.Output(t, "tc", "class", "show", "dev", "warn0"); !strings.Contains(string(shown), "class htb 1:1 root") {
		t.Errorf("tc shows %s", shown)
	}
}

// TestEchoAndAck adds a route, which is answered by the route and by an ack.
func TestEchoAndAck(t *testing.T) {
	ns := witness.NewNamespace(t)
	a, _ := ns.Veth("echo0", "echo1")
	ns.Up(a)
	req := &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 24, RtmTable: unix.RT_TABLE_MAIN, RtmType: rtroute.RtmTypeUnicast, RtmScope: unix.RT_SCOPE_LINK},
		Dst:    nlattr.Some(netip.MustParseAddr("198.51.100.0")), Oif: nlattr.Some(uint32(a.Header.IfiIndex)),
	}
	body, err := req.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	came := talk(t, ns.Conn, unix.NETLINK_ROUTE, unix.RTM_NEWROUTE, nlmsg.FlagAck|nlmsg.FlagEcho|nlmsg.FlagCreate, body)
	if len(came) != 2 || came[0].Type != unix.RTM_NEWROUTE || !came[1].is(nlmsg.TypeError, 0) {
		t.Fatalf("the kernel answers %+v", came)
	}
	req.Priority = nlattr.Some(uint32(7))
	echo, err := nlconn.Do[rtroute.GetrouteReply](ns.Ctx, ns.Conn, &rtroute.OpNewroute, req, nlconn.Create, nlconn.Echo)
	if err != nil || echo == nil || echo.Priority.V != 7 || echo.Dst.V.String() != "198.51.100.0" {
		t.Errorf("got %+v, %v", echo, err)
	}
	// Who does not want to see the route gets nothing of it into a later answer.
	if err := rtroute.New(ns.Conn).Delroute(ns.Ctx, &rtroute.DelrouteRequest{Header: req.Header, Dst: req.Dst, Oif: req.Oif, Priority: req.Priority}, nlconn.Echo); err != nil {
		t.Error(err)
	}
	if _, err := rtlink.New(ns.Conn).Getlink(ns.Ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some("echo0")}); err != nil {
		t.Error(err)
	}
}

// TestTransactionAcks counts the acks of a transaction: there is one for each message that asked for one, begin and end among them, and
// one message that is refused refuses all.
func TestTransactionAcks(t *testing.T) {
	witness.Connect(t)
	var acks, errs atomic.Int32
	ctx, c := witness.Dial(t, witness.Listen(t, func(_ int, h nlmsg.Header, b []byte) {
		switch m := (message{Header: h, body: b[nlmsg.HeaderLen:]}); {
		case m.is(nlmsg.TypeError, 0):
			acks.Add(1)
		case h.Type == nlmsg.TypeError:
			errs.Add(1)
		}
	}))
	header := nftables.Nfgenmsg{ResID: unix.NFNL_SUBSYS_NFTABLES}
	begin, end := &nftables.BatchBeginRequest{Header: header}, &nftables.BatchEndRequest{Header: header}
	plain := func() *nlconn.Batch { return c.NewBatch(nlconn.ProtocolNetfilter) }
	whole := func() *nlconn.Batch {
		return c.NewBatch(nlconn.ProtocolNetfilter, nlconn.Transaction(&nftables.OpBatchBegin, begin, &nftables.OpBatchEnd, end))
	}
	tables := func(b *nlconn.Batch, names ...string) {
		acks.Store(0)
		errs.Store(0)
		for _, name := range names {
			b.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{
				Header: nftables.Nfgenmsg{NfgenFamily: nftables.NfprotoIpv4}, Name: nlattr.Some(name),
			}, nlconn.Create, nlconn.Exclusive)
		}
	}
	b := whole() // It does not ask for acks of begin and end.
	tables(b, "one", "two")
	if err := b.Do(ctx); err != nil || acks.Load() != 2 || errs.Load() != 0 {
		t.Errorf("got %v, %d acks and %d errors", err, acks.Load(), errs.Load())
	}
	b = plain() // All of its messages ask.
	b.Add(ctx, &nftables.OpBatchBegin, begin)
	tables(b, "three", "four")
	b.Add(ctx, &nftables.OpBatchEnd, end)
	if err := b.Do(ctx); err != nil || acks.Load() != 4 || errs.Load() != 0 {
		t.Errorf("got %v, %d acks and %d errors", err, acks.Load(), errs.Load())
	}
	b = whole()
	tables(b, "five", "one", "six")
	if err := b.Do(ctx); !errors.Is(err, os.ErrExist) || errs.Load() == 0 {
		t.Errorf("got %v, %d acks and %d errors", err, acks.Load(), errs.Load())
	}
	all, err := nftables.New(c).GettableCollect(ctx, &nftables.GettableDumpRequest{})
	if err != nil || len(all) != 4 {
		t.Errorf("%d tables, %v", len(all), err)
	}
}

// requests runs ip and returns the datagrams that it sends, as strace sees them.
func requests(t *testing.T, args ...string) (datagrams [][]byte) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	witness.Output(t, "strace", append([]string{"-o", trace, "-e", "trace=sendto,sendmsg", "-e", "write=all", "ip"}, args...)...)
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, " | ")
		if !ok || len(rest) < 56 {
			continue
		}
		if strings.HasPrefix(rest, "00000 ") {
			datagrams = append(datagrams, nil)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(rest[7:56], " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		last := &datagrams[len(datagrams)-1]
		*last = append(*last, b...)
	}
	return datagrams
}

// TestZerosBehind reads the requests of a tool that sends whole buffers, with zeros behind the message.
func TestZerosBehind(t *testing.T) {
	witness.Connect(t)
	found := false
	for _, d := range requests(t, "neigh", "show") {
		cursor := nlmsg.NewCursor(d)
		n := 0
		for ; cursor.Next(); n++ {
			if h := cursor.Header(); h.Type == unix.RTM_GETNEIGH && int(h.Len) < len(d) {
				found = true
				var req rtneigh.GetneighDumpRequest
				if err := req.UnmarshalBinary(cursor.Body()); err != nil || len(req.Unknown) != 0 {
					t.Errorf("got %+v, %v", req, err)
				}
				t.Logf("%d bytes behind a message of %d", len(d)-int(h.Len), h.Len)
			}
		}
		if n != 1 || cursor.Err() != nil {
			t.Errorf("%d messages in %x, %v", n, d, cursor.Err())
		}
	}
	if !found {
		t.Error("no request has bytes behind it")
	}
}

// TestTextWithoutNUL reads the request of a tool that leaves out the NUL behind a text, and what the kernel makes of it.
func TestTextWithoutNUL(t *testing.T) {
	ns := witness.NewNamespace(t)
	a, _ := ns.Veth("text0", "text1")
	ns.Up(a)
	found := false
	for _, d := range requests(t, "route", "add", "203.0.113.0/24", "dev", "text0", "congctl", "reno") {
		for cursor := nlmsg.NewCursor(d); cursor.Next(); {
			if cursor.Header().Type != unix.RTM_NEWROUTE {
				continue
			}
			var req rtroute.NewrouteRequest
			if err := req.UnmarshalBinary(cursor.Body()); err != nil || req.Metrics == nil || req.Metrics.CcAlgo != nlattr.Some("reno") {
				t.Errorf("got %+v, %v", req, err)
			}
			found = bytes.Contains(d, []byte("\x08\x00\x10\x00reno")) // RTAX_CC_ALGO of 4 bytes
		}
	}
	if !found {
		t.Error("no request has a text without a NUL")
	}
	for r, err := range rtroute.New(ns.Conn).GetrouteDump(ns.Ctx, &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET}}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Dst.V.String() == "203.0.113.0" && (r.Metrics == nil || r.Metrics.CcAlgo != nlattr.Some("reno")) {
			t.Errorf("the route is %+v", r)
		}
	}
}

// TestFamilyOfFirstNamespace looks for a family that exists in the first network namespace only, which this one is not.
func TestFamilyOfFirstNamespace(t *testing.T) {
	ctx, own := witness.Connect(t)
	const name = "VFS_DQUOT"
	if here, err := own.Family(ctx, name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %+v, %v", here, err)
	}
	if _, err := own.Family(ctx, "nlctrl"); err != nil {
		t.Error(err)
	}
	t.Run("there", func(t *testing.T) {
		// The parent is in the namespace that the tests were started in; that of process 1 can be hidden.
		first, err := nlconn.Open(nlconn.WithNamespace(fmt.Sprintf("/proc/%d/ns/net", os.Getppid())))
		if err != nil {
			t.Skipf("the first namespace is out of reach: %v", err)
		}
		defer first.Close()
		if _, err := first.Family(ctx, name); err != nil {
			t.Skipf("not in this kernel: %v", err)
		}
	})
}
