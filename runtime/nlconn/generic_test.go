package nlconn

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

func TestFamilyMoves(t *testing.T) {
	id, known := uint16(30), true
	lookups := 0
	conn, _, _ := scripted(t, func(h nlmsg.Header, body []byte) []Packet {
		switch {
		case h.Type == controlID && !known:
			return []Packet{datagram(ack(h, 2))}
		case h.Type == controlID:
			lookups++
			var e nlattr.Encoder
			e.Append([]byte{1, 2, 0, 0})
			e.Uint16(1, id)
			e.String(2, "fou")
			b, _ := e.Finish()
			return []Packet{datagram(message(controlID, 0, h.Seq, b)), datagram(ack(h, 0))}
		case h.Type != id || !known:
			return []Packet{datagram(ack(h, 2))}
		case body[0] == 7: // the family's own ENOENT
			return []Packet{datagram(ack(h, 2))}
		case h.Flags&nlmsg.FlagDump == nlmsg.FlagDump:
			return []Packet{datagram(message(id, 0, h.Seq, []byte{3, 1, 0, 0}), done(h, 0, 0))}
		}
		return []Packet{datagram(message(id, 0, h.Seq, []byte{3, 1, 0, 0})), datagram(ack(h, 0))}
	})
	fou := Family{Name: "fou", Protocol: ProtocolGeneric, Generic: true, Version: 1}
	get := Operation{Family: &fou, Name: "get", Request: 3, Reply: 3, Single: true}
	own := Operation{Family: &fou, Name: "own", Request: 7}
	for _, next := range []uint16{30, 30, 31, 32} {
		id = next
		if _, err := Do[nothing](soon(t), conn, &get, nil); err != nil {
			t.Errorf("id %d: %v", id, err)
		}
	}
	if lookups != 3 {
		t.Errorf("%d look-ups, want 3", lookups)
	}
	id = 33
	if all, err := Collect[nothing](soon(t), conn, &get, nil); err != nil || len(all) != 1 {
		t.Errorf("dump: %d, %v", len(all), err)
	}
	err := Exec(soon(t), conn, &own, nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "fou: own: ENOENT") {
		t.Error(err)
	}
	known = false
	for _, err := range []error{
		Exec(soon(t), conn, &own, nil), Exec(soon(t), conn, &own, nil),
		func() error { _, err := Collect[nothing](soon(t), conn, &get, nil); return err }(),
	} {
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), `generic netlink family "fou"`) {
			t.Error(err)
		}
	}
	known, id = true, 34
	if err := Exec(soon(t), conn, &get, nil); err != nil {
		t.Error(err)
	}
}

// nothing is a message without content.
type nothing struct{}

func (*nothing) DecodeFrom(d *nlattr.Decoder) {
	for d.Next() {
	}
}
