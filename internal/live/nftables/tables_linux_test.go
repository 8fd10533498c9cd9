package nftables

import (
	"errors"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestTableFlags makes tables that sleep, that belong to a socket and that outlive it.
func TestTableFlags(t *testing.T) {
	n := witness.NewNamespace(t)
	t.Cleanup(func() { _ = exec.Command("nft", "flush ruleset").Run() })
	client := nftables.New(n.Conn)
	_, owner := witness.Dial(t, nlconn.WithOneSocket())
	make := func(conn *nlconn.Conn, flags nftables.TableFlags) error {
		b := transaction(conn, 0)
		b.Add(n.Ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: str("f"), Flags: nlattr.Some(flags)}, nlconn.Create)
		return b.Do(n.Ctx)
	}
	get := func() (*nftables.GettableReply, error) {
		return client.Gettable(n.Ctx, &nftables.GettableRequest{Header: inet, Name: str("f")})
	}
	if err := make(n.Conn, nftables.TableFlagsDormant); err != nil {
		t.Fatal(err)
	}
	if x, err := get(); err != nil || x.Flags.V != nftables.TableFlagsDormant || x.Owner.OK {
		t.Errorf("a table that sleeps: %+v, %v", x, err)
	}
	if out := string(witness.Output(t, "nft", "list", "table", "inet", "f")); !strings.Contains(out, "flags dormant") {
		t.Errorf("nft lists %s", out)
	}
	remove := func(conn *nlconn.Conn) error {
		b := transaction(conn, 0)
		b.Add(n.Ctx, &nftables.OpDeltable, &nftables.DeltableRequest{Header: inet, Name: str("f")})
		return b.Do(n.Ctx)
	}
	if err := remove(n.Conn); err != nil {
		t.Fatal(err)
	}
	flags := nftables.TableFlagsOwner | nftables.TableFlagsPersist // since Linux 6.9
	if err := make(owner, flags); err != nil {
		t.Fatal(err)
	}
	mine, err := get()
	if err != nil || mine.Flags.V != flags || mine.Owner.V == 0 {
		t.Errorf("a table with an owner: %+v, %v", mine, err)
	}
	if out := string(witness.Output(t, "nft", "list", "table", "inet", "f")); !strings.Contains(out, "flags owner") {
		t.Errorf("nft lists %s", out)
	}
	if err := remove(n.Conn); !errors.Is(err, unix.EPERM) {
		t.Errorf("a stranger removes the table: %v", err)
	}
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	if x, err := get(); err != nil || x.Owner.OK {
		t.Errorf("a table that outlives its owner: %+v, %v", x, err)
	}
	if err := make(n.Conn, 0x80); !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EINVAL) {
		t.Errorf("a flag that is none: %v", err)
	}
}

// TestPositions puts rules in front of and behind others, which have a handle or a number of the same transaction.
func TestPositions(t *testing.T) {
	h := newHooked(t, "inet")
	rule := func(n uint64) *nftables.NewruleRequest {
		return &nftables.NewruleRequest{Header: h.header, Table: str("h"), Chain: str("c"), Expressions: exprs(count(n))}
	}
	order := func() []string {
		var list []string
		for _, line := range listed(t, "inet h c") {
			list = append(list, strings.Fields(line)[2]) // counter packets 1 bytes 100
		}
		return list
	}
	b := transaction(h.Conn, 0)
	b.Add(h.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: h.header, Table: str("h"), Name: str("c")}, nlconn.Create)
	first, before, behind := rule(1), rule(2), rule(3)
	first.ID, before.PositionID, behind.PositionID = u32(7), u32(7), u32(7)
	b.Add(h.Ctx, &nftables.OpNewrule, first, nlconn.Create)
	b.Add(h.Ctx, &nftables.OpNewrule, before, nlconn.Create)
	b.Add(h.Ctx, &nftables.OpNewrule, behind, nlconn.Create, nlconn.Append)
	if err := b.Do(h.Ctx); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(order()); got != "[2 1 3]" {
		t.Errorf("the order is %s", got)
	}
	dump := func() []*nftables.GetruleReply {
		rules, err := h.client.GetruleCollect(h.Ctx, &nftables.GetruleDumpRequest{Header: h.header, Table: str("h"), Chain: str("c")})
		if err != nil {
			t.Fatal(err)
		}
		return rules
	}
	fourth := rule(4)
	fourth.Position = dump()[1].Handle
	if err := h.do(&nftables.OpNewrule, fourth, nlconn.Create, nlconn.Append); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(order()); got != "[2 1 4 3]" {
		t.Errorf("the order is %s", got)
	}
	fifth := rule(5)
	fifth.Handle = dump()[0].Handle
	if err := h.do(&nftables.OpNewrule, fifth, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(order()); got != "[5 1 4 3]" {
		t.Errorf("the order is %s", got)
	}
	rules := dump()
	for i, x := range rules[1:] {
		if x.Position != rules[i].Handle {
			t.Errorf("rule %d is behind %v, not %v", i+1, x.Position, rules[i].Handle)
		}
	}
	missing := rule(6)
	missing.PositionID = u32(9)
	if err := h.do(&nftables.OpNewrule, missing, nlconn.Create); !errors.Is(err, unix.ENOENT) {
		t.Errorf("behind a rule of no number: %v", err)
	}
}

// TestCompat makes a rule as iptables-nft does, for a match that wants to know the protocol.
func TestCompat(t *testing.T) {
	n := witness.NewNamespace(t)
	t.Cleanup(func() { _ = exec.Command("nft", "flush ruleset").Run() })
	header := family("ip")
	for _, flags := range []nftables.RuleCompatFlags{0, nftables.RuleCompatFlagsInvert} {
		b := transaction(n.Conn, 0)
		b.Add(n.Ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: header, Name: str("compat")}, nlconn.Create)
		b.Add(n.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: header, Table: str("compat"), Name: str("c")}, nlconn.Create)
		// struct xt_tcp: ports from 80 to 80, from 0 to 65535, an option, two masks of flags, and what is inverted.
		info := []byte{0, 0, 255, 255, 80, 0, 80, 0, 0, 0, 0, 0}
		b.Add(n.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{
			Header: header, Table: str("compat"), Chain: str("c"), Compat: &nftables.RuleCompatAttrs{Proto: u32(unix.IPPROTO_TCP), Flags: nlattr.Some(flags)},
			Expressions: exprs(&nftables.ExprMatchAttrs{Name: str("tcp"), Rev: u32(0), Info: append(info, 0, 0, 0, 0)}),
		}, nlconn.Create, nlconn.Append)
		// The match of TCP wants just this protocol.
		if err := b.Do(n.Ctx); (err == nil) != (flags == 0) || err != nil && !errors.Is(err, unix.EINVAL) {
			t.Errorf("flags %v: %v", flags, err)
		}
	}
}

// TestTimeouts makes objects with a time for each state of every protocol, and one that limits connections.
func TestTimeouts(t *testing.T) {
	h := newHooked(t, "inet")
	c := witness.NewTally(t)
	for proto, data := range map[nftables.L4Proto]nftables.CtTimeoutDataMsg{
		nftables.L4ProtoIcmp: new(nftables.CtTimeoutIcmpAttrs), nftables.L4ProtoTcp: new(nftables.CtTimeoutTcpAttrs),
		nftables.L4ProtoUdp: new(nftables.CtTimeoutUdpAttrs), nftables.L4ProtoDccp: new(nftables.CtTimeoutDccpAttrs),
		nftables.L4ProtoGre: new(nftables.CtTimeoutGreAttrs), nftables.L4ProtoIcmpv6: new(nftables.CtTimeoutIcmpv6Attrs),
		nftables.L4ProtoSctp: new(nftables.CtTimeoutSctpAttrs), nftables.L4ProtoUdplite: new(nftables.CtTimeoutUdpliteAttrs),
	} {
		v := reflect.ValueOf(data).Elem()
		for i := range v.NumField() {
			if f, ok := v.Field(i).Addr().Interface().(*nlattr.Opt[uint32]); ok {
				*f = u32(uint32(100*int(proto) + i))
			}
		}
		if sctp, ok := data.(*nftables.CtTimeoutSctpAttrs); ok { // Newer kernels do not have this state.
			sctp.HeartbeatAcked = nlattr.Opt[uint32]{}
		}
		x := &nftables.CtTimeoutAttrs{L3proto: nlattr.Some(nftables.NfprotoIpv4), L4proto: nlattr.Some(proto), Data: data}
		got := h.object(t, proto.String(), nftables.ObjectTypeCtTimeout, x)
		if got == nil {
			t.Logf("this kernel does not track %v", proto)
			continue
		}
		c.Within(proto.String(), x, got)
	}
	limit := &nftables.ConnlimitAttrs{Count: u32(5), Flags: nlattr.Some(nftables.ConnlimitFlagsInvert)}
	c.Within("connlimit", limit, h.object(t, "connlimit", nftables.ObjectTypeConnlimit, limit))
	c.Report("objects")
}

// TestDepleted uses a quota up with a packet, of which the kernel tells.
func TestDepleted(t *testing.T) {
	h := newHooked(t, "inet")
	h.Up(h.Link("lo"))
	if out, err := nft(t, "add quota inet h q { over 10 bytes }", "add chain inet h c { type filter hook output priority 0; }", `add rule inet h c udp dport 7 quota name "q"`); err != nil {
		t.Fatal(out)
	}
	sub, err := h.client.Subscribe(h.Ctx, nftables.GroupMgmt)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	hello(t)
	want := nftables.QuotaFlagsInvert | nftables.QuotaFlagsDepleted
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		x, ok := ev.(*nftables.NewobjNtf)
		if !ok {
			t.Fatalf("event %T", ev)
		}
		if q, ok := x.Data.(*nftables.QuotaAttrs); !ok || q.Flags.V != want || q.Consumed.V != 10 { // No more than all.
			t.Errorf("told of %+v", x.Data)
		}
		break
	}
	got, err := h.client.Getobj(h.Ctx, &nftables.GetobjRequest{Header: h.header, Table: str("h"), Name: str("q"), Type: nlattr.Some(nftables.ObjectTypeQuota)})
	if err != nil {
		t.Fatal(err)
	}
	if q := got.Data.(*nftables.QuotaAttrs); q.Flags.V != want {
		t.Errorf("the quota is %+v", q)
	}
}

// object makes an object and reads it; nil if this kernel does not know the protocol, which is an error of its own.
func (h *hooked) object(t *testing.T, name string, kind nftables.ObjectType, data nftables.ObjDataMsg) nftables.ObjDataMsg {
	t.Helper()
	err := h.do(&nftables.OpNewobj, &nftables.NewobjRequest{Header: h.header, Table: str("h"), Name: str(name), Data: data}, nlconn.Create, nlconn.Exclusive)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	x, err := h.client.Getobj(h.Ctx, &nftables.GetobjRequest{Header: h.header, Table: str("h"), Name: str(name), Type: nlattr.Some(kind)})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	known(t, x)
	return x.Data
}

// TestGeneration has a transaction depend on the generation of the ruleset.
func TestGeneration(t *testing.T) {
	h := newHooked(t, "inet")
	gen := func() nftables.GetgenReply {
		x, err := h.client.Getgen(h.Ctx, &nftables.GetgenRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return *x
	}
	before := gen()
	b := transaction(h.Conn, before.ID.V)
	b.Add(h.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: h.header, Table: str("h"), Name: str("c")}, nlconn.Create)
	if err := b.Do(h.Ctx); err != nil {
		t.Fatal(err)
	}
	after := gen()
	if after.ID.V != before.ID.V+1 || after.ProcPid.V == 0 || after.ProcName.V == "" {
		t.Errorf("generation %+v, then %+v", before, after)
	}
	// A batch tells which of its requests are refused, and where, by index; all others are as if they had not been.
	b = transaction(h.Conn, 0)
	b.Add(h.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: h.header, Table: str("h"), Name: str("d")}, nlconn.Create)
	for range 2 {
		b.Add(h.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: h.header, Table: str("h"), Chain: str("d"), Expressions: exprs(count(0), verdict(nftables.VerdictCodeJump, "none"))}, nlconn.Create)
	}
	err := b.Do(h.Ctx)
	var refused *nlconn.BatchError
	if !errors.As(err, &refused) || len(refused.Failed) == 0 || refused.Failed[0].Index != 1 || !strings.Contains(err.Error(), "expressions.elem[1]") {
		t.Errorf("jumps to no chain: %v", err)
	}
	if gen().ID != after.ID {
		t.Errorf("a transaction that was refused makes a generation")
	}
	chains, err := h.client.GetchainCollect(h.Ctx, &nftables.GetchainDumpRequest{Header: h.header})
	if err != nil || slices.ContainsFunc(chains, func(x *nftables.GetchainReply) bool { return x.Name.V == "d" }) {
		t.Errorf("the chain of a transaction that was refused: %v, %v", chains, err)
	}
}
