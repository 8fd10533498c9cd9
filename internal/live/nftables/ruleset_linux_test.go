package nftables

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A ruleCase is a rule and what nft says of it.
type ruleCase struct {
	nft  string
	list *nftables.ExprListAttrs
}

func ruleCases() []ruleCase {
	eq := nftables.CmpOpsEq
	tcp := []nftables.ExprOpsMsg{meta(nftables.MetaKeysL4Proto), cmp(eq, unix.IPPROTO_TCP)}
	dport := append(tcp[:2:2], load(nftables.PayloadBaseTransportHeader, 2, 2))
	with := func(a []nftables.ExprOpsMsg, b ...nftables.ExprOpsMsg) *nftables.ExprListAttrs {
		return exprs(append(a[:len(a):len(a)], b...)...)
	}
	accept := verdict(nftables.VerdictCodeAccept, "")
	return []ruleCase{
		{"tcp dport 22 accept", with(dport, cmp(eq, 0, 22), accept)},
		{"tcp dport != 1000-2000 drop", with(dport, &nftables.ExprRangeAttrs{Sreg: reg(reg1), Op: nlattr.Some(nftables.RangeOpsNeq), FromData: value(3, 232), ToData: value(7, 208)}, verdict(nftables.VerdictCodeDrop, ""))},
		{"tcp dport > 1024 jump side", with(dport, cmp(nftables.CmpOpsGt, 4, 0), verdict(nftables.VerdictCodeJump, "side"))},
		{"tcp dport @ports accept", with(dport, &nftables.ExprLookupAttrs{Set: str("ports"), Sreg: reg(reg1)}, accept)},
		{"tcp dport != @ports accept", with(dport, &nftables.ExprLookupAttrs{Set: str("ports"), Sreg: reg(reg1), Flags: nlattr.Some(nftables.LookupFlagsInvert)}, accept)},
		{"tcp dport vmap @verdicts", with(dport, &nftables.ExprLookupAttrs{Set: str("verdicts"), Sreg: reg(reg1), Dreg: reg(nftables.RegisterVerdict)})},
		{"counter packets 7 bytes 700", exprs(&nftables.CounterAttrs{Packets: nlattr.Some(uint64(7)), Bytes: nlattr.Some(uint64(700))})},
		{"limit rate 10/second burst 7 packets", exprs(&nftables.LimitAttrs{Rate: nlattr.Some(uint64(10)), Unit: nlattr.Some(uint64(1)), Burst: u32(7), Type: nlattr.Some(nftables.LimitTypePkts), Flags: nlattr.Some(nftables.LimitFlags(0))})},
		{"quota over 1000 bytes used 10 bytes", exprs(&nftables.QuotaAttrs{Bytes: nlattr.Some(uint64(1000)), Consumed: nlattr.Some(uint64(10)), Flags: nlattr.Some(nftables.QuotaFlagsInvert)})},
		{`log prefix "x: " group 3`, exprs(&nftables.ExprLogAttrs{Prefix: str("x: "), Group: nlattr.Some(uint16(3))})},
		{"meta mark set 0x00000007", exprs(&nftables.ExprImmediateAttrs{Dreg: reg(reg1), Data: value(7, 0, 0, 0)}, &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysMark), Sreg: reg(reg1)})},
		{"ct state established", exprs(&nftables.ExprCtAttrs{Key: nlattr.Some(nftables.CtKeysState), Dreg: reg(reg1)}, &nftables.ExprBitwiseAttrs{Sreg: reg(reg1), Dreg: reg(reg1), Len: u32(4), Mask: value(2, 0, 0, 0), Xor: value(0, 0, 0, 0)}, cmp(nftables.CmpOpsNeq, 0, 0, 0, 0))},
		{"notrack", &nftables.ExprListAttrs{Elem: []nftables.ExprAttrs{{Name: str("notrack")}}}},
		{"meta l4proto tcp reject with tcp reset", with(tcp, &nftables.ExprRejectAttrs{Type: nlattr.Some(nftables.RejectTypesTcpRst)})},
		{"meta mark set numgen inc mod 4 offset 10", exprs(&nftables.ExprNumgenAttrs{Dreg: reg(reg1), Modulus: u32(4), Type: nlattr.Some(nftables.NgTypesIncremental), Offset: u32(10)}, &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysMark), Sreg: reg(reg1)})},
		{`counter name "hits"`, exprs(&nftables.ExprObjrefAttrs{ImmType: nlattr.Some(nftables.ObjectTypeCounter), ImmName: str("hits")})},
		{"fib saddr . iif oif 0", exprs(&nftables.ExprFibAttrs{Dreg: reg(reg1), Result: nlattr.Some(nftables.FibResultOif), Flags: nlattr.Some(nftables.FibFlagsSaddr | nftables.FibFlagsIif)}, cmp(eq, 0, 0, 0, 0))},
		{"rt classid 5", exprs(&nftables.ExprRtAttrs{Dreg: reg(reg1), Key: nlattr.Some(nftables.RtKeysClassid)}, cmp(eq, 5, 0, 0, 0))},
	}
}

// TestRuleset makes tables, chains, sets, elements, objects and rules in one transaction, and compares what the kernel and nft list.
func TestRuleset(t *testing.T) {
	ctx, conn := witness.Connect(t)
	nft := nftables.New(conn)
	tally := witness.NewTally(t)
	b := transaction(conn, 0)
	table := &nftables.NewtableRequest{Header: inet, Name: str("t"), Userdata: []byte{0, 3, 'h', 'i', 0}}
	b.Add(ctx, &nftables.OpNewtable, table, nlconn.Create, nlconn.Exclusive)
	side := &nftables.NewchainRequest{Header: inet, Table: str("t"), Name: str("side")}
	base := &nftables.NewchainRequest{
		Header: inet, Table: str("t"), Name: str("in"), Type: str("filter"), Policy: nlattr.Some(nftables.VerdictCodeDrop),
		Hook:     &nftables.HookAttrs{Num: u32(uint32(nftables.InetHookLocalIn)), Priority: nlattr.Some(int32(-5))},
		Counters: count(9), // of its policy, which nft does not list
	}
	for _, req := range []*nftables.NewchainRequest{side, base} {
		b.Add(ctx, &nftables.OpNewchain, req, nlconn.Create)
	}
	ports := &nftables.NewsetRequest{
		Header: inet, Table: str("t"), Name: str("ports"), ID: u32(1), KeyType: u32(13), KeyLen: u32(2),
		Flags: nlattr.Some(nftables.SetFlagsTimeout), Timeout: nlattr.Some(uint64(3600_000)), GcInterval: u32(10_000), Desc: &nftables.SetDescAttrs{Size: u32(100)},
	}
	verdicts := &nftables.NewsetRequest{
		Header: inet, Table: str("t"), Name: str("verdicts"), ID: u32(2), KeyType: u32(13), KeyLen: u32(2),
		Flags: nlattr.Some(nftables.SetFlagsMap), DataType: nlattr.Some(nftables.DataTypeVerdict), DataLen: u32(0),
	}
	for _, req := range []*nftables.NewsetRequest{ports, verdicts} {
		b.Add(ctx, &nftables.OpNewset, req, nlconn.Create)
	}
	elements := &nftables.NewsetelemRequest{Header: inet, Table: str("t"), Set: str("ports"), Elements: &nftables.SetelemListElemAttrs{Elem: []nftables.SetelemAttrs{
		{Key: value(0, 80), Timeout: nlattr.Some(uint64(7200_000))}, {Key: value(1, 187), Expiration: nlattr.Some(uint64(1800_000))},
	}}}
	b.Add(ctx, &nftables.OpNewsetelem, elements, nlconn.Create)
	b.Add(ctx, &nftables.OpNewsetelem, &nftables.NewsetelemRequest{Header: inet, Table: str("t"), Set: str("verdicts"), Elements: &nftables.SetelemListElemAttrs{Elem: []nftables.SetelemAttrs{
		{Key: value(0, 22), Data: &nftables.DataAttrs{Verdict: &nftables.VerdictAttrs{Code: nlattr.Some(nftables.VerdictCodeGoto), Chain: str("side")}}},
	}}}, nlconn.Create)
	objects := []*nftables.NewobjRequest{
		{Name: str("hits"), Data: &nftables.CounterAttrs{Packets: nlattr.Some(uint64(3)), Bytes: nlattr.Some(uint64(258))}},
		{Name: str("q"), Data: &nftables.QuotaAttrs{Bytes: nlattr.Some(uint64(5000)), Consumed: nlattr.Some(uint64(100)), Flags: nlattr.Some(nftables.QuotaFlagsInvert)}},
		{Name: str("lim"), Data: &nftables.LimitAttrs{Rate: nlattr.Some(uint64(400)), Unit: nlattr.Some(uint64(60)), Burst: u32(5), Type: nlattr.Some(nftables.LimitTypePkts), Flags: nlattr.Some(nftables.LimitFlags(0))}},
		{Name: str("syn"), Data: &nftables.SynproxyAttrs{Mss: nlattr.Some(uint16(1460)), Wscale: nlattr.Some(uint8(7)), Flags: nlattr.Some(nftables.SynproxyFlagsMss | nftables.SynproxyFlagsWscale | nftables.SynproxyFlagsTimestamp)}},
		{Name: str("exp"), Data: &nftables.CtExpectAttrs{L3proto: nlattr.Some(nftables.NfprotoIpv4), L4proto: nlattr.Some(nftables.L4ProtoTcp), Dport: nlattr.Some(uint16(9876)), Timeout: u32(60_000), Size: nlattr.Some(uint8(12))}},
		{Name: str("slow"), Data: &nftables.CtTimeoutAttrs{L3proto: nlattr.Some(nftables.NfprotoIpv4), L4proto: nlattr.Some(nftables.L4ProtoTcp), Data: &nftables.CtTimeoutTcpAttrs{Established: u32(100), Close: u32(4)}}},
	}
	for _, req := range objects {
		req.Header, req.Table = inet, str("t")
		b.Add(ctx, &nftables.OpNewobj, req, nlconn.Create)
	}
	cases := ruleCases()
	echoes := make([]nftables.GetruleReply, len(cases))
	for i, c := range cases {
		req := &nftables.NewruleRequest{Header: inet, Table: str("t"), Chain: str("in"), Expressions: c.list}
		b.AddReply(ctx, &nftables.OpNewrule, req, &echoes[i], nlconn.Create, nlconn.Append, nlconn.Echo)
	}
	if err := b.Do(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d := transaction(conn, 0)
		d.Add(context.Background(), &nftables.OpDeltable, &nftables.DeltableRequest{Header: inet, Name: str("t")})
		_ = d.Do(context.Background())
	})

	got, err := nft.Gettable(ctx, &nftables.GettableRequest{Header: inet, Name: str("t")})
	if err != nil {
		t.Fatal(err)
	}
	tally.Within("table", table, got, "Header")
	for _, req := range []*nftables.NewchainRequest{side, base} {
		chain, err := nft.Getchain(ctx, &nftables.GetchainRequest{Header: inet, Table: str("t"), Name: req.Name})
		if err != nil {
			t.Fatal(err)
		}
		tally.Within("chain "+req.Name.V, req, chain, "Header")
	}
	for _, req := range []*nftables.NewsetRequest{ports, verdicts} {
		set, err := nft.Getset(ctx, &nftables.GetsetRequest{Header: inet, Table: str("t"), Name: req.Name})
		if err != nil {
			t.Fatal(err)
		}
		tally.Within("set "+req.Name.V, req, set, "Header", "ID", "DataLen")
	}
	seen := 0
	for reply, err := range nft.GetsetelemDump(ctx, &nftables.GetsetelemDumpRequest{Header: inet, Table: str("t"), Set: str("ports")}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range reply.Elements.Elem {
			seen++
			if p := e.Key.Value; p[1] == 80 && e.Timeout.V != 7200_000 || p[1] == 187 && (e.Expiration.V > 1800_000 || e.Expiration.V < 1700_000) {
				t.Errorf("element %+v", e)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d elements", seen)
	}
	for _, req := range objects {
		all, err := nft.GetobjCollect(ctx, &nftables.GetobjDumpRequest{Header: inet, Table: str("t")})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, o := range all {
			if o.Name == req.Name {
				found = true
				tally.Within("object "+req.Name.V, req.Data, o.Data)
			}
			witness.Known(t, "object", o)
		}
		if !found {
			t.Errorf("no object %q", req.Name.V)
		}
	}
	rules, err := nft.GetruleCollect(ctx, &nftables.GetruleDumpRequest{Header: inet, Table: str("t"), Chain: str("in")})
	if err != nil || len(rules) != len(cases) {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	for i, c := range cases {
		if echoes[i].Handle != rules[i].Handle || !echoes[i].Handle.OK {
			t.Errorf("%s: echo has handle %v, the list %v", c.nft, echoes[i].Handle, rules[i].Handle)
		}
		for j, e := range c.list.Elem {
			if e.Data != nil {
				tally.Within(c.nft, e.Data, rules[i].Expressions.Elem[j].Data, "Log")
			}
		}
	}

	// nft's view: rules as text, and every other object by its keys.
	text := string(witness.Output(t, "nft", "list", "chain", "inet", "t", "in"))
	for _, c := range cases {
		tally.Fields++
		if !strings.Contains(text, "\t\t"+c.nft+"\n") {
			t.Errorf("nft does not list %q", c.nft)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	var view struct{ Nftables []map[string]map[string]any }
	if err := json.Unmarshal(witness.Output(t, "nft", "-j", "list", "ruleset"), &view); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, o := range view.Nftables {
		for kind, have := range o {
			want, ok := jsonView[kind+" "+name(have)]
			if !ok {
				if kind != "metainfo" && kind != "rule" {
					t.Errorf("nft lists the %s %s, which nobody made", kind, name(have))
				}
				continue
			}
			shown[kind+" "+name(have)] = true
			for key, w := range want {
				tally.Fields++
				if g, _ := json.Marshal(have[key]); string(g) != w {
					t.Errorf("nft: %s %s: %s is %s, not %s", kind, name(have), key, g, w)
				}
			}
			for key := range have {
				if _, ok := want[key]; !ok && key != "handle" && key != "family" && key != "name" && key != "table" && key != "elem" {
					t.Errorf("nft: %s %s: nothing is known of %s", kind, name(have), key)
				}
			}
		}
	}
	for what := range jsonView {
		if !shown[what] {
			t.Errorf("nft does not list the %s", what)
		}
	}
	tally.Report("ruleset")
}

func name(o map[string]any) string { s, _ := o["name"].(string); return s }

// jsonView is what nft must show of the objects of TestRuleset, beside names and handles.
var jsonView = map[string]map[string]string{
	"table t":            {},
	"chain in":           {"type": `"filter"`, "hook": `"input"`, "prio": "-5", "policy": `"drop"`},
	"chain side":         {},
	"set ports":          {"type": `"inet_service"`, "flags": `["timeout"]`, "timeout": "3600", "gc-interval": "10", "size": "100"},
	"map verdicts":       {"type": `"inet_service"`, "map": `"verdict"`},
	"counter hits":       {"packets": "3", "bytes": "258"},
	"quota q":            {"bytes": "5000", "used": "100", "inv": "true"},
	"limit lim":          {"rate": "400", "per": `"minute"`, "burst": "5"},
	"synproxy syn":       {"mss": "1460", "wscale": "7", "flags": `["timestamp"]`},
	"ct expectation exp": {"protocol": `"tcp"`, "dport": "9876", "timeout": "60000", "size": "12", "l3proto": `"ip"`},
	"ct timeout slow":    {"protocol": `"tcp"`, "l3proto": `"ip"`, "policy": `{"close":4,"established":100}`},
}

// TestRefusals shows that a transaction is all or nothing, and says which request was refused, and why.
func TestRefusals(t *testing.T) {
	ctx, conn := witness.Connect(t)
	nft := nftables.New(conn)
	b := transaction(conn, 0)
	b.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: str("gone")}, nlconn.Create)
	b.Add(ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: inet, Table: str("none"), Name: str("c")}, nlconn.Create)
	err := b.Do(ctx)
	var batch *nlconn.BatchError
	var nlerr *nlmsg.Error
	if !errors.As(err, &batch) || len(batch.Failed) != 1 || batch.Failed[0].Index != 1 || !errors.As(err, &nlerr) || nlerr.Errno != unix.ENOENT || nlerr.Attr != "table" {
		t.Errorf("a chain without a table: %v, %+v", err, nlerr)
	}
	if _, err := nft.Gettable(ctx, &nftables.GettableRequest{Header: inet, Name: str("gone")}); !errors.Is(err, unix.ENOENT) {
		t.Errorf("the table of a refused transaction: %v", err)
	}
	if err := nft.Newtable(ctx, &nftables.NewtableRequest{Header: inet, Name: str("gone")}, nlconn.Create); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a change outside of a batch: %v", err)
	}
	gen, err := nft.Getgen(ctx, &nftables.GetgenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []uint32{gen.ID.V, gen.ID.V} { // the second is out of date
		b := transaction(conn, id)
		b.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: str("gen")}, nlconn.Create)
		err = errors.Join(err, b.Do(ctx))
	}
	if !errors.Is(err, unix.ERESTART) {
		t.Errorf("a transaction on an old generation: %v", err)
	}
	d := transaction(conn, 0)
	d.Add(ctx, &nftables.OpDestroytable, &nftables.DestroytableRequest{Header: inet, Name: str("gen")})
	d.Add(ctx, &nftables.OpDestroytable, &nftables.DestroytableRequest{Header: inet, Name: str("gen")})
	if err := d.Do(ctx); err != nil {
		t.Errorf("destroy what is not there: %v", err)
	}
}
