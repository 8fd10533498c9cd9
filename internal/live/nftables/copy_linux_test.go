package nftables

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A copier reads a table and makes all of it again under another name, in one transaction. What has no name of its own, such as the set
// of a list in a rule, has a number of that transaction.
type copier struct {
	*witness.Namespace
	client   *nftables.Client
	header   nftables.Nfgenmsg
	from, to nlattr.Opt[string]
	batch    *nlconn.Batch
	sets     map[string]set    // by their names in the table that is read
	chains   map[string]uint32 // numbers of chains without a name, by the names that the kernel gave them
}

// A set is how the copy of a set is referred to.
type set struct {
	name nlattr.Opt[string]
	id   nlattr.Opt[uint32]
}

// duplicate has a table made again.
func duplicate(n *witness.Namespace, fam, from, to string) {
	n.Helper()
	c := &copier{n, nftables.New(n.Conn), family(fam), str(from), str(to), transaction(n.Conn, 0), map[string]set{}, map[string]uint32{}}
	table, err := c.client.Gettable(c.Ctx, &nftables.GettableRequest{Header: c.header, Name: c.from})
	if err != nil {
		c.Fatal(err)
	}
	known(n.T, table)
	c.add(&nftables.OpNewtable, &nftables.NewtableRequest{Header: c.header, Name: c.to, Flags: table.Flags, Userdata: table.Userdata})
	c.objects()
	c.flowtables()
	c.addChains()
	c.addSets()
	c.elements()
	c.rules()
	if err := c.batch.Do(c.Ctx); err != nil {
		c.Fatalf("copy of %s %s: %v", fam, from, err)
	}
}

func (c *copier) add(op *nlconn.Operation, req nlconn.Encodable, opts ...nlconn.CallOption) {
	c.batch.Add(c.Ctx, op, req, append(opts, nlconn.Create)...)
}

// known fails if a reply has what the spec does not.
func known[T any](t *testing.T, list ...T) {
	t.Helper()
	for _, x := range list {
		witness.Known(t, fmt.Sprintf("%T", x), x)
	}
}

func read[T any](c *copier, list []T, err error) []T {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	known(c.T, list...)
	return list
}

func (c *copier) objects() {
	all, err := c.client.GetobjCollect(c.Ctx, &nftables.GetobjDumpRequest{Header: c.header, Table: c.from})
	for _, x := range read(c, all, err) {
		c.add(&nftables.OpNewobj, &nftables.NewobjRequest{Header: c.header, Table: c.to, Name: x.Name, Type: x.Type, Data: x.Data, Userdata: x.Userdata})
	}
}

func (c *copier) flowtables() {
	all, err := c.client.GetflowtableCollect(c.Ctx, &nftables.GetflowtableDumpRequest{Header: c.header, Table: c.from})
	for _, x := range read(c, all, err) {
		c.add(&nftables.OpNewflowtable, &nftables.NewflowtableRequest{Header: c.header, Table: c.to, Name: x.Name, Hook: x.Hook, Flags: x.Flags})
	}
}

func (c *copier) addChains() {
	all, err := c.client.GetchainCollect(c.Ctx, &nftables.GetchainDumpRequest{Header: c.header})
	for _, x := range read(c, all, err) {
		if x.Table != c.from {
			continue
		}
		req := &nftables.NewchainRequest{
			Header: c.header, Table: c.to, Name: x.Name, Hook: x.Hook, Policy: x.Policy, Type: x.Type, Counters: x.Counters, Flags: x.Flags, Userdata: x.Userdata,
		}
		if x.Flags.V&nftables.ChainFlagsBinding != 0 {
			c.chains[x.Name.V] = uint32(len(c.chains) + 1)
			req.Name, req.ID = nlattr.Opt[string]{}, u32(c.chains[x.Name.V])
		}
		c.add(&nftables.OpNewchain, req)
	}
}

func (c *copier) addSets() {
	all, err := c.client.GetsetCollect(c.Ctx, &nftables.GetsetDumpRequest{Header: c.header, Table: c.from})
	for i, x := range read(c, all, err) {
		s := set{x.Name, u32(uint32(i + 1))}
		if x.Flags.V&nftables.SetFlagsAnonymous != 0 {
			s.name = str(strings.TrimRight(x.Name.V, "0123456789") + "%d")
		}
		c.sets[x.Name.V] = s
		c.add(&nftables.OpNewset, &nftables.NewsetRequest{
			Header: c.header, Table: c.to, Name: s.name, ID: s.id, Flags: x.Flags, KeyType: x.KeyType, KeyLen: x.KeyLen, DataType: x.DataType,
			DataLen: x.DataLen, Policy: x.Policy, Desc: x.Desc, Timeout: x.Timeout, GcInterval: x.GcInterval, Userdata: x.Userdata,
			ObjType: x.ObjType, Expr: x.Expr, Expressions: x.Expressions,
		})
	}
}

func (c *copier) elements() {
	for _, name := range slices.Sorted(maps.Keys(c.sets)) {
		all, err := c.client.GetsetelemCollect(c.Ctx, &nftables.GetsetelemDumpRequest{Header: c.header, Table: c.from, Set: str(name)})
		for _, x := range read(c, all, err) {
			if x.Elements == nil {
				continue
			}
			for i := range x.Elements.Elem {
				e := &x.Elements.Elem[i]
				e.Data = c.data(e.Data)
			}
			s := c.sets[name]
			c.add(&nftables.OpNewsetelem, &nftables.NewsetelemRequest{Header: c.header, Table: c.to, Set: s.name, SetID: s.id, Elements: x.Elements})
		}
	}
}

// data is what an element or a rule of the copy has.
func (c *copier) data(x *nftables.DataAttrs) *nftables.DataAttrs {
	if x == nil || x.Verdict == nil || c.chains[x.Verdict.Chain.V] == 0 {
		return x
	}
	return &nftables.DataAttrs{Verdict: &nftables.VerdictAttrs{Code: x.Verdict.Code, ChainID: u32(c.chains[x.Verdict.Chain.V])}}
}

func (c *copier) rules() {
	all, err := c.client.GetruleCollect(c.Ctx, &nftables.GetruleDumpRequest{Header: c.header, Table: c.from})
	// A chain without a name takes no more rules once it is jumped to.
	slices.SortStableFunc(all, func(a, b *nftables.GetruleReply) int {
		return int(c.chains[b.Chain.V]) - int(c.chains[a.Chain.V])
	})
	for _, x := range read(c, all, err) {
		req := &nftables.NewruleRequest{Header: c.header, Table: c.to, Chain: x.Chain, Userdata: x.Userdata, Expressions: new(nftables.ExprListAttrs)}
		if id := c.chains[x.Chain.V]; id != 0 {
			req.Chain, req.ChainID = nlattr.Opt[string]{}, u32(id)
		}
		for _, e := range x.Expressions.Elem {
			req.Expressions.Elem = append(req.Expressions.Elem, nftables.ExprAttrs{Name: e.Name, Data: c.expression(e.Data)})
		}
		c.add(&nftables.OpNewrule, req, nlconn.Append)
	}
}

// expression is what a rule of the copy has: it refers to sets and chains of the copy, and lacks what kernels answer and do not accept,
// which are zeros of attributes that the rule does not have.
func (c *copier) expression(x nftables.ExprOpsMsg) nftables.ExprOpsMsg {
	switch x := x.(type) {
	case *nftables.ExprImmediateAttrs:
		return &nftables.ExprImmediateAttrs{Dreg: x.Dreg, Data: c.data(x.Data)}
	case *nftables.ExprLookupAttrs:
		y := *x
		y.Set, y.SetID = c.sets[x.Set.V].name, c.sets[x.Set.V].id
		return &y
	case *nftables.ExprObjrefAttrs:
		y := *x
		if x.SetName.OK {
			y.SetName, y.SetID = c.sets[x.SetName.V].name, c.sets[x.SetName.V].id
		}
		return &y
	case *nftables.ExprExthdrAttrs:
		y := *x
		if !y.Dreg.OK {
			y.Flags = nlattr.Opt[nftables.ExthdrFlags]{}
		}
		if !y.Dreg.OK && !y.Sreg.OK { // The option is to be removed.
			y.Offset, y.Len = nlattr.Opt[uint32]{}, nlattr.Opt[uint32]{}
		}
		return &y
	case *nftables.ExprOsfAttrs:
		y := *x
		if y.Flags.V == 0 {
			y.Flags = nlattr.Opt[nftables.OsfFlags]{}
		}
		return &y
	case *nftables.ExprDynsetAttrs:
		y := *x
		if y.Timeout.V == 0 {
			y.Timeout = nlattr.Opt[uint64]{}
		}
		if y.Expressions != nil { // A flag that they need, and that no answer has.
			y.Flags.V |= nftables.DynsetFlagsExpr
		}
		return &y
	}
	return x
}

// ruleset returns all that nft lists, by its JSON: objects that have one key, their kind.
func ruleset(t *testing.T) []witness.Object {
	t.Helper()
	var view struct{ Nftables []witness.Object }
	if err := json.Unmarshal(witness.Output(t, "nft", "-j", "-n", "list", "ruleset"), &view); err != nil {
		t.Fatal(err)
	}
	return view.Nftables
}

// inTable returns what nft lists of a table, without its name and without the numbers that the kernel gives.
func inTable(all []witness.Object, fam, table string) []witness.Object {
	var list []witness.Object
	for _, o := range all {
		for kind, x := range o {
			x, ok := x.(witness.Object)
			if !ok || x["family"] != fam || x["table"] != table && (kind != "table" || x["name"] != table) {
				continue
			}
			x = maps.Clone(x)
			delete(x, "table")
			delete(x, "handle")
			if kind == "table" {
				delete(x, "name")
			}
			list = append(list, witness.Object{kind: x})
		}
	}
	return list
}

// alike holds each key of what nft lists of two tables against each other.
func alike(t *testing.T, tally *witness.Tally, fam, one, two string) {
	t.Helper()
	tally.Steady(func(tally *witness.Tally) {
		all := ruleset(t)
		theirs, ours := inTable(all, fam, one), inTable(all, fam, two)
		tally.Fields += values(any(theirs))
		if len(theirs) < 2 {
			tally.Errorf("nft lists nothing in the table %s %s", fam, one)
		}
		if diff := gocmp.Diff(theirs, ours); diff != "" {
			tally.Errorf("table %s: nft lists -, of what we made of it +:\n%s", fam, diff)
		}
	})
}

// values counts the values in what a tool printed.
func values(x any) int {
	n := 0
	switch x := x.(type) {
	case []witness.Object:
		for _, v := range x {
			n += values(v)
		}
	case witness.Object:
		for _, v := range x {
			n += values(v)
		}
	case []any:
		for _, v := range x {
			n += values(v)
		}
	default:
		return 1
	}
	return n
}
