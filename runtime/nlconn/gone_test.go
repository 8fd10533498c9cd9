package nlconn_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// A generic family that is unregistered takes its groups along: a subscription says
// so, behind what came before, and goes on with the groups of the family that comes
// back.
func TestFamilyGone(t *testing.T) {
	news := nlconn.Group{Name: "news"}
	other := nlconn.Family{Name: "other", Protocol: nlconn.ProtocolGeneric, Generic: true}
	for _, opts := range [][]nlconn.Option{nil, {nlconn.WithOneSocket()}} {
		k := nltest.NewKernel()
		come := func() { register(k); k.Groups(&fou, news); k.Groups(&other, news) }
		notify := func(number uint16) {
			if err := k.Notify(context.Background(), &fou, number, news, new(nlserve.Empty)); err != nil {
				t.Error(err)
			}
		}
		come()
		conn := k.Conn(t, opts...)
		sub, err := nlconn.Subscribe(soon(t), conn, &fou, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }, news)
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2 {
			k.Unregister(&other)
			k.Groups(&other, news)
			notify(1)
			notify(2)
			k.Unregister(&fou)
			var got []uint16
			var last error
			for number, err := range sub.All(soon(t)) {
				if err != nil {
					last = err
					continue
				}
				got = append(got, number)
			}
			if len(got) != 2 || !errors.Is(last, nlconn.ErrFamilyGone) || last.Error() != "fou: family was unregistered" {
				t.Errorf("round %d: %v, %v", round, got, last)
			}
			if err := sub.Join(soon(t), news); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("joined a family that is gone: %v", err)
			}
			come()
			if err := sub.Join(soon(t), news); err != nil {
				t.Error(err)
			}
		}
		// What is still queued of the family's end, before Join, is not the end of the new one.
		move(k)
		k.Groups(&fou, news)
		if err := sub.Join(soon(t), news); err != nil {
			t.Error(err)
		}
		notify(3)
		for number, err := range sub.All(soon(t)) {
			if number != 3 || err != nil {
				t.Errorf("%d, %v", number, err)
			}
			break
		}
	}
}

// What nlctrl tells is no loss of its own, and what another namespace's does not matter.
func TestFamilyGoneElsewhere(t *testing.T) {
	s := nltest.NewScript(t)
	s.Family(&fou, nlconn.Group{Name: "news"})
	conn := s.Conn(nlconn.WithListenAllNSID())
	sub, err := nlconn.Subscribe(soon(t), conn, &fou, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }, nlconn.Group{Name: "news"})
	if err != nil {
		t.Fatal(err)
	}
	info, err := conn.Family(soon(t), "fou")
	if err != nil {
		t.Fatal(err)
	}
	del := func(id uint16) nltest.Message {
		return nltest.Typed(16, 0, []byte{2, 2, 0, 0, 6, 0, 1, 0, byte(id), byte(id >> 8), 0, 0})
	}
	s.Push(
		datagram(del(info.ID)).To(16).NSID(1),
		datagram(del(info.ID+1)).To(16),
		datagram(nltest.Typed(16, 0, []byte{1, 2, 0, 0, 6, 0, 1, 0, byte(info.ID), byte(info.ID >> 8), 0, 0})).To(16), // it comes
		datagram(nltest.Typed(16, 0, []byte{2})).To(16),
		datagram(nltest.Typed(info.ID, 0, []byte{7, 1, 0, 0})),
		datagram(del(info.ID)).To(16),
	)
	var got []uint16
	for number, err := range sub.All(soon(t)) {
		if err != nil {
			if !errors.Is(err, nlconn.ErrFamilyGone) {
				t.Error(err)
			}
			continue
		}
		got = append(got, number)
	}
	if len(got) != 1 || got[0] != 7 {
		t.Errorf("%v", got)
	}
}
