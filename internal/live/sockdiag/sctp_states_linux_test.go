package sockdiag

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestSCTPStates keeps associations in each state that is short by nature, for what would end it is lost, and compares all that ss prints
// of them.
func TestSCTPStates(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	shut := func(t *testing.T, fd int) { must(t, unix.Shutdown(fd, unix.SHUT_WR)) }
	send := func(t *testing.T, fd int) {
		_, err := unix.Write(fd, make([]byte, 1000))
		must(t, err)
	}
	for port, x := range []struct {
		state  inetdiag.SctpState
		lost   string // a chunk
		server bool   // it is the state of the server, and not that of the client
		end    func(t *testing.T, client, server int)
	}{
		{inetdiag.SctpStateCookieWait, "init-ack", false, nil},
		{inetdiag.SctpStateCookieEchoed, "cookie-ack", false, nil},
		{inetdiag.SctpStateShutdownPending, "data", false, func(t *testing.T, client, _ int) { send(t, client); shut(t, client) }},
		{inetdiag.SctpStateShutdownSent, "shutdown", false, func(t *testing.T, client, _ int) { shut(t, client) }},
		{inetdiag.SctpStateShutdownReceived, "data", true, func(t *testing.T, client, server int) { send(t, server); shut(t, client) }},
		{inetdiag.SctpStateShutdownAckSent, "shutdown-ack", true, func(t *testing.T, client, _ int) { shut(t, client) }},
	} {
		t.Run(x.state.String(), func(t *testing.T) {
			listen, client := sctpSocket(t, unix.AF_INET), sctpSocket(t, unix.AF_INET)
			at := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 5100 + port}
			must(t, unix.Bind(listen, at))
			must(t, unix.Listen(listen, 1))
			fd := client
			if x.end == nil {
				lose(t, x.lost)
				must(t, unix.SetNonblock(client, true))
				if err := unix.Connect(client, at); err != unix.EINPROGRESS {
					t.Fatal(err)
				}
			} else {
				must(t, unix.Connect(client, at))
				server, _, err := unix.Accept(listen)
				must(t, err)
				t.Cleanup(func() { unix.Close(server) })
				lose(t, x.lost)
				x.end(t, client, server)
				if x.server {
					fd = server
				}
			}
			tally := witness.NewTally(t)
			tally.Steady(func(tally *witness.Tally) {
				endpoints, associations := sctpDump(ctx, t, c, unix.AF_INET, fd)
				if len(endpoints) != 1 || len(associations) != 1 {
					t.Fatalf("the socket has %d endpoints and %d associations", len(endpoints), len(associations))
				}
				if got := associations[0].Info.State; got != x.state {
					tally.Errorf("the state is %v", got)
				}
				compareSCTP(t, tally, fd, endpoints[0], associations[0])
			})
			tally.Report(x.state.String())
		})
	}
}

// lose loses packets with a chunk of SCTP.
func lose(t *testing.T, chunk string) {
	t.Helper()
	witness.Output(t, "nft", "add table inet loss; add chain inet loss c { type filter hook input priority 0; }; add rule inet loss c sctp chunk "+chunk+" exists drop")
	t.Cleanup(func() { _ = exec.Command("nft", "delete table inet loss").Run() })
}
