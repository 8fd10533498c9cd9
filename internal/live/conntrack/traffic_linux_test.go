package conntrack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// serveFTP answers one client as an FTP server does that is asked for a port to connect to.
func serveFTP(t *testing.T, control net.Listener, port int) {
	conn, err := control.Accept()
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "220 ready\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "PASV\r\n" {
		t.Errorf("the client says %q, %v", line, err)
	}
	fmt.Fprintf(conn, "227 Entering Passive Mode (127,0,0,1,%d,%d).\r\n", port>>8, port&255)
}

// TestHelper has the kernel's helper read an FTP connection: it expects another one, which then belongs to it.
func TestHelper(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Up(n.Link("lo"))
	ctx, c := client(t)
	listen := func() (net.Listener, int) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l, l.Addr().(*net.TCPAddr).Port
	}
	control, port := listen()
	data, dataPort := listen()
	witness.Output(t, "nft", `add table ip ftp; add ct helper ip ftp h { type "ftp" protocol tcp; }; add chain ip ftp c { type filter hook output priority 0; };`+
		fmt.Sprintf("add rule ip ftp c tcp dport %d ct helper set h", port))
	t.Cleanup(func() { _ = exec.Command("nft", "delete table ip ftp").Run() })
	go serveFTP(t, control, dataPort)
	client, err := net.Dial("tcp4", control.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	lines := bufio.NewReader(client)
	for _, send := range []string{"PASV\r\n", ""} {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(client, send)
	}

	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		list, err := c.ExpGetCollect(ctx, nil)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d expectations, %v", len(list), err)
		}
		tally.Field("port", list[0].Tuple.TupleProto.ProtoDstPort, float64(dataPort))
		witness.Compare(tally, "expectation", list[0], expectationView, expected(strings.Fields(string(witness.Output(t, "conntrack", "-L", "expect")))))
	})
	second, err := net.Dial("tcp4", data.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if list, err := c.ExpGetCollect(ctx, nil); err != nil || len(list) != 0 {
		t.Errorf("%d expectations are left, %v", len(list), err)
	}
	first, related := flowTo(ctx, t, c, port), flowTo(ctx, t, c, dataPort)
	if first.Help == nil || first.Help.HelpName.V != "ftp" || first.Status.V&conntrack.NfCtStatusHelper == 0 {
		t.Errorf("the flow with the helper is %+v, %v", first.Help, first.Status)
	}
	if related.Status.V&conntrack.NfCtStatusExpected == 0 || related.TupleMaster == nil {
		t.Fatalf("the flow that was expected is %+v", related)
	}
	tally.Within("master", first.TupleOrig, related.TupleMaster)
	compareListed(ctx, t, c, tally, 2)
	tally.Report("helper")
}

// flowTo finds the flow to a port.
func flowTo(ctx context.Context, t *testing.T, c *conntrack.Client, port int) flow {
	t.Helper()
	list, err := c.GetCollect(ctx, &conntrack.GetDumpRequest{Header: header(unix.AF_INET)})
	for _, x := range list {
		if int(x.TupleOrig.TupleProto.ProtoDstPort.V) == port {
			return x
		}
	}
	t.Fatalf("no flow to port %d among %d, %v", port, len(list), err)
	return nil
}

// TestLabels changes some labels of a flow and leaves others alone.
func TestLabels(t *testing.T) {
	ctx, c := client(t)
	witness.Output(t, "nft", "add table ip labels; add chain ip labels c; add rule ip labels c ct label set 127")
	t.Cleanup(func() { _ = exec.Command("nft", "delete table ip labels").Run() })
	req := requests()["tcp"]
	req.Labels = []byte{0b0101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}
	witness.Refused(t, "a change of no flow", c.New(ctx, req), unix.ENOENT, "conntrack: new: ENOENT: no such file or directory")
	create(ctx, t, c, witness.NewTally(t), "labels", variant{req: req})
	change := &conntrack.NewRequest{Header: req.Header, TupleOrig: req.TupleOrig, Labels: make([]byte, 16), LabelsMask: make([]byte, 16)}
	change.Labels[0], change.LabelsMask[0] = 0b0010, 0b0011
	if err := c.New(ctx, change); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, &conntrack.GetRequest{Header: req.Header, TupleOrig: req.TupleOrig})
	if err != nil || len(got.Labels) != 16 || got.Labels[0] != 0b0110 || got.Labels[15] != 0x80 {
		t.Errorf("labels %x, %v", got.Labels, err)
	}
}

// TestStates shows that the numbers behind the last state, which are of time limits and tables, are none.
func TestStates(t *testing.T) {
	ctx, c := client(t)
	for _, state := range []conntrack.NfCtTcpState{
		conntrack.NfCtTcpStateMax, conntrack.NfCtTcpStateIgnore, conntrack.NfCtTcpStateRetrans, conntrack.NfCtTcpStateUnack, conntrack.NfCtTcpStateTimeoutMax,
	} {
		req := requests()["tcp"]
		req.Protoinfo.ProtoinfoTcp.TcpState.V = state
		if err := c.New(ctx, req, nlconn.Create); !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ERANGE) {
			t.Errorf("state %v: %v", state, err)
		}
	}
}

// TestSecctx reads the security context that a rule gave to a flow.
func TestSecctx(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Up(n.Link("lo"))
	ctx, c := client(t)
	rules := `add table ip sec; add secmark ip sec s { "unconfined" }; add chain ip sec c { type filter hook output priority 0; }; ` +
		"add rule ip sec c meta secmark set s; add rule ip sec c ct secmark set meta secmark"
	if out, err := exec.Command("nft", rules).CombinedOutput(); err != nil {
		if nettest.Guest() || !strings.Contains(string(out), "No such file or directory") {
			t.Fatalf("%v: %s", err, out)
		}
		t.Skipf("this kernel has no security module that knows contexts: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("nft", "delete table ip sec").Run() })
	conn, err := net.Dial("udp4", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got := flowTo(ctx, t, c, 9); got.Secctx == nil || got.Secctx.Name.V != "unconfined" {
		t.Errorf("the context is %+v", got.Secctx)
	}
	tally := witness.NewTally(t)
	compareListed(ctx, t, c, tally, 1)
	tally.Report("security context")
}
