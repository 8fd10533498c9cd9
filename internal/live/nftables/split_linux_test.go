package nftables

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestSplit fills a set with more elements than a message holds, in one transaction.
func TestSplit(t *testing.T) {
	ctx, conn := witness.Connect(t)
	const count = 20000
	elements := make([]nftables.SetelemAttrs, count)
	for i := range elements {
		elements[i].Key = value(binary.BigEndian.AppendUint32(nil, 10<<24|uint32(i))...)
	}
	request := func(part []nftables.SetelemAttrs) *nftables.NewsetelemRequest {
		return &nftables.NewsetelemRequest{Header: inet, Table: str("t"), Set: str("s"), Elements: &nftables.SetelemListElemAttrs{Elem: part}}
	}
	begin := func() *nlconn.Batch {
		b := transaction(conn, 0)
		b.Add(ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: inet, Name: str("t")}, nlconn.Create)
		b.Add(ctx, &nftables.OpNewset, &nftables.NewsetRequest{Header: inet, Table: str("t"), Name: str("s"), ID: u32(1), KeyType: u32(7), KeyLen: u32(4)}, nlconn.Create)
		return b
	}

	// Nobody asked: nothing is split, and nothing happens.
	b := begin()
	b.Add(ctx, &nftables.OpNewsetelem, request(elements), nlconn.Create)
	if err := b.Do(ctx); !errors.Is(err, nlattr.ErrTooLong) || !strings.Contains(err.Error(), "elements") {
		t.Fatal(err)
	}
	if tables := witness.Output(t, "nft", "list", "tables"); len(tables) != 0 {
		t.Errorf("a batch that was not sent left %s", tables)
	}

	b = begin()
	nlconn.AddSplit(ctx, b, &nftables.OpNewsetelem, elements, func(_ int, part []nftables.SetelemAttrs) nlconn.Encodable { return request(part) }, nlconn.Create)
	if err := b.Do(ctx); err != nil {
		t.Fatal(err)
	}
	// An element is 16 bytes on the wire.
	if requests := b.Len() - 2; requests < 5 || requests > 6 {
		t.Errorf("%d requests for %d elements", requests, count)
	}
	text := string(witness.Output(t, "nft", "list", "set", "inet", "t", "s"))
	if n := strings.Count(text, "10.0."); n != count || !strings.Contains(text, "10.0.78.31") {
		t.Errorf("nft shows %d elements", n)
	}
}
