package conntrack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

type expectation = *conntrack.ExpGetReply

// master makes a flow with the helper of ftp, without which a flow has no room for expectations.
func master(ctx context.Context, t *testing.T, c *conntrack.Client) *conntrack.NewRequest {
	t.Helper()
	req := requests()["tcp"]
	req.Help = &conntrack.HelpAttrs{HelpName: nlattr.Some("ftp")}
	switch err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); {
	case errors.Is(err, syscall.EOPNOTSUPP):
		t.Skipf("this kernel has no ftp helper: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	return req
}

// expectations are what a flow can expect.
func expectations(of *conntrack.TupleAttrs) map[string]*conntrack.ExpNewRequest {
	full := nlattr.Some(netip.MustParseAddr("255.255.255.255"))
	plain := func(change func(x *conntrack.ExpNewRequest)) *conntrack.ExpNewRequest {
		x := &conntrack.ExpNewRequest{
			Header: header(unix.AF_INET),
			Master: of,
			Tuple:  tuple("10.0.0.2", "10.0.0.1", unix.IPPROTO_TCP, 0, 2000),
			Mask: &conntrack.TupleAttrs{
				TupleIp:    &conntrack.TupleIpAttrs{IpV4Src: full, IpV4Dst: full},
				TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: u8(unix.IPPROTO_TCP), ProtoSrcPort: u16(0), ProtoDstPort: u16(0xffff)},
			},
			Timeout: u32(100),
			Flags:   nlattr.Some(conntrack.ExpFlags(0)),
			Class:   u32(0),
			Zone:    u16(0), // that of its master, which no answer tells
		}
		change(x)
		return x
	}
	return map[string]*conntrack.ExpNewRequest{
		"plain":     plain(func(*conntrack.ExpNewRequest) {}),
		"permanent": plain(func(x *conntrack.ExpNewRequest) { x.Flags = nlattr.Some(conntrack.ExpFlagsPermanent) }),
		"inactive":  plain(func(x *conntrack.ExpNewRequest) { x.Flags = nlattr.Some(conntrack.ExpFlagsInactive) }),
		"by name":   plain(func(x *conntrack.ExpNewRequest) { x.HelpName = nlattr.Some("ftp") }),
		"translated": plain(func(x *conntrack.ExpNewRequest) {
			x.Nat = &conntrack.ExpNatAttrs{Dir: nlattr.Some(conntrack.DirectionReply), Tuple: tuple("10.0.0.9", "0.0.0.0", unix.IPPROTO_TCP, 2000, 0)}
			x.Fn = nlattr.Some("nat-follow-master")
		}),
		"translated in the original direction": plain(func(x *conntrack.ExpNewRequest) {
			x.Nat = &conntrack.ExpNatAttrs{Dir: nlattr.Some(conntrack.DirectionOriginal), Tuple: tuple("10.0.0.9", "0.0.0.0", unix.IPPROTO_TCP, 2000, 0)}
		}),
	}
}

// TestExpectations expects flows, reads them back, compares them with what conntrack(8) prints and listens to it.
func TestExpectations(t *testing.T) {
	ctx, c := client(t)
	// The module that translates addresses is there once a chain does that.
	witness.Output(t, "nft", "add table ip nat; add chain ip nat c { type nat hook prerouting priority 0; }")
	sub, err := c.Subscribe(ctx, conntrack.GroupConntrackExpNew, conntrack.GroupConntrackExpUpdate, conntrack.GroupConntrackExpDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	tally := witness.NewTally(t)
	all := expectations(master(ctx, t, c).TupleOrig)
	var made []expectation
	for _, name := range witness.SortedKeys(all) {
		exp := all[name]
		if err := c.ExpNew(ctx, exp, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.ExpNew(ctx, exp, nlconn.Create, nlconn.Exclusive); !errors.Is(err, syscall.EEXIST) {
			t.Errorf("%s made again: %v", name, err)
		}
		got, err := c.ExpGet(ctx, &conntrack.ExpGetRequest{Header: exp.Header, Tuple: exp.Tuple})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		made = append(made, got)
		witness.Known(t, name, got)
		// The helper's own time counts; a name is told with any helper.
		tally.Within(name, exp, got, "Timeout", "Zone")
		tally.Field(name+".help-name", got.HelpName, "ftp")
		list, err := c.ExpGetCollect(ctx, nil)
		if err != nil || len(list) != 1 || list[0].ID != got.ID {
			t.Errorf("%s: the dump has %d, %v", name, len(list), err)
		}
		tally.Steady(func(tally *witness.Tally) {
			got, err := c.ExpGet(ctx, &conntrack.ExpGetRequest{Header: exp.Header, Tuple: exp.Tuple})
			if err != nil {
				t.Fatal(err)
			}
			theirs := expected(strings.Fields(string(witness.Output(t, "conntrack", "-L", "expect"))))
			witness.Compare(tally, name, got, expectationView, theirs)
		})
		if err := c.ExpDelete(ctx, &conntrack.ExpDeleteRequest{Header: exp.Header, Tuple: exp.Tuple, ID: u32(got.ID.V + 1)}); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("%s: delete with another id: %v", name, err)
		}
		if err := c.ExpDelete(ctx, &conntrack.ExpDeleteRequest{Header: exp.Header, Tuple: exp.Tuple, ID: got.ID}); err != nil {
			t.Fatal(err)
		}
	}
	tally.Report("expectations")
	events := 0
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		want := made[events/2].ID
		switch ev := ev.(type) {
		case *conntrack.ExpNewNtf:
			if events%2 != 0 || ev.ID != want || len(ev.Unknown) > 0 {
				t.Errorf("event %d is %+v", events, ev)
			}
		case *conntrack.ExpDeleteNtf:
			if events%2 != 1 || ev.ID != want || len(ev.Unknown) > 0 {
				t.Errorf("event %d is %+v", events, ev)
			}
		default:
			t.Errorf("event %d is %T", events, ev)
		}
		if events++; events == 2*len(made) {
			break
		}
	}
	compareExpectStats(ctx, t, c, len(made))
}

// expected turns the words of a line into an object. Ports follow the addresses of the tuple, its mask and its master.
//
//	299 proto=6 src=... dst=... sport=0 dport=2000 mask-src=... mask-dst=... sport=0 dport=65535 master-src=... PERMANENT class=0 helper=ftp
func expected(words []string) witness.Object {
	x := witness.Object{}
	prefix := ""
	for i, w := range words {
		key, value, pair := strings.Cut(w, "=")
		switch {
		case i == 0:
			x["timeout"] = w
		case !pair:
			x["flags"] = w
		case strings.HasSuffix(key, "-src"):
			prefix = strings.TrimSuffix(key, "src")
			x[key] = value
		case key == "sport" || key == "dport":
			x[prefix+key] = value
		default:
			x[key] = value
		}
	}
	return x
}

// expectationView says how the tool prints an expectation.
var expectationView = witness.View[expectation]{
	"timeout": func(x expectation) any { return near(x.Timeout) },
	"proto":   func(x expectation) any { return text(x.Tuple.TupleProto.ProtoNum) },
	"flags": func(x expectation) any {
		return strings.ToUpper(strings.ReplaceAll(x.Flags.V.String(), "|", ","))
	},
	"class":        func(x expectation) any { return text(x.Class) },
	"helper":       func(x expectation) any { return x.HelpName },
	"src":          func(x expectation) any { return x.Tuple.TupleIp.IpV4Src.V },
	"dst":          func(x expectation) any { return x.Tuple.TupleIp.IpV4Dst.V },
	"sport":        func(x expectation) any { return text(x.Tuple.TupleProto.ProtoSrcPort) },
	"dport":        func(x expectation) any { return text(x.Tuple.TupleProto.ProtoDstPort) },
	"mask-src":     func(x expectation) any { return x.Mask.TupleIp.IpV4Src.V },
	"mask-dst":     func(x expectation) any { return x.Mask.TupleIp.IpV4Dst.V },
	"mask-sport":   func(x expectation) any { return text(x.Mask.TupleProto.ProtoSrcPort) },
	"mask-dport":   func(x expectation) any { return text(x.Mask.TupleProto.ProtoDstPort) },
	"master-src":   func(x expectation) any { return x.Master.TupleIp.IpV4Src.V },
	"master-dst":   func(x expectation) any { return x.Master.TupleIp.IpV4Dst.V },
	"master-sport": func(x expectation) any { return text(x.Master.TupleProto.ProtoSrcPort) },
	"master-dport": func(x expectation) any { return text(x.Master.TupleProto.ProtoDstPort) },
}

// compareExpectStats compares the counters of the CPUs with those in /proc, of which conntrack(8) prints none.
func compareExpectStats(ctx context.Context, t *testing.T, c *conntrack.Client, made int) {
	t.Helper()
	cpus, err := c.ExpGetStatsCollect(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("/proc/self/net/stat/nf_conntrack")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(lines) != len(cpus)+1 {
		t.Fatalf("/proc has %d CPUs, we %d", len(lines)-1, len(cpus))
	}
	keys := strings.Fields(lines[0])
	tally := witness.NewTally(t)
	created := 0
	for i, x := range cpus {
		created += int(x.Create.V)
		shown := witness.Object{}
		for j, value := range strings.Fields(lines[i+1]) {
			n, err := strconv.ParseUint(value, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			if key, ok := strings.CutPrefix(keys[j], "expect_"); ok {
				shown[key] = float64(n)
			}
		}
		witness.Compare(tally, fmt.Sprint("cpu ", i), x, nil, shown)
	}
	if created < made {
		t.Errorf("%d expectations are counted, %d were made", created, made)
	}
	tally.Report("statistics of expectations")
}
