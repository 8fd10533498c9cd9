package nftables

import (
	"fmt"
	"testing"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// count is a counter with a state.
func count(n uint64) *nftables.CounterAttrs {
	return &nftables.CounterAttrs{Packets: nlattr.Some(n), Bytes: nlattr.Some(100 * n)}
}

// quota is a quota of which something is used.
func quota(used uint64) *nftables.QuotaAttrs {
	return &nftables.QuotaAttrs{Bytes: nlattr.Some(uint64(5000)), Consumed: nlattr.Some(used), Flags: nlattr.Some(nftables.QuotaFlagsInvert)}
}

// state is what a counter or a quota has counted.
func state(x any) string {
	switch x := x.(type) {
	case *nftables.CounterAttrs:
		return fmt.Sprint(x.Packets.V, "/", x.Bytes.V)
	case *nftables.QuotaAttrs:
		return fmt.Sprint(x.Consumed.V)
	}
	return fmt.Sprintf("%T", x)
}

// A resetting is a test of one kind of things with a state: each call returns the states of all, in the order of their making.
type resetting struct {
	name, before string          // the state of the first
	zero         []string        // both states after their reset
	read, reset  func() []string // all
	one          func() string   // reset the first alone
	seen         func() []string // by nft
}

// TestReset reads states and sets them to zero in one step: of objects, rules and elements, one and all.
func TestReset(t *testing.T) {
	h := newHooked(t, "inet")
	table := str("h")
	b := transaction(h.Conn, 0)
	for _, req := range []*nftables.NewobjRequest{{Name: str("a"), Data: count(3)}, {Name: str("b"), Data: quota(70)}} {
		req.Header, req.Table = h.header, table
		b.Add(h.Ctx, &nftables.OpNewobj, req, nlconn.Create)
	}
	b.Add(h.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: h.header, Table: table, Name: str("c")}, nlconn.Create)
	for _, list := range []*nftables.ExprListAttrs{exprs(count(4)), exprs(quota(80))} {
		b.Add(h.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: h.header, Table: table, Chain: str("c"), Expressions: list}, nlconn.Create, nlconn.Append)
	}
	set := &nftables.NewsetRequest{
		Header: h.header, Table: table, Name: str("s"), ID: u32(1), KeyType: u32(13), KeyLen: u32(2), Expr: &nftables.ExprAttrs{Data: count(0)},
	}
	b.Add(h.Ctx, &nftables.OpNewset, set, nlconn.Create)
	elements := &nftables.SetelemListElemAttrs{Elem: []nftables.SetelemAttrs{
		{Key: value(0, 80), Expr: &nftables.ExprAttrs{Data: count(5)}}, {Key: value(0, 81), Expr: &nftables.ExprAttrs{Data: count(6)}},
	}}
	b.Add(h.Ctx, &nftables.OpNewsetelem, &nftables.NewsetelemRequest{Header: h.header, Table: table, Set: str("s"), Elements: elements}, nlconn.Create)
	if err := b.Do(h.Ctx); err != nil {
		t.Fatal(err)
	}

	objects := func(get func() ([]*nftables.GetobjReply, error)) func() []string {
		return func() (states []string) {
			all, err := get()
			if err != nil || len(all) != 2 {
				t.Fatalf("%d objects, %v", len(all), err)
			}
			byName := map[string]string{}
			for _, x := range all {
				byName[x.Name.V] = state(x.Data)
			}
			return []string{byName["a"], byName["b"]}
		}
	}
	var handle nlattr.Opt[uint64] // of the first rule
	rules := func(get func() ([]*nftables.GetruleReply, error)) func() []string {
		return func() (states []string) {
			all, err := get()
			if err != nil || len(all) != 2 {
				t.Fatalf("%d rules, %v", len(all), err)
			}
			handle = all[0].Handle
			for _, x := range all {
				states = append(states, state(x.Expressions.Elem[0].Data))
			}
			return states
		}
	}
	element := func(list []*nftables.GetsetelemReply, err error) []string {
		states := map[byte]string{}
		for _, reply := range list {
			for _, x := range reply.Elements.Elem {
				if x.Expr == nil || x.Key == nil {
					t.Fatalf("an element without counter: %+v", x)
				}
				states[x.Key.Value[1]] = state(x.Expr.Data)
			}
		}
		if err != nil || len(states) == 0 {
			t.Fatalf("elements: %v, %v", states, err)
		}
		return []string{states[80], states[81]}
	}
	objDump := &nftables.GetobjDumpRequest{Header: h.header, Table: table}
	ruleDump := &nftables.GetruleDumpRequest{Header: h.header, Table: table, Chain: str("c")}
	elemDump := &nftables.GetsetelemDumpRequest{Header: h.header, Table: table, Set: str("s")}
	for _, r := range []resetting{
		{
			name: "objects", before: "3/300", zero: []string{"0/0", "0"},
			read:  objects(func() ([]*nftables.GetobjReply, error) { return h.client.GetobjCollect(h.Ctx, objDump) }),
			reset: objects(func() ([]*nftables.GetobjReply, error) { return h.client.GetobjResetCollect(h.Ctx, objDump) }),
			one: func() string {
				x, err := h.client.GetobjReset(h.Ctx, &nftables.GetobjResetRequest{Header: h.header, Table: table, Name: str("a"), Type: nlattr.Some(nftables.ObjectTypeCounter)})
				if err != nil {
					t.Fatal(err)
				}
				return state(x.Data)
			},
			seen: func() []string {
				a, b := h.seen("counter")[0], h.seen("quota")[0]
				used := b["used"]
				if used == nil {
					used = 0
				}
				return []string{fmt.Sprint(a["packets"], "/", a["bytes"]), fmt.Sprint(used)}
			},
		},
		{
			name: "rules", before: "4/400", zero: []string{"0/0", "0"},
			read:  rules(func() ([]*nftables.GetruleReply, error) { return h.client.GetruleCollect(h.Ctx, ruleDump) }),
			reset: rules(func() ([]*nftables.GetruleReply, error) { return h.client.GetruleResetCollect(h.Ctx, ruleDump) }),
			one: func() string {
				x, err := h.client.GetruleReset(h.Ctx, &nftables.GetruleResetRequest{Header: h.header, Table: table, Chain: str("c"), Handle: handle})
				if err != nil {
					t.Fatal(err)
				}
				return state(x.Expressions.Elem[0].Data)
			},
			seen: func() []string {
				list := h.seen("rule")
				a := list[0]["expr"].([]any)[0].(witness.Object)["counter"].(witness.Object)
				b := list[1]["expr"].([]any)[0].(witness.Object)["quota"].(witness.Object)
				used := b["used"]
				if used == nil {
					used = 0
				}
				return []string{fmt.Sprint(a["packets"], "/", a["bytes"]), fmt.Sprint(used)}
			},
		},
		{
			name: "elements", before: "5/500", zero: []string{"0/0", "0/0"},
			read:  func() []string { return element(h.client.GetsetelemCollect(h.Ctx, elemDump)) },
			reset: func() []string { return element(h.client.GetsetelemResetCollect(h.Ctx, elemDump)) },
			one: func() string {
				x, err := h.client.GetsetelemReset(h.Ctx, &nftables.GetsetelemResetRequest{
					Header: h.header, Table: table, Set: str("s"), Elements: &nftables.SetelemListElemAttrs{Elem: []nftables.SetelemAttrs{{Key: value(0, 80)}}},
				})
				return element([]*nftables.GetsetelemReply{x}, err)[0]
			},
			seen: func() []string {
				states := map[any]string{}
				for _, e := range h.seen("set")[0]["elem"].([]any) {
					x := e.(witness.Object)["elem"].(witness.Object)
					n := x["counter"].(witness.Object)
					states[x["val"]] = fmt.Sprint(n["packets"], "/", n["bytes"])
				}
				return []string{states[80.0], states[81.0]}
			},
		},
	} {
		same := func(when string, want []string) {
			t.Helper()
			if got := fmt.Sprint(r.read()); got != fmt.Sprint(want) {
				t.Errorf("%s %s: %s, not %v", r.name, when, got, want)
			}
			if got := fmt.Sprint(r.seen()); got != fmt.Sprint(want) {
				t.Errorf("%s %s: nft sees %s, not %v", r.name, when, got, want)
			}
		}
		states := r.read()
		if states[0] != r.before || states[1] == r.zero[1] {
			t.Errorf("%s: at first %v", r.name, states)
		}
		same("at first", states)
		if got := r.one(); got != r.before {
			t.Errorf("%s: the reset of one answers %s", r.name, got)
		}
		same("after the reset of one", []string{r.zero[0], states[1]})
		if got := fmt.Sprint(r.reset()); got != fmt.Sprint([]string{r.zero[0], states[1]}) {
			t.Errorf("%s: the reset of all answers %s", r.name, got)
		}
		same("after the reset of all", r.zero)
	}
}
