package nlserve

import (
	"context"
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Notify multicasts a notification: a message of the family with the given
// number, to the members of a group. A group without an ID is looked up by its
// name.
//
// If ctx is that of a method and the client asked for an echo (NLM_F_ECHO), the
// notification also goes to the client, between the reply and the ack.
func (s *Server) Notify(ctx context.Context, f *nlconn.Family, number uint16, g nlconn.Group, v nlconn.Encodable) error {
	id, typ, err := s.group(f, g)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	var except uint32
	if c := CallOf(ctx); c != nil && c.Header.Flags&nlmsg.FlagEcho != 0 {
		except = c.Peer.Port
		b, err := encode(nil, f, nlmsg.Header{Type: typ, Seq: c.Header.Seq, PID: except}, number, v, nil)
		if err != nil {
			return fmt.Errorf("%s: notify: %w", f.Name, err)
		}
		c.echoes = append(c.echoes, b)
	}
	b, err := encode(nil, f, nlmsg.Header{Type: typ}, number, v, nil)
	if err != nil {
		return fmt.Errorf("%s: notify: %w", f.Name, err)
	}
	s.mu.RLock()
	multicast, serving := s.multicast, slices.Clone(s.serving)
	s.mu.RUnlock()
	if multicast != nil {
		multicast(f.Protocol, id, b, except)
		return nil
	}
	for _, sock := range serving {
		_ = sock.SendTo(b, 0, id) // Nobody may be listening.
	}
	return nil
}
