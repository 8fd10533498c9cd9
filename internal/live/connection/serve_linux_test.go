package connection

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
)

// addresses is a Handler of rt-addr that is not the kernel.
type addresses struct {
	rtaddr.UnimplementedHandler
	list []rtaddr.GetaddrReply
}

func (a *addresses) Newaddr(_ context.Context, req *rtaddr.NewaddrRequest) error {
	if req.Header.IfaIndex == 0 {
		return &nlmsg.Error{Errno: syscall.ENODEV, Message: "no such place", Attr: "label"}
	}
	a.list = append(a.list, rtaddr.GetaddrReply{Header: req.Header, Local: req.Local, Label: req.Label})
	return nil
}

func (a *addresses) GetaddrDump(context.Context, *rtaddr.GetaddrDumpRequest) iter.Seq2[*rtaddr.GetaddrReply, error] {
	return func(yield func(*rtaddr.GetaddrReply, error) bool) {
		for i := range a.list {
			if !yield(&a.list[i], nil) {
				return
			}
		}
	}
}

// TestServe serves a family through a socket of processes, with the generated handler: what it has is answered, what it lacks is refused,
// and what the policy forbids never reaches it.
func TestServe(t *testing.T) {
	sock, err := nlserve.Listen(nlconn.ProtocolUser, 0)
	if err != nil {
		t.Skip("no netlink sockets for processes: ", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- rtaddr.Serve(ctx, sock, new(addresses)) }()
	_, conn := witness.Dial(t, nlconn.WithPeer(sock.PortID()), nlconn.WithProtocol(nlconn.ProtocolUser))
	client := rtaddr.New(conn)

	local := nlattr.Some(netip.MustParseAddr("192.0.2.7"))
	header := rtaddr.Ifaddrmsg{IfaFamily: 2, IfaPrefixlen: 24, IfaIndex: 5}
	if err := client.Newaddr(ctx, &rtaddr.NewaddrRequest{Header: header, Local: local, Label: nlattr.Some("moon")}); err != nil {
		t.Error(err)
	}
	list, err := client.GetaddrCollect(ctx, &rtaddr.GetaddrDumpRequest{})
	if err != nil || len(list) != 1 || list[0].Header != header || list[0].Local != local || list[0].Label.V != "moon" {
		t.Errorf("%+v, %v", list, err)
	}

	err = client.Newaddr(ctx, &rtaddr.NewaddrRequest{Label: nlattr.Some("moon")})
	if !errors.Is(err, syscall.ENODEV) || !strings.Contains(err.Error(), "no such place") || !strings.Contains(err.Error(), "label") {
		t.Errorf("the handler's own refusal: %v", err)
	}
	if err := client.Deladdr(ctx, &rtaddr.DeladdrRequest{Header: header}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an operation that the handler lacks: %v", err)
	}
	for _, err := range client.GetanycastDump(ctx, &rtaddr.GetanycastDumpRequest{}) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a dump that the handler lacks: %v", err)
		}
	}
	long := &rtaddr.NewaddrRequest{Header: header, Label: nlattr.Some(strings.Repeat("x", 300))}
	if err := client.Newaddr(ctx, long, nlconn.NoValidate); !errors.Is(err, syscall.ERANGE) && !errors.Is(err, syscall.EINVAL) {
		t.Errorf("against the policy: %v", err)
	}
	if list, err := client.GetaddrCollect(ctx, &rtaddr.GetaddrDumpRequest{}); err != nil || len(list) != 1 {
		t.Errorf("a refused request left %d addresses, %v", len(list), err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
