package rtaddr_test

import (
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestPrefix(t *testing.T) {
	for text, family := range map[string]uint8{"192.0.2.1/24": 2, "2001:db8::1/64": 10, "0.0.0.0/0": 2, "::ffff:192.0.2.1/128": 10} {
		p := netip.MustParsePrefix(text)
		var add rtaddr.NewaddrRequest
		add.SetPrefix(p)
		var del rtaddr.DeladdrRequest
		del.SetPrefix(p)
		if add.Header != del.Header || add.Header.IfaFamily != family || add.Local != del.Local {
			t.Errorf("%s: %+v and %+v", text, add, del)
		}
		reply := rtaddr.GetaddrReply{Header: add.Header, Local: add.Local}
		if got := reply.Prefix(); got != p {
			t.Errorf("%s: local gives %s", text, got)
		}
		// IPv6 tells the address alone; on a point-to-point link address is the peer's.
		reply.Local, reply.Address = reply.Address, reply.Local
		if got := reply.Prefix(); got != p {
			t.Errorf("%s: address gives %s", text, got)
		}
		reply.Local, reply.Address = reply.Address, nlattr.Some(netip.MustParseAddr("198.51.100.1"))
		if got := reply.Prefix(); got != p {
			t.Errorf("%s: beside a peer: %s", text, got)
		}
	}
	if got := new(rtaddr.GetaddrReply).Prefix(); got.IsValid() {
		t.Errorf("without an address: %s", got)
	}
}
