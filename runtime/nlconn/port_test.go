package nlconn_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A port can be bound once, so a socket that nobody uses any more must not keep
// it from one of another kind: one that is lax, or a transaction's own.
func TestPortIsFree(t *testing.T) {
	k := newLinks("a", "b")
	edge := nlconn.Operation{Family: &rtLink, Name: "batch-edge", Request: opSetlink.Request}
	other := opSetlink // of another protocol, over which the Conn does not talk
	other.Family = &nlconn.Family{Name: rtLink.Name, Protocol: nlconn.ProtocolNetfilter}
	for _, opts := range [][]nlconn.Option{{}, {nlconn.WithProtocol(nlconn.ProtocolRoute)}} {
		opts = append(opts, nlconn.WithPort(77))
		conn := k.Conn(t, opts...)
		for range 2 {
			if len(opts) > 1 {
				if err := nlconn.Exec(soon(t), conn, &other, &link{Name: "a"}); err != nil {
					t.Errorf("other protocol: %v", err)
				}
			}
			if err := nlconn.Exec(soon(t), conn, &opSetlink, &link{Name: "a"}); err != nil {
				t.Error(err)
			}
			if err := nlconn.Exec(soon(t), conn, &opSetlink, &link{Name: "a"}, nlconn.Lax); err != nil {
				t.Errorf("lax: %v", err)
			}
			b := conn.NewBatch(nlconn.ProtocolRoute, nlconn.Transaction(&edge, &link{Name: "a"}, &edge, &link{Name: "b"}))
			b.Add(soon(t), &opNewlink, &link{Name: "c", Info: &linkInfo{Kind: "dummy"}})
			if err := b.Do(soon(t)); err != nil {
				t.Errorf("transaction: %v", err)
			}
			if err := nlconn.Exec(soon(t), conn, &opDellink, &link{Name: "c"}); err != nil {
				t.Error(err)
			}
		}
		if n := k.Sockets(); n != 1 {
			t.Errorf("%d sockets are open", n)
		}
		// While it is in use, nobody else gets it.
		for range nlconn.Dump[link](soon(t), conn, &opGetlink, nil) {
			if err := nlconn.Exec(soon(t), conn, &opSetlink, &link{Name: "a"}); !errors.Is(err, syscall.EADDRINUSE) {
				t.Error(err)
			}
			for _, opts := range [][]nlconn.BatchOption{nil, {nlconn.Transaction(&edge, nil, &edge, nil)}} {
				err := fill(t, conn, []string{"c", "d"}, opts...).Do(soon(t))
				var e *nlconn.BatchError
				if !errors.As(err, &e) || !errors.Is(e.Err, syscall.EADDRINUSE) || len(e.Failed) != 2 || !errors.Is(e.Failed[1], syscall.EADDRINUSE) {
					t.Errorf("batch: %v", err)
				}
			}
		}
		conn.Close()
	}
}
