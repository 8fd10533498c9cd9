package nfacct

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/nfacct"
	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// client returns a client for a namespace of the test's own, without objects.
func client(t *testing.T) (context.Context, *nfacct.Client) {
	t.Helper()
	ctx, conn := witness.Connect(t)
	c := nfacct.New(conn)
	if err := c.Del(ctx, nil); errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skipf("this kernel has no nfnetlink_acct: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Del(context.Background(), nil) })
	return ctx, c
}

func u64(v uint64) nlattr.Opt[uint64] { return nlattr.Some(v) }

// printed is an object as nfacct prints it.
func printed(x *nfacct.GetReply) string {
	text := fmt.Sprintf("pkts = %020d, bytes = %020d", x.Pkts.V, x.Bytes.V)
	if x.Quota.OK {
		mode := map[nfacct.AcctFlags]string{nfacct.AcctFlagsQuotaPkts: "packet", nfacct.AcctFlagsQuotaBytes: "byte"}[x.Flags.V&^nfacct.AcctFlagsOverquota]
		over := "no"
		if x.Flags.V&nfacct.AcctFlagsOverquota != 0 {
			over = "yes"
		}
		text += fmt.Sprintf(", quota = %020d, mode = %s, overquota = %s", x.Quota.V, mode, over)
	}
	return fmt.Sprintf("{ %s } = %s;", text, x.Name.V)
}

// TestObjects makes objects, reads them back, and compares them with the lines that nfacct prints.
func TestObjects(t *testing.T) {
	ctx, c := client(t)
	tally := witness.NewTally(t)
	made := []*nfacct.NewRequest{
		{Name: nlattr.Some("plain")},
		{Name: nlattr.Some("begun"), Pkts: u64(1 << 40), Bytes: u64(1<<63 + 5)},
		{Name: nlattr.Some("packets"), Flags: nlattr.Some(nfacct.AcctFlagsQuotaPkts), Quota: u64(100)},
		{Name: nlattr.Some("bytes"), Flags: nlattr.Some(nfacct.AcctFlagsQuotaBytes), Quota: u64(1 << 33)},
	}
	for _, req := range made {
		if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", req.Name.V, err)
		}
		got, err := c.Get(ctx, &nfacct.GetRequest{Name: req.Name})
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(t, req.Name.V, got)
		tally.Within(req.Name.V, req, got)
		tally.Field(req.Name.V+".use", got.Use, 1.0)
		if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, syscall.EEXIST) {
			t.Errorf("%s made again: %v", req.Name.V, err)
		}
	}
	theirs := string(witness.Output(t, "nfacct", "list"))
	list, err := c.GetCollect(ctx, nil)
	if err != nil || len(list) != len(made) {
		t.Errorf("made %d, the dump has %d, %v", len(made), len(list), err)
	}
	for _, x := range list {
		found := ""
		for line := range strings.Lines(theirs) {
			if strings.HasSuffix(strings.TrimSpace(line), "= "+x.Name.V+";") {
				found = strings.TrimSpace(line)
			}
		}
		tally.Field(x.Name.V, printed(x), found)
	}
	quota := nfacct.AcctFlagsQuotaPkts | nfacct.AcctFlagsQuotaBytes
	chosen, err := c.GetCollect(ctx, &nfacct.GetDumpRequest{Filter: &nfacct.FilterAttrs{
		Mask: nlattr.Some(quota), Value: nlattr.Some(nfacct.AcctFlagsQuotaBytes)}})
	if err != nil || len(chosen) != 1 || chosen[0].Name.V != "bytes" {
		t.Errorf("the filter takes %v, %v", chosen, err)
	}
	tally.Report("objects")

	zero, err := c.GetCtrzero(ctx, &nfacct.GetCtrzeroRequest{Name: nlattr.Some("begun")})
	if err != nil || zero.Pkts.V != 1<<40 {
		t.Errorf("get-ctrzero: %+v, %v", zero, err)
	}
	after, err := c.Get(ctx, &nfacct.GetRequest{Name: nlattr.Some("begun")})
	if err != nil || after.Pkts.V != 0 || after.Bytes.V != 0 {
		t.Errorf("after get-ctrzero: %+v, %v", after, err)
	}
	if err := c.Del(ctx, &nfacct.DelRequest{Name: nlattr.Some("begun")}); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(ctx, &nfacct.GetRequest{Name: nlattr.Some("begun")}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("get after del: %v", err)
	}
	long := &nfacct.GetRequest{Name: nlattr.Some(strings.Repeat("x", 40))}
	if _, err := c.Get(ctx, long, nlconn.NoValidate); err == nil || !strings.Contains(err.Error(), "[attribute name") {
		t.Errorf("a name that is too long: %v", err)
	}
}

// counts makes a rule that counts the packets that this host sends, with a match of iptables: nft knows none of this.
func counts(n *witness.Namespace, object string) {
	n.Helper()
	header := nftables.Nfgenmsg{NfgenFamily: nftables.NfprotoIpv4}
	name := nlattr.Some("acct")
	transaction := func() *nlconn.Batch {
		subsystem := nftables.Nfgenmsg{ResID: 10} // NFNL_SUBSYS_NFTABLES
		return n.Conn.NewBatch(nlconn.ProtocolNetfilter, nlconn.Transaction(
			&nftables.OpBatchBegin, &nftables.BatchBeginRequest{Header: subsystem}, &nftables.OpBatchEnd, &nftables.BatchEndRequest{Header: subsystem}))
	}
	info := make([]byte, 40) // struct xt_nfacct_match_info: a name and a pointer
	copy(info, object)
	b := transaction()
	b.Add(n.Ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: header, Name: name}, nlconn.Create)
	b.Add(n.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{
		Header: header, Table: name, Name: name, Type: nlattr.Some("filter"),
		Hook: &nftables.HookAttrs{Num: nlattr.Some(uint32(nftables.InetHookLocalOut)), Priority: nlattr.Some(int32(0))},
	}, nlconn.Create)
	b.Add(n.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: header, Table: name, Chain: name, Expressions: &nftables.ExprListAttrs{Elem: []nftables.ExprAttrs{
		{Data: &nftables.ExprMatchAttrs{Name: nlattr.Some("nfacct"), Rev: nlattr.Some(uint32(0)), Info: info}},
	}}}, nlconn.Create)
	if err := b.Do(n.Ctx); err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() {
		d := transaction()
		d.Add(context.Background(), &nftables.OpDeltable, &nftables.DeltableRequest{Header: header, Name: name})
		if err := d.Do(context.Background()); err != nil {
			n.Error(err)
		}
	})
}

// TestOverquota lets a rule count packets until the quota is used up.
func TestOverquota(t *testing.T) {
	ctx, c := client(t)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req := &nfacct.NewRequest{Name: nlattr.Some("over"), Flags: nlattr.Some(nfacct.AcctFlagsQuotaPkts), Quota: u64(3)}
	if err := c.New(ctx, req, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	n := witness.NewNamespace(t)
	n.Up(n.Link("lo"))
	counts(n, "over")
	sub, err := c.Subscribe(ctx, nfacct.GroupAcctQuota)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 6 {
		_, _ = conn.Write([]byte("x")) // Nobody listens: an error of the write before.
	}
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		x, ok := ev.(*nfacct.OverquotaEvent)
		if !ok {
			t.Fatalf("event %T %+v", ev, ev)
		}
		if x.Name != req.Name || x.Quota != req.Quota || x.Pkts.V < 3 || len(x.Unknown) > 0 {
			t.Errorf("event %+v", x)
		}
		break
	}
}
