package nftables

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A hooked is a namespace with a veth, nft0 and nft1, and a table for what hooks into devices.
type hooked struct {
	*witness.Namespace
	client *nftables.Client
	header nftables.Nfgenmsg
}

func newHooked(t *testing.T, fam string) *hooked {
	t.Helper()
	n := witness.NewNamespace(t)
	n.Up(n.Veth("nft0", "nft1"))
	h := &hooked{n, nftables.New(n.Conn), family(fam)}
	if err := h.do(&nftables.OpNewtable, &nftables.NewtableRequest{Header: h.header, Name: str("h")}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b := transaction(n.Conn, 0)
		b.Add(context.Background(), &nftables.OpDestroytable, &nftables.DestroytableRequest{Header: h.header, Name: str("h")})
		if err := b.Do(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// do carries out one request as a transaction.
func (h *hooked) do(op *nlconn.Operation, req nlconn.Encodable, opts ...nlconn.CallOption) error {
	b := transaction(h.Conn, 0)
	b.Add(h.Ctx, op, req, opts...)
	return b.Do(h.Ctx)
}

// seen returns what nft lists of a kind, by its JSON.
func (h *hooked) seen(kind string) []witness.Object {
	h.Helper()
	var view struct{ Nftables []map[string]witness.Object }
	if err := json.Unmarshal(witness.Output(h.T, "nft", "-j", "list", "ruleset"), &view); err != nil {
		h.Fatal(err)
	}
	var list []witness.Object
	for _, o := range view.Nftables {
		if o[kind] != nil {
			list = append(list, o[kind])
		}
	}
	return list
}

// devices is how nft prints devices: one as itself, several as a list.
func devices(x *nftables.HookDevAttrs) any {
	if x == nil {
		return nil
	}
	if len(x.Name) == 1 {
		return x.Name[0]
	}
	return witness.Set(x.Name)
}

func on(names ...string) *nftables.HookDevAttrs { return &nftables.HookDevAttrs{Name: names} }

// TestFlowtables makes a flow table, adds and removes devices, and sends the flows of a chain to it.
func TestFlowtables(t *testing.T) {
	h := newHooked(t, "inet")
	ctx := witness.Patience(t)
	sub, err := h.client.Subscribe(ctx, nftables.GroupMgmt)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	c := witness.NewTally(t)
	compare := func(names ...string) {
		t.Helper()
		got, err := h.client.Getflowtable(h.Ctx, &nftables.GetflowtableRequest{Header: h.header, Table: str("h"), Name: str("f")})
		if err != nil {
			t.Fatal(err)
		}
		all, err := h.client.GetflowtableCollect(h.Ctx, &nftables.GetflowtableDumpRequest{Header: h.header, Table: str("h")})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d flow tables, %v", len(all), err)
		}
		c.Within("by dump", got, all[0])
		if devs := slices.Sorted(slices.Values(got.Hook.Devs.Name)); !slices.Equal(devs, names) {
			t.Errorf("the devices are %v, not %v", devs, names)
		}
		theirs := h.seen("flowtable")
		if len(theirs) != 1 {
			t.Fatalf("nft has the flow tables %v", theirs)
		}
		witness.Compare(c, "flow table", got, witness.View[*nftables.GetflowtableReply]{
			"family": func(x *nftables.GetflowtableReply) any { return x.Header.NfgenFamily },
			"hook":   func(x *nftables.GetflowtableReply) any { return map[uint32]any{0: "ingress"}[x.Hook.Num.V] },
			"prio":   func(x *nftables.GetflowtableReply) any { return x.Hook.Priority },
			"dev":    func(x *nftables.GetflowtableReply) any { return devices(x.Hook.Devs) },
		}, theirs[0])
	}
	hook := func(names ...string) *nftables.FlowtableHookAttrs {
		return &nftables.FlowtableHookAttrs{Num: u32(uint32(nftables.NetdevHookIngress)), Priority: nlattr.Some(int32(5)), Devs: on(names...)}
	}
	first := &nftables.NewflowtableRequest{
		Header: h.header, Table: str("h"), Name: str("f"), Hook: hook("nft0"), Flags: nlattr.Some(nftables.FlowtableFlagsCounter),
	}
	if err := h.do(&nftables.OpNewflowtable, first, nlconn.Create, nlconn.Exclusive); errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("this kernel has no flow tables: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	compare("nft0")
	hardware := &nftables.NewflowtableRequest{Header: h.header, Table: str("h"), Name: str("hw"), Hook: hook("nft1"), Flags: nlattr.Some(nftables.FlowtableFlagsHwOffload)}
	if err := h.do(&nftables.OpNewflowtable, hardware, nlconn.Create, nlconn.Exclusive); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("a flow table in the hardware of a veth: %v", err)
	}
	if got, _ := h.client.Getflowtable(h.Ctx, &nftables.GetflowtableRequest{Header: h.header, Table: str("h"), Name: str("f")}); got.Flags != first.Flags {
		t.Errorf("the flags are %v", got.Flags)
	}
	second := &nftables.NewflowtableRequest{Header: h.header, Table: str("h"), Name: str("f"), Hook: hook("nft1"), Flags: first.Flags}
	if err := h.do(&nftables.OpNewflowtable, second); err != nil {
		t.Fatal(err)
	}
	compare("nft0", "nft1")
	leave := &nftables.DelflowtableRequest{Header: h.header, Table: str("h"), Name: str("f"), Hook: hook("nft0")}
	if err := h.do(&nftables.OpDelflowtable, leave); err != nil {
		t.Fatal(err)
	}
	compare("nft1")

	// A chain that offloads.
	b := transaction(h.Conn, 0)
	b.Add(h.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{
		Header: h.header, Table: str("h"), Name: str("forward"), Type: str("filter"),
		Hook: &nftables.HookAttrs{Num: u32(uint32(nftables.InetHookForward)), Priority: nlattr.Some(int32(0))},
	}, nlconn.Create)
	rule := exprs(meta(nftables.MetaKeysL4Proto), cmp(nftables.CmpOpsEq, unix.IPPROTO_TCP), &nftables.ExprFlowOffloadAttrs{Name: str("f")})
	b.Add(h.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: h.header, Table: str("h"), Chain: str("forward"), Expressions: rule}, nlconn.Create)
	if err := b.Do(h.Ctx); err != nil {
		t.Fatal(err)
	}
	rules, err := h.client.GetruleCollect(h.Ctx, &nftables.GetruleDumpRequest{Header: h.header, Table: str("h")})
	if err != nil || len(rules) != 1 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	c.Within("flow_offload", rule.Elem[2].Data, rules[0].Expressions.Elem[2].Data)
	c.Field("rule", any(listed(t, "inet h forward")), []any{"meta l4proto tcp flow add @f"})
	whole := &nftables.DelflowtableRequest{Header: h.header, Table: str("h"), Name: str("f")}
	if err := h.do(&nftables.OpDelflowtable, whole); !errors.Is(err, unix.EBUSY) {
		t.Errorf("a flow table in use: %v", err)
	}
	if err := h.do(&nftables.OpDelrule, &nftables.DelruleRequest{Header: h.header, Table: str("h"), Chain: str("forward")}); err != nil {
		t.Fatal(err)
	}
	for _, op := range []*nlconn.Operation{&nftables.OpDelflowtable, &nftables.OpDestroyflowtable} {
		if err := h.do(op, whole); err != nil {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
	if err := h.do(&nftables.OpDelflowtable, whole); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a flow table that is gone: %v", err)
	}
	c.Report("flow tables")

	// What was told of it.
	var told []string
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *nftables.NewflowtableNtf:
			told = append(told, "+"+ev.Hook.Devs.Name[0])
		case *nftables.DelflowtableNtf:
			told = append(told, "-"+ev.Hook.Devs.Name[0])
		}
		if len(told) == 4 {
			break
		}
	}
	if want := []string{"+nft0", "+nft1", "-nft0", "-nft1"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// TestHooks makes chains that hook into devices, in both directions, of one device and of several.
func TestHooks(t *testing.T) {
	h := newHooked(t, "netdev")
	c := witness.NewTally(t)
	chain := func(name string, num nftables.NetdevHook, change func(x *nftables.HookAttrs)) *nftables.NewchainRequest {
		hook := &nftables.HookAttrs{Num: u32(uint32(num)), Priority: nlattr.Some(int32(-7))}
		change(hook)
		return &nftables.NewchainRequest{
			Header: h.header, Table: str("h"), Name: str(name), Type: str("filter"), Hook: hook, Policy: nlattr.Some(nftables.VerdictCodeAccept),
		}
	}
	compare := func() {
		t.Helper()
		all, err := h.client.GetchainCollect(h.Ctx, &nftables.GetchainDumpRequest{Header: h.header})
		if err != nil {
			t.Fatal(err)
		}
		theirs := h.seen("chain")
		if len(all) != len(theirs) {
			t.Fatalf("we see %d chains, nft %v", len(all), theirs)
		}
		for i, x := range all {
			witness.Compare(c, x.Name.V, x, witness.View[*nftables.GetchainReply]{
				"family": func(x *nftables.GetchainReply) any { return x.Header.NfgenFamily },
				"hook":   func(x *nftables.GetchainReply) any { return nftables.NetdevHook(x.Hook.Num.V) },
				"prio":   func(x *nftables.GetchainReply) any { return x.Hook.Priority },
				"dev": func(x *nftables.GetchainReply) any {
					if x.Hook.Dev.OK {
						return x.Hook.Dev
					}
					return devices(x.Hook.Devs)
				},
			}, theirs[i])
		}
	}
	for _, req := range []*nftables.NewchainRequest{
		chain("in", nftables.NetdevHookIngress, func(x *nftables.HookAttrs) { x.Dev = str("nft0") }),
		chain("out", nftables.NetdevHookEgress, func(x *nftables.HookAttrs) { x.Dev = str("nft1") }),
		chain("both", nftables.NetdevHookIngress, func(x *nftables.HookAttrs) { x.Devs = on("nft0", "nft1") }),
	} {
		if err := h.do(&nftables.OpNewchain, req, nlconn.Create); err != nil {
			t.Fatalf("chain %s: %v", req.Name.V, err)
		}
		compare()
	}
	hardware := chain("hw", nftables.NetdevHookIngress, func(x *nftables.HookAttrs) { x.Dev = str("nft0") })
	hardware.Flags = nlattr.Some(nftables.ChainFlagsHwOffload)
	if err := h.do(&nftables.OpNewchain, hardware, nlconn.Create); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("a chain in the hardware of a veth: %v", err)
	}
	// One more device for a chain, and one less (since Linux 6.4).
	more := chain("in", nftables.NetdevHookIngress, func(x *nftables.HookAttrs) { x.Devs = on("nft1") })
	if err := h.do(&nftables.OpNewchain, more); err != nil {
		t.Logf("this kernel adds no devices to chains: %v", err)
	} else {
		compare()
		less := &nftables.DelchainRequest{Header: h.header, Table: str("h"), Name: str("in"), Hook: more.Hook}
		less.Hook.Devs = on("nft0")
		if err := h.do(&nftables.OpDelchain, less); err != nil {
			t.Fatal(err)
		}
		compare()
		got, err := h.client.Getchain(h.Ctx, &nftables.GetchainRequest{Header: h.header, Table: str("h"), Name: str("in")})
		if err != nil || got.Hook.Dev != str("nft1") || !slices.Equal(got.Hook.Devs.Name, []string{"nft1"}) {
			t.Errorf("%v: the chain hooks into %+v", err, got.Hook)
		}
	}
	// Newer kernels wait for devices that are not there yet, and take the beginnings of names.
	for _, req := range []*nftables.NewchainRequest{
		chain("wait", nftables.NetdevHookIngress, func(x *nftables.HookAttrs) { x.Devs = on("nft9") }),
		chain("prefix", nftables.NetdevHookIngress, func(x *nftables.HookAttrs) { x.Devs = &nftables.HookDevAttrs{Prefix: []string{"nft"}} }),
	} {
		err := h.do(&nftables.OpNewchain, req, nlconn.Create)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) {
			t.Logf("chain %s: %v", req.Name.V, err)
			continue
		}
		if err != nil {
			t.Fatalf("chain %s: %v", req.Name.V, err)
		}
		got, err := h.client.Getchain(h.Ctx, &nftables.GetchainRequest{Header: h.header, Table: str("h"), Name: req.Name})
		if err != nil {
			t.Fatal(err)
		}
		c.Within(req.Name.V, req.Hook, got.Hook)
	}
	c.Report("hooks of devices")
}
