package cttimeout

import (
	"context"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/cttimeout"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// client returns a client for a namespace of the test's own, without policies.
func client(t *testing.T) (context.Context, *cttimeout.Client) {
	t.Helper()
	ctx, conn := witness.Connect(t)
	c := cttimeout.New(conn)
	if err := c.Delete(ctx, nil); errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skipf("this kernel has no nfnetlink_cttimeout: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Delete(context.Background(), nil) })
	return ctx, c
}

func u32(v uint32) nlattr.Opt[uint32] { return nlattr.Some(v) }

// A policy is what is asked for.
type policy struct {
	l3   uint16
	l4   uint8
	data cttimeout.TimeoutsMsg
}

// policies are one for each protocol, with a time of its own in each state.
func policies() map[string]policy {
	all := map[string]policy{
		"icmp":    {unix.AF_INET, unix.IPPROTO_ICMP, new(cttimeout.IcmpAttrs)},
		"tcp":     {unix.AF_INET, unix.IPPROTO_TCP, new(cttimeout.TcpAttrs)},
		"udp":     {unix.AF_INET6, unix.IPPROTO_UDP, new(cttimeout.UdpAttrs)},
		"dccp":    {unix.AF_INET, unix.IPPROTO_DCCP, new(cttimeout.DccpAttrs)},
		"gre":     {unix.AF_INET, unix.IPPROTO_GRE, new(cttimeout.GreAttrs)},
		"icmpv6":  {unix.AF_INET6, unix.IPPROTO_ICMPV6, new(cttimeout.Icmpv6Attrs)},
		"sctp":    {unix.AF_INET, unix.IPPROTO_SCTP, new(cttimeout.SctpAttrs)},
		"udplite": {unix.AF_INET, unix.IPPROTO_UDPLITE, new(cttimeout.UdpliteAttrs)},
		"generic": {unix.AF_INET, 255, new(cttimeout.GenericAttrs)},
	}
	for _, p := range all {
		v := reflect.ValueOf(p.data).Elem()
		for i := range v.NumField() {
			if f, ok := v.Field(i).Addr().Interface().(*nlattr.Opt[uint32]); ok {
				*f = u32(uint32(1000*int(p.l4) + i))
			}
		}
	}
	// Newer kernels do not have this state.
	all["sctp"].data.(*cttimeout.SctpAttrs).HeartbeatAcked = nlattr.Opt[uint32]{}
	return all
}

// line is a time of a policy as nfct prints it: ".ESTABLISHED = 100,".
var line = regexp.MustCompile(`\.(\w+) = (\d+),`)

// unprinted is how many of its last states nfct 1.4.7 does not print.
var unprinted = map[string]int{"sctp": 1}

// TestPolicies makes policies for every protocol, reads them back and compares them with what nfct prints.
func TestPolicies(t *testing.T) {
	ctx, c := client(t)
	tally := witness.NewTally(t)
	all := policies()
	for _, name := range witness.SortedKeys(all) {
		p := all[name]
		req := &cttimeout.NewRequest{Name: nlattr.Some(name), L3proto: nlattr.Some(p.l3), L4proto: nlattr.Some(p.l4), Data: p.data}
		// A kernel that does not track a protocol refuses it, or takes the times of unknown protocols.
		err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive)
		if errors.Is(err, syscall.EOPNOTSUPP) {
			t.Logf("this kernel does not track %s", name)
			delete(all, name)
			continue
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := c.Get(ctx, &cttimeout.GetRequest{Name: req.Name})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.L4proto != req.L4proto && got.L4proto.V == 255 {
			t.Logf("this kernel does not track %s", name)
			delete(all, name)
			if err := c.Delete(ctx, &cttimeout.DeleteRequest{Name: req.Name}); err != nil {
				t.Error(err)
			}
			continue
		}
		witness.Known(t, name, got)
		tally.Within(name, req, got)
		if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, syscall.EEXIST) {
			t.Errorf("%s made again: %v", name, err)
		}
	}
	list, err := c.GetCollect(ctx, nil)
	if err != nil || len(list) != len(all) {
		t.Errorf("made %d policies, the dump has %d, %v", len(all), len(list), err)
	}
	// nfct prints ".name = {", the protocols, and the times under names of its own; there the order tells which is which.
	for _, block := range strings.Split(string(witness.Output(t, "nfct", "list", "timeout")), "};") {
		name, rest, ok := strings.Cut(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(block), ".")), " = {")
		p, mine := all[name]
		if !ok || !mine {
			continue
		}
		var theirs []any
		for _, m := range line.FindAllStringSubmatch(rest, -1) {
			theirs = append(theirs, m[2])
		}
		ours := []string{strconv.Itoa(int(p.l3)), strconv.Itoa(int(p.l4))}
		v := reflect.ValueOf(p.data).Elem()
		for i := range v.NumField() {
			if f, ok := v.Field(i).Interface().(nlattr.Opt[uint32]); ok && f.OK {
				ours = append(ours, strconv.FormatUint(uint64(f.V), 10))
			}
		}
		ours = ours[:len(ours)-unprinted[name]]
		tally.Field(name, ours, theirs)
		tally.Fields += len(ours) - 1
		delete(all, name)
	}
	if len(all) > 0 {
		t.Errorf("nfct does not print %v", witness.SortedKeys(all))
	}
	tally.Report("policies")
}

// TestChange replaces the times of a policy and removes it.
func TestChange(t *testing.T) {
	ctx, c := client(t)
	req := &cttimeout.NewRequest{Name: nlattr.Some("web"), L3proto: nlattr.Some(uint16(unix.AF_INET)), Data: &cttimeout.TcpAttrs{Close: u32(5)}}
	if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	req.Data = &cttimeout.TcpAttrs{Close: u32(6)}
	if err := c.New(ctx, req, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, &cttimeout.GetRequest{Name: req.Name})
	if tcp, ok := got.Data.(*cttimeout.TcpAttrs); err != nil || !ok || tcp.Close.V != 6 || !tcp.Established.OK {
		t.Errorf("after the change: %+v, %v", got, err)
	}
	req.Data = &cttimeout.UdpAttrs{Replied: u32(6)}
	if err := c.New(ctx, req, nlconn.Replace); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("another protocol: %v", err)
	}
	if err := c.Delete(ctx, &cttimeout.DeleteRequest{Name: req.Name}); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(ctx, &cttimeout.GetRequest{Name: req.Name}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("get after delete: %v", err)
	}
	long := &cttimeout.GetRequest{Name: nlattr.Some(strings.Repeat("x", 32))}
	if _, err := c.Get(ctx, long, nlconn.NoValidate); !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "[attribute name") {
		t.Errorf("a name that is too long: %v", err)
	}
}

// TestDefaults changes the defaults of TCP and looks for them in /proc/sys.
func TestDefaults(t *testing.T) {
	ctx, c := client(t)
	inet, tcp := nlattr.Some(uint16(unix.AF_INET)), nlattr.Some(uint8(unix.IPPROTO_TCP))
	read := func() *cttimeout.TcpAttrs {
		t.Helper()
		got, err := c.DefaultGet(ctx, &cttimeout.DefaultGetRequest{L3proto: inet, L4proto: tcp})
		if err != nil {
			t.Fatal(err)
		}
		x, ok := got.Data.(*cttimeout.TcpAttrs)
		if !ok {
			t.Fatalf("the defaults of TCP are %T", got.Data)
		}
		return x
	}
	before := read()
	want := &cttimeout.DefaultSetRequest{L3proto: inet, L4proto: tcp, Data: &cttimeout.TcpAttrs{Established: u32(4321), FinWait: u32(77)}}
	if err := c.DefaultSet(ctx, want); err != nil {
		t.Fatal(err)
	}
	after := read()
	if after.Established.V != 4321 || after.FinWait.V != 77 || after.SynSent != before.SynSent {
		t.Errorf("defaults: %+v", after)
	}
	for name, v := range map[string]nlattr.Opt[uint32]{
		"syn_sent": after.SynSent, "syn_recv": after.SynRecv, "established": after.Established, "fin_wait": after.FinWait,
		"close_wait": after.CloseWait, "last_ack": after.LastAck, "time_wait": after.TimeWait, "close": after.Close,
		"max_retrans": after.Retrans, "unacknowledged": after.Unack,
	} {
		b, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_" + name)
		if text := strings.TrimSpace(string(b)); err != nil || text != strconv.FormatUint(uint64(v.V), 10) {
			t.Errorf("%s: ours is %d, the sysctl %s, %v", name, v.V, text, err)
		}
	}
}
