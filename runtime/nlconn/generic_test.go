package nlconn_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

var (
	fou    = nlconn.Family{Name: "fou", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 1}
	fouGet = nlconn.Operation{Family: &fou, Name: "get", Request: 3, Reply: 3, Single: true}
	fouOwn = nlconn.Operation{Family: &fou, Name: "own", Request: 7}
)

// register registers the family fou, with an operation that answers an ENOENT of
// its own.
func register(k *nltest.Kernel) {
	k.Handle(
		nlserve.Do(&fouGet, func(context.Context, *nlserve.Empty) (*nlserve.Empty, error) { return new(nlserve.Empty), nil }),
		nlserve.Dump(&fouGet, func(context.Context, *nlserve.Empty) iter.Seq2[*nlserve.Empty, error] {
			return func(yield func(*nlserve.Empty, error) bool) { yield(new(nlserve.Empty), nil) }
		}),
		nlserve.Exec(&fouOwn, func(context.Context, *nlserve.Empty) error { return syscall.ENOENT }),
	)
}

// move has the family go away and come back with another id.
func move(k *nltest.Kernel) {
	k.Unregister(&fou)
	register(k)
}

func TestFamilyMoves(t *testing.T) {
	k := nltest.NewKernel()
	register(k)
	lookups := 0
	conn := k.Conn(t, nlconn.WithHooks(nlconn.Hooks{In: func(_ int, h nlmsg.Header, _ []byte) {
		if h.Type == 16 {
			lookups++
		}
	}}))
	for i := range 4 {
		if i >= 2 {
			move(k)
		}
		if _, err := nlconn.Do[nlserve.Empty](soon(t), conn, &fouGet, nil); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if lookups != 3 {
		t.Errorf("%d look-ups, want 3", lookups)
	}
	move(k)
	if all, err := nlconn.Collect[nlserve.Empty](soon(t), conn, &fouGet, nil); err != nil || len(all) != 1 {
		t.Errorf("dump: %d, %v", len(all), err)
	}
	err := nlconn.Exec(soon(t), conn, &fouOwn, nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "fou: own: ENOENT") {
		t.Error(err)
	}
	// A batch is not sent again, but the next one is right.
	for i := range 4 {
		if i == 2 {
			move(k)
		}
		b := conn.NewBatch(nlconn.ProtocolGeneric)
		b.Add(soon(t), &fouGet, nil)
		if err := b.Do(soon(t)); (err != nil) != (i == 2) || err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("batch %d: %v", i, err)
		}
	}
	k.Unregister(&fou)
	for _, err := range []error{
		nlconn.Exec(soon(t), conn, &fouOwn, nil), nlconn.Exec(soon(t), conn, &fouOwn, nil),
		func() error { _, err := nlconn.Collect[nlserve.Empty](soon(t), conn, &fouGet, nil); return err }(),
	} {
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), `generic netlink family "fou"`) {
			t.Error(err)
		}
	}
	register(k)
	if err := nlconn.Exec(soon(t), conn, &fouGet, nil); err != nil {
		t.Error(err)
	}
}

// One Conn serves two protocols at once, each in loops of the other.
func TestTwoProtocols(t *testing.T) {
	k := newLinks("a", "b")
	register(k)
	conn := k.Conn(t)
	if _, err := nlconn.Do[nlserve.Empty](soon(t), conn, &fouGet, nil); err != nil {
		t.Fatal(err)
	}
	n := 0
	for l, err := range nlconn.Dump[link](soon(t), conn, &opGetlink, nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range nlconn.Dump[nlserve.Empty](soon(t), conn, &fouGet, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if got, err := nlconn.Do[link](soon(t), conn, &opGetlink, &link{Index: l.Index}); err != nil || got.Name != l.Name {
				t.Errorf("%+v, %v", got, err)
			}
			n++
		}
	}
	if n != 2 || k.Sockets() > 3 {
		t.Errorf("%d messages, %d sockets", n, k.Sockets())
	}
}
