package sockdiag

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// connect returns a Conn for a namespace of the test's own, with lo up.
func connect(t *testing.T) (context.Context, *nlconn.Conn) {
	t.Helper()
	ctx, conn := witness.Connect(t)
	witness.Output(t, "ip", "link", "set", "lo", "up")
	return ctx, conn
}

const (
	allStates = uint32(0xffffffff)
	allExt    = inetdiag.Ext(0xff)
	mptcp     = 262 // IPPROTO_MPTCP
)

type reply = *inetdiag.GetReply

// sockets lists the sockets of a protocol.
func sockets(ctx context.Context, t *testing.T, c *inetdiag.Client, family, protocol uint8) []reply {
	t.Helper()
	list, err := c.GetCollect(ctx, &inetdiag.GetDumpRequest{Header: inetdiag.InetDiagReqV2{
		SdiagFamily: family, SdiagProtocol: protocol, IdiagExt: allExt, IdiagStates: allStates}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of protocol %d: %v", protocol, err)
	}
	must(t, err)
	return list
}

// inode is that of a socket of this process.
func inode(t *testing.T, c syscall.Conn) (number uint32) {
	t.Helper()
	onFD(t, c, func(fd int) error {
		number = fdInode(t, fd)
		return nil
	})
	return number
}

func fdInode(t *testing.T, fd int) uint32 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Fstat(fd, &st))
	return uint32(st.Ino)
}

func onFD(t *testing.T, c syscall.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err == nil {
		err = errors.Join(raw.Control(func(fd uintptr) { err = f(int(fd)) }), err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
