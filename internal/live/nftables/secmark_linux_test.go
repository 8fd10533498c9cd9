package nftables

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestSecmark labels packets and their connections. The only label that a security module knows without a policy is AppArmor's of who is
// not confined.
func TestSecmark(t *testing.T) {
	h := newHooked(t, "inet")
	table, label := str("h"), &nftables.SecmarkAttrs{Ctx: str("unconfined")}
	object := &nftables.NewobjRequest{Header: h.header, Table: table, Name: str("s"), Data: label}
	err := h.do(&nftables.OpNewobj, object, nlconn.Create)
	if !nettest.Guest() && (errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOENT)) {
		t.Skip("no security module of this kernel has labels: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	object.Name, object.Data = str("other"), &nftables.SecmarkAttrs{Ctx: str("nlgen//none")}
	if err := h.do(&nftables.OpNewobj, object, nlconn.Create); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a label that nobody knows: %v", err)
	}

	got, err := h.client.Getobj(h.Ctx, &nftables.GetobjRequest{Header: h.header, Table: table, Name: str("s"), Type: nlattr.Some(nftables.ObjectTypeSecmark)})
	if err != nil {
		t.Fatal(err)
	}
	all, err := h.client.GetobjCollect(h.Ctx, &nftables.GetobjDumpRequest{Header: h.header, Table: table, Type: nlattr.Some(nftables.ObjectTypeSecmark)})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d objects, %v", len(all), err)
	}
	c := witness.NewTally(t)
	for _, x := range []*nftables.GetobjReply{got, all[0]} {
		c.Within("secmark", label, x.Data)
		witness.Compare(c, "secmark", x, witness.View[*nftables.GetobjReply]{
			"family":  func(x *nftables.GetobjReply) any { return "inet" },
			"table":   func(x *nftables.GetobjReply) any { return x.Table },
			"name":    func(x *nftables.GetobjReply) any { return x.Name },
			"handle":  func(x *nftables.GetobjReply) any { return x.Handle },
			"context": func(x *nftables.GetobjReply) any { return x.Data.(*nftables.SecmarkAttrs).Ctx },
		}, h.seen("secmark")[0])
	}
	c.Report("secmark")

	b := transaction(h.Conn, 0)
	b.Add(h.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{
		Header: h.header, Table: table, Name: str("c"), Type: str("filter"), Hook: &nftables.HookAttrs{Num: u32(unix.NF_INET_LOCAL_OUT), Priority: nlattr.Some(int32(0))},
	}, nlconn.Create)
	unmarked := exprs(meta(nftables.MetaKeysSecmark), cmp(nftables.CmpOpsEq, 0, 0, 0, 0), count(0))
	set := exprs(
		meta(nftables.MetaKeysL4Proto), cmp(nftables.CmpOpsEq, unix.IPPROTO_UDP),
		&nftables.ExprObjrefAttrs{ImmType: nlattr.Some(nftables.ObjectTypeSecmark), ImmName: str("s")},
		meta(nftables.MetaKeysSecmark), &nftables.ExprCtAttrs{Key: nlattr.Some(nftables.CtKeysSecmark), Sreg: reg(reg1)},
	)
	marked := exprs(meta(nftables.MetaKeysSecmark), cmp(nftables.CmpOpsNeq, 0, 0, 0, 0), count(0))
	for _, list := range []*nftables.ExprListAttrs{unmarked, set, marked} {
		b.Add(h.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: h.header, Table: table, Chain: str("c"), Expressions: list}, nlconn.Create, nlconn.Append)
	}
	if err := b.Do(h.Ctx); err != nil {
		t.Fatal(err)
	}
	h.Up(h.Link("lo"))
	socket, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if _, err := socket.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}

	rules, err := h.client.GetruleCollect(h.Ctx, &nftables.GetruleDumpRequest{Header: h.header, Table: table, Chain: str("c")})
	if err != nil || len(rules) != 3 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	// The datagram is unmarked at first; so is the answer that nobody listens.
	counted := func(rule int) uint64 { return rules[rule].Expressions.Elem[2].Data.(*nftables.CounterAttrs).Packets.V }
	if counted(0) == 0 || counted(2) != 1 {
		t.Errorf("%d packets without a label and %d with one", counted(0), counted(2))
	}
	theirs := string(witness.Output(t, "nft", "list", "chain", "inet", "h", "c"))
	if want := `meta l4proto udp meta secmark set "s" ct secmark set meta secmark`; !strings.Contains(theirs, want) {
		t.Errorf("nft shows %s, want %s", theirs, want)
	}
	connections, err := conntrack.New(h.Conn).GetCollect(h.Ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled := 0
	for _, x := range connections {
		if x.Secctx != nil && x.Secctx.Name == label.Ctx {
			labelled++
		}
	}
	if labelled != 1 {
		t.Errorf("%d of %d connections have the label", labelled, len(connections))
	}
	if theirs := string(witness.Output(t, "conntrack", "-L")); !strings.Contains(theirs, "secctx=unconfined") {
		t.Errorf("conntrack shows %s", theirs)
	}
}
