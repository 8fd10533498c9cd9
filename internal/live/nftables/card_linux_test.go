package nftables

import (
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestCard leaves a chain and a flow table to a network card that says it does the work.
func TestCard(t *testing.T) {
	h := newHooked(t, "netdev")
	h.Card()
	c := witness.NewTally(t)

	chain := &nftables.NewchainRequest{
		Header: h.header, Table: str("h"), Name: str("hw"), Type: str("filter"), Flags: nlattr.Some(nftables.ChainFlagsHwOffload),
		Policy: nlattr.Some(nftables.VerdictCodeAccept),
		Hook:   &nftables.HookAttrs{Num: u32(uint32(nftables.NetdevHookIngress)), Priority: nlattr.Some(int32(1)), Dev: str("nic0")},
	}
	if err := h.do(&nftables.OpNewchain, chain, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	got, err := h.client.Getchain(h.Ctx, &nftables.GetchainRequest{Header: h.header, Table: str("h"), Name: str("hw")})
	if err != nil {
		t.Fatal(err)
	}
	c.Within("chain", chain, got, "Flags")
	if got.Flags.V&nftables.ChainFlagsHwOffload == 0 {
		t.Errorf("the flags of the chain are %v", got.Flags)
	}

	inet := family("inet")
	table := &nftables.NewtableRequest{Header: inet, Name: str("f")}
	flows := &nftables.NewflowtableRequest{
		Header: inet, Table: str("f"), Name: str("flows"), Flags: nlattr.Some(nftables.FlowtableFlagsHwOffload),
		Hook: &nftables.FlowtableHookAttrs{Num: u32(uint32(nftables.NetdevHookIngress)), Priority: nlattr.Some(int32(2)), Devs: on("nic0")},
	}
	b := transaction(h.Conn, 0)
	b.Add(h.Ctx, &nftables.OpNewtable, table, nlconn.Create)
	b.Add(h.Ctx, &nftables.OpNewflowtable, flows, nlconn.Create)
	if err := b.Do(h.Ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.do(&nftables.OpDeltable, &nftables.DeltableRequest{Header: inet, Name: str("f")}); err != nil {
			t.Error(err)
		}
	})
	x, err := h.client.Getflowtable(h.Ctx, &nftables.GetflowtableRequest{Header: inet, Table: str("f"), Name: str("flows")})
	if err != nil {
		t.Fatal(err)
	}
	c.Within("flow table", flows, x)

	for what, want := range map[string]string{
		"chain netdev h hw": `type filter hook ingress device "nic0" priority filter + 1; policy accept; flags offload;`,
		"table inet f":      "hook ingress priority filter + 2 devices = { nic0 } flags offload",
	} {
		out := strings.Join(strings.Fields(string(witness.Output(t, "nft", append([]string{"list"}, strings.Fields(what)...)...))), " ")
		if c.Fields++; !strings.Contains(out, want) {
			t.Errorf("nft lists %s", out)
		}
	}
	c.Report("a card")
}
