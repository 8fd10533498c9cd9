package traffic

import (
	"context"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Tracked makes the connection of each packet, sends that, and compares the connection that another family tells with it with what the
// family conntrack says. The function reads the packet, and returns a message of its family with the connection and nothing else.
func Tracked(t *testing.T, read func(name string) ([]byte, error)) {
	t.Helper()
	for _, name := range []string{"acct", "timestamp"} {
		if err := os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_"+name, []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
	}
	Addresses(t)
	ctx, conn := witness.Dial(t)
	flows := conntrack.New(conn)
	t.Cleanup(func() { _ = flows.Delete(context.Background(), nil) })
	all := Packets()
	for _, name := range witness.SortedKeys(all) {
		p := all[name]
		if err := flows.New(ctx, p.Flow, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p.Send(t)
		b, err := read(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := flows.Get(ctx, &conntrack.GetRequest{Header: p.Flow.Header, TupleOrig: p.Flow.TupleOrig, Zone: p.Flow.Zone})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := new(conntrack.GetReply)
		// The attributes stand behind the header of the message and that of the nest.
		if err := got.UnmarshalBinary(append([]byte{want.Header.NfgenFamily, 0, 0, 0}, b[8:]...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got.Timeout, want.Timeout, want.Use = nlattr.Opt[uint32]{}, nlattr.Opt[uint32]{}, nlattr.Opt[uint32]{}
		if diff := cmp.Diff(want, got, witness.Addresses); diff != "" {
			t.Errorf("%s: conntrack says -, the packet +:\n%s", name, diff)
		}
	}
}
