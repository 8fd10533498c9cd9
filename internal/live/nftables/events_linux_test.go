package nftables

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestEvents gets the notifications of a transaction in order, and the trace of a packet.
func TestEvents(t *testing.T) {
	ctx, conn := witness.Connect(t)
	nft := nftables.New(conn)
	err := rtlink.New(conn).Setlink(ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 1, IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp)}})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := nft.Subscribe(ctx, nftables.GroupMgmt, nftables.GroupNftrace)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	b := transaction(conn, 0)
	b.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: str("ev")}, nlconn.Create)
	b.Add(ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: inet, Table: str("ev"), Name: str("out"), Type: str("filter"), Hook: &nftables.HookAttrs{Num: u32(uint32(nftables.InetHookLocalOut)), Priority: nlattr.Some(int32(0))}}, nlconn.Create)
	rule := exprs(&nftables.ExprImmediateAttrs{Dreg: reg(reg1), Data: value(1)}, &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysNftrace), Sreg: reg(reg1)}, verdict(nftables.VerdictCodeAccept, ""))
	b.Add(ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: inet, Table: str("ev"), Chain: str("out"), Expressions: rule}, nlconn.Create)
	if err := b.Do(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("udp4", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	d := transaction(conn, 0)
	d.Add(ctx, &nftables.OpDeltable, &nftables.DeltableRequest{Header: inet, Name: str("ev")})
	if err := d.Do(ctx); err != nil {
		t.Fatal(err)
	}
	wait, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var order []string
	protocols := []byte{unix.IPPROTO_UDP, unix.IPPROTO_ICMP}
	for ev, err := range sub.All(wait) {
		if err != nil {
			t.Fatal(err)
		}
		done := false
		switch ev := ev.(type) {
		case *nftables.NewtableNtf:
			order = append(order, "+table "+ev.Name.V)
		case *nftables.NewchainNtf:
			order = append(order, "+chain "+ev.Name.V)
		case *nftables.NewruleNtf:
			order = append(order, "+rule "+ev.Chain.V)
		case *nftables.TraceNtf:
			order = append(order, "trace "+ev.Type.V.String())
			if ev.Table.V != "ev" || ev.Chain.V != "out" || ev.Nfproto.V != nftables.NfprotoIpv4 && ev.Nfproto.V != nftables.NfprotoInet || ev.Verdict == nil || ev.Verdict.Code.V != nftables.VerdictCodeAccept || len(ev.Unknown) != 0 {
				t.Errorf("trace %+v", ev)
			}
			// The packet, then the ICMP error about it.
			if h := ev.NetworkHeader; len(h) != 20 || h[9] != protocols[0] {
				t.Errorf("network header %x, want protocol %d", h, protocols[0])
			}
			if len(protocols) > 1 {
				protocols = protocols[1:]
			}
		case *nftables.DelruleNtf:
			order = append(order, "-rule "+ev.Chain.V)
		case *nftables.DelchainNtf:
			order = append(order, "-chain "+ev.Name.V)
		case *nftables.DeltableNtf:
			order = append(order, "-table "+ev.Name.V)
			done = true
		case *nftables.NewgenNtf:
			order = append(order, "gen "+ev.ProcName.V)
			if !ev.ID.OK || !ev.ProcPid.OK {
				t.Errorf("generation %+v", ev)
			}
		default:
			t.Errorf("unexpected %T", ev)
		}
		if done {
			break
		}
	}
	got := strings.Join(order, ", ")
	for _, want := range []string{"+table ev, +chain out, +rule out, gen nftables.test", "trace rule", "-table ev"} {
		if !strings.Contains(got, want) {
			t.Errorf("events are %s; want %s", got, want)
		}
	}
	if i, j := strings.Index(got, "gen "), strings.Index(got, "trace rule"); i > j {
		t.Errorf("events are %s", got)
	}
}

// An event is what nft prints of one, and what we call the same.
type event struct {
	verb, kind string
	family     nftables.Nfproto
	table      nlattr.Opt[string]
	chain      nlattr.Opt[string]
	name       nlattr.Opt[string]
	handle     nlattr.Opt[uint64]
}

// events turns a notification into what nft prints of it: a line for each element of a set, and none for a new generation.
func events(t *testing.T, ev nftables.Event) []event {
	t.Helper()
	table := func(verb string, x *nftables.GettableReply) []event {
		return []event{{verb, "table", x.Header.NfgenFamily, nlattr.Opt[string]{}, nlattr.Opt[string]{}, x.Name, x.Handle}}
	}
	chain := func(verb string, x *nftables.GetchainReply) []event {
		return []event{{verb, "chain", x.Header.NfgenFamily, x.Table, nlattr.Opt[string]{}, x.Name, x.Handle}}
	}
	rule := func(verb string, x *nftables.GetruleReply) []event {
		return []event{{verb, "rule", x.Header.NfgenFamily, x.Table, x.Chain, nlattr.Opt[string]{}, x.Handle}}
	}
	set := func(verb string, x *nftables.GetsetReply) []event {
		kind := "set"
		if x.Flags.V&(nftables.SetFlagsMap|nftables.SetFlagsObject) != 0 {
			kind = "map"
		}
		if x.Flags.V&nftables.SetFlagsAnonymous != 0 {
			return nil
		}
		return []event{{verb, kind, x.Header.NfgenFamily, x.Table, nlattr.Opt[string]{}, x.Name, x.Handle}}
	}
	elements := func(verb string, x *nftables.GetsetelemReply) (list []event) {
		for range x.Elements.Elem {
			list = append(list, event{verb, "element", x.Header.NfgenFamily, x.Table, nlattr.Opt[string]{}, x.Set, nlattr.Opt[uint64]{}})
		}
		return list
	}
	object := func(verb string, x *nftables.GetobjReply) []event {
		kind := map[nftables.ObjectType]string{
			nftables.ObjectTypeCounter: "counter", nftables.ObjectTypeQuota: "quota", nftables.ObjectTypeLimit: "limit",
			nftables.ObjectTypeCtHelper: "ct helper", nftables.ObjectTypeCtTimeout: "ct timeout", nftables.ObjectTypeCtExpect: "ct expectation",
			nftables.ObjectTypeSecmark: "secmark", nftables.ObjectTypeSynproxy: "synproxy",
		}[x.Type.V]
		return []event{{verb, kind, x.Header.NfgenFamily, x.Table, nlattr.Opt[string]{}, x.Name, x.Handle}}
	}
	known(t, ev)
	switch ev := ev.(type) {
	case *nftables.NewtableNtf:
		return table("add", &ev.GettableReply)
	case *nftables.DeltableNtf:
		return table("delete", &ev.GettableReply)
	case *nftables.NewchainNtf:
		return chain("add", &ev.GetchainReply)
	case *nftables.DelchainNtf:
		return chain("delete", &ev.GetchainReply)
	case *nftables.NewruleNtf:
		return rule("add", &ev.GetruleReply)
	case *nftables.DelruleNtf:
		return rule("delete", &ev.GetruleReply)
	case *nftables.NewsetNtf:
		return set("add", &ev.GetsetReply)
	case *nftables.DelsetNtf:
		return set("delete", &ev.GetsetReply)
	case *nftables.NewsetelemNtf:
		return elements("add", &ev.GetsetelemReply)
	case *nftables.DelsetelemNtf:
		return elements("delete", &ev.GetsetelemReply)
	case *nftables.NewobjNtf:
		return object("add", &ev.GetobjReply)
	case *nftables.DelobjNtf:
		return object("delete", &ev.GetobjReply)
	case *nftables.NewgenNtf:
		return nil
	}
	t.Fatalf("event %T", ev)
	return nil
}

// eventView is how nft prints an event; what else it prints is compared where it lists things.
var eventView = witness.View[event]{
	"family": func(x event) any { return x.family }, "table": func(x event) any { return x.table }, "chain": func(x event) any { return x.chain },
	"name": func(x event) any { return x.name }, "handle": func(x event) any { return x.handle },
}

// TestMonitor makes objects, sets, elements, chains and rules, and removes each in both ways that there are: what we are told is what
// nft's monitor prints.
func TestMonitor(t *testing.T) {
	h := newHooked(t, "inet")
	sub, err := h.client.Subscribe(h.Ctx, nftables.GroupMgmt)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	printed := witness.Watch(t, unix.NETLINK_NETFILTER, "nft", "-j", "monitor")
	table := str("h")
	// Not a timeout of connections, of whose end nft 1.0.6 dies.
	objects := map[string]nftables.ObjDataMsg{
		"counter": count(1), "quota": quota(2),
		"limit":       &nftables.LimitAttrs{Rate: nlattr.Some(uint64(400)), Unit: nlattr.Some(uint64(60)), Burst: u32(5), Type: nlattr.Some(nftables.LimitTypePkts), Flags: nlattr.Some(nftables.LimitFlags(0))},
		"helper":      &nftables.CtHelperAttrs{Name: str("ftp"), L3proto: nlattr.Some(nftables.NfprotoIpv4), L4proto: nlattr.Some(nftables.L4ProtoTcp)},
		"expectation": &nftables.CtExpectAttrs{L3proto: nlattr.Some(nftables.NfprotoIpv4), L4proto: nlattr.Some(nftables.L4ProtoTcp), Dport: nlattr.Some(uint16(9876)), Timeout: u32(60_000), Size: nlattr.Some(uint8(12))},
		"synproxy":    &nftables.SynproxyAttrs{Mss: nlattr.Some(uint16(1460)), Wscale: nlattr.Some(uint8(7)), Flags: nlattr.Some(nftables.SynproxyFlagsMss)},
	}
	elem := func(key byte) *nftables.SetelemListElemAttrs {
		return &nftables.SetelemListElemAttrs{Elem: []nftables.SetelemAttrs{{Key: value(0, key)}}}
	}
	must := func(op *nlconn.Operation, req nlconn.Encodable, opts ...nlconn.CallOption) {
		t.Helper()
		if err := h.do(op, req, opts...); err != nil {
			t.Fatalf("%s: %v", op.Name, err)
		}
	}
	lines := 0
	for i, destroy := range []bool{false, true} {
		object, elements, set, rule, chain := &nftables.OpDelobj, &nftables.OpDelsetelem, &nftables.OpDelset, &nftables.OpDelrule, &nftables.OpDelchain
		if destroy {
			object, elements, set, rule, chain = &nftables.OpDestroyobj, &nftables.OpDestroysetelem, &nftables.OpDestroyset, &nftables.OpDestroyrule, &nftables.OpDestroychain
		}
		for _, name := range witness.SortedKeys(objects) {
			x := &nftables.NewobjRequest{Header: h.header, Table: table, Name: str(name), Data: objects[name]}
			must(&nftables.OpNewobj, x, nlconn.Create)
			all, err := h.client.GetobjCollect(h.Ctx, &nftables.GetobjDumpRequest{Header: h.header, Table: table})
			if err != nil || len(all) != 1 || all[0].Type.V == 0 {
				t.Fatalf("objects %v, %v", all, err)
			}
			must(object, &nftables.DelobjRequest{Header: h.header, Table: table, Name: str(name), Type: all[0].Type})
		}
		must(&nftables.OpNewset, &nftables.NewsetRequest{Header: h.header, Table: table, Name: str("s"), ID: u32(1), KeyType: u32(13), KeyLen: u32(2)}, nlconn.Create)
		must(&nftables.OpNewsetelem, &nftables.NewsetelemRequest{Header: h.header, Table: table, Set: str("s"), Elements: elem(1)}, nlconn.Create)
		must(&nftables.OpNewsetelem, &nftables.NewsetelemRequest{Header: h.header, Table: table, Set: str("s"), Elements: elem(2)}, nlconn.Create)
		must(elements, &nftables.DelsetelemRequest{Header: h.header, Table: table, Set: str("s"), Elements: elem(1)})
		must(set, &nftables.DelsetRequest{Header: h.header, Table: table, Name: str("s")})
		must(&nftables.OpNewchain, &nftables.NewchainRequest{Header: h.header, Table: table, Name: str("c")}, nlconn.Create)
		must(&nftables.OpNewrule, &nftables.NewruleRequest{Header: h.header, Table: table, Chain: str("c"), Expressions: exprs(count(uint64(i)))}, nlconn.Create, nlconn.Append)
		must(rule, &nftables.DelruleRequest{Header: h.header, Table: table, Chain: str("c")})
		must(chain, &nftables.DelchainRequest{Header: h.header, Table: table, Name: str("c")})
		lines += 2*len(objects) + 9
	}
	var theirs []witness.Object
	for _, line := range printed(lines) {
		var o witness.Object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		theirs = append(theirs, o)
	}
	tally := witness.NewTally(t)
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range events(t, ev) {
			shown, _ := theirs[0][x.verb].(witness.Object)
			body, _ := shown[x.kind].(witness.Object)
			if body == nil {
				t.Fatalf("told of %+v, nft prints %v", x, theirs[0])
			}
			theirs = theirs[1:]
			for key := range body {
				if eventView[key] == nil {
					delete(body, key)
				}
			}
			witness.Compare(tally, "event", x, eventView, body)
		}
		if len(theirs) == 0 {
			break
		}
	}
	tally.Report("events")
}

// hello sends a packet of UDP to this host, to the port 7.
func hello(t *testing.T) {
	t.Helper()
	conn, err := net.Dial("udp4", "127.0.0.1:7")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
}

// TestTrace follows a packet through chains: its trace tells of rules and of the policy.
func TestTrace(t *testing.T) {
	h := newHooked(t, "inet")
	h.Up(h.Link("lo"))
	if out, err := nft(t,
		"add chain inet h sub", "add rule inet h sub counter",
		"add chain inet h in { type filter hook input priority 0; policy drop; }",
		"add rule inet h in udp dport 7 meta mark set 5 meta nftrace set 1", "add rule inet h in udp dport 7 ct state new jump sub",
	); err != nil {
		t.Fatal(out)
	}
	sub, err := h.client.Subscribe(h.Ctx, nftables.GroupNftrace)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	hello(t)
	var told []string
	tally := witness.NewTally(t)
	var id nlattr.Opt[uint32]
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		x, ok := ev.(*nftables.TraceNtf)
		if !ok {
			t.Fatalf("event %T", ev)
		}
		known(t, x)
		if len(told) == 0 { // The first one has the packet.
			id = x.ID
			tally.Field("iif", x.Iif, 1.0)
			tally.Field("iiftype", x.Iiftype, float64(unix.ARPHRD_LOOPBACK))
			tally.Field("link layer header", len(x.LlHeader), 14.0)
			tally.Field("network header", len(x.NetworkHeader), 20.0)
			tally.Field("transport header", fmt.Sprintf("%x", x.TransportHeader[2:4]), "0007")
			if x.CtID.OK { // since Linux 6.16
				tally.Field("direction", x.CtDirection, "original")
				tally.Field("state", x.CtState.V, "new")
				tally.Field("status", x.CtStatus.OK, true)
			} else if !nettest.Guest() {
				t.Errorf("a packet without its connection: %+v", x)
			}
		}
		tally.Field("id", x.ID, float64(id.V))
		tally.Field("mark", x.Mark, 5.0)
		step := x.Type.V.String() + " " + x.Chain.V
		if x.Verdict != nil {
			step += fmt.Sprint(" ", x.Verdict.Code.V)
		}
		if x.Policy.OK {
			step += fmt.Sprint(" ", x.Policy.V)
		}
		told = append(told, step)
		if x.Type.V == nftables.TraceTypesPolicy {
			break
		}
	}
	// The end of a chain is told as a rule that continues, too.
	want := []string{"rule in continue", "rule in jump", "rule sub continue", "rule sub continue", "rule in continue", "policy in drop"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	tally.Report("trace")
}
