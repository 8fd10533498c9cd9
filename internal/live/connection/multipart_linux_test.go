package connection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Numbers of the families that are used here without a spec (linux/if_team.h, devlink.h, dpll.h, nfsd_netlink.h, wireguard.h).
const (
	teamOptionsSet, teamOptionsGet, teamPortListGet = 1, 2, 3
	teamIfindex, teamListOption                     = 1, 2
	teamItem                                        = 1
	teamOptionName, teamOptionType, teamOptionData  = 1, 3, 4

	devlinkDpipeTableGet, devlinkResourceDump, devlinkDiagnose = 31, 36, 55
	devlinkBus, devlinkDevice, devlinkReporter                 = 1, 2, 115

	dpllDeviceIDGet, dpllModuleName = 1, 2
)

// multipart carries out an operation that is answered by several messages. It compares what the kernel sends, which ends in an
// NLMSG_DONE without a body and, if it was asked for, an ack in a later datagram, with what a Conn makes of it.
func multipart(t *testing.T, ctx context.Context, c *nlconn.Conn, op *nlconn.Operation, req wire) []wire {
	t.Helper()
	id := family(t, ctx, c, op.Family.Name)
	for _, flags := range []uint16{0, nlmsg.FlagAck} {
		came := talk(t, c, unix.NETLINK_GENERIC, id, flags, generic(uint8(op.Request), req))
		if flags != 0 {
			last := came[len(came)-1]
			if !last.is(nlmsg.TypeError, 0) {
				t.Fatalf("%s: the last message is %+v", op.Name, last)
			}
			came = came[:len(came)-1]
			if end := came[len(came)-1]; end.datagram == last.datagram {
				t.Errorf("%s: the ack came in the datagram of the end", op.Name)
			}
		}
		end := came[len(came)-1]
		if end.Type != nlmsg.TypeDone || end.Len != nlmsg.HeaderLen {
			t.Fatalf("%s: the end is %+v", op.Name, end)
		}
		for _, m := range came[:len(came)-1] {
			if m.Type != id || m.Flags&nlmsg.FlagMulti == 0 {
				t.Errorf("%s: part %+v", op.Name, m.Header)
			}
		}
		replies := all(t, ctx, c, op, req)
		if len(replies) != len(came)-1 {
			t.Errorf("%s: %d replies of %d messages", op.Name, len(replies), len(came)-1)
		}
	}
	// Do has the first of them, and says so if there are more. The next answer is its own.
	first, err := nlconn.Do[wire](ctx, c, op, req)
	replies := all(t, ctx, c, op, req)
	if len(replies) == 1 && err != nil || len(replies) > 1 && !errors.Is(err, nlconn.ErrMoreReplies) || first == nil || len(*first) != len(replies[0]) {
		t.Errorf("%s: got %v, of %d replies", op.Name, err, len(replies))
	}
	return replies
}

// team makes a team device with ports, and returns a request with its index.
func team(t *testing.T, ports int) wire {
	t.Helper()
	witness.Output(t, "ip", "link", "add", "team0", "type", "team")
	t.Cleanup(func() { remove(t, "team0") })
	for i := range ports {
		name := fmt.Sprint("port", i)
		witness.Output(t, "ip", "link", "add", name, "type", "veth", "peer", "name", "peer"+name)
		t.Cleanup(func() { remove(t, name) })
		witness.Output(t, "ip", "link", "set", name, "master", "team0")
	}
	link, err := net.InterfaceByName("team0")
	if err != nil {
		t.Fatal(err)
	}
	return attrs(t, func(e *nlattr.Encoder) { e.Uint32(teamIfindex, uint32(link.Index)) })
}

func remove(t *testing.T, link string) {
	if out, err := exec.Command("ip", "link", "del", link).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTeamAnswers(t *testing.T) {
	ns := witness.NewNamespace(t)
	family(t, ns.Ctx, ns.Conn, "team")
	of := team(t, 20)
	get := operation("team", "options-get", teamOptionsGet, teamOptionsGet)
	if replies := multipart(t, ns.Ctx, ns.Conn, get, of); len(replies) < 2 {
		t.Errorf("the options of 20 ports fit %d messages", len(replies))
	}
	multipart(t, ns.Ctx, ns.Conn, operation("team", "port-list-get", teamPortListGet, teamPortListGet), of)
}

// TestCarriedOutYetRefused sets the mode of a team device. The kernel does so, and then answers with an error if nobody has listened to
// the news.
func TestCarriedOutYetRefused(t *testing.T) {
	ns := witness.NewNamespace(t)
	family(t, ns.Ctx, ns.Conn, "team")
	of := team(t, 0)
	set := operation("team", "options-set", teamOptionsSet, 0)
	get := operation("team", "options-get", teamOptionsGet, teamOptionsGet)
	mode := func(name string) wire {
		return attrs(t, func(e *nlattr.Encoder) {
			e.Append(of)
			list := e.Begin(teamListOption)
			option := e.Begin(teamItem)
			e.String(teamOptionName, "mode")
			e.Uint8(teamOptionType, 5) // NLA_STRING in the kernel's numbers of types
			e.String(teamOptionData, name)
			e.End(option)
			e.End(list)
		})
	}
	if err := nlconn.Exec(ns.Ctx, ns.Conn, set, mode("broadcast")); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("got %v", err)
	}
	if options := all(t, ns.Ctx, ns.Conn, get, of); !bytes.Contains(options[0], []byte("broadcast\x00")) {
		t.Errorf("got %q", options)
	}
	decode := func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }
	sub, err := nlconn.Subscribe(ns.Ctx, ns.Conn, set.Family, decode, nlconn.Group{Name: "change_event"})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if err := nlconn.Exec(ns.Ctx, ns.Conn, set, mode("roundrobin")); err != nil {
		t.Error(err)
	}
	for number, err := range sub.All(ns.Ctx) {
		if err != nil || number != teamOptionsGet {
			t.Errorf("got %d, %v", number, err)
		}
		break
	}
}

func TestDevlinkAnswers(t *testing.T) {
	ns := witness.NewNamespace(t)
	name := witness.Simulate(t)
	of := func(more func(e *nlattr.Encoder)) wire {
		return attrs(t, func(e *nlattr.Encoder) {
			e.String(devlinkBus, "netdevsim")
			e.String(devlinkDevice, name)
			more(e)
		})
	}
	none := func(*nlattr.Encoder) {}
	multipart(t, ns.Ctx, ns.Conn, operation("devlink", "resource-dump", devlinkResourceDump, devlinkResourceDump), of(none))
	multipart(t, ns.Ctx, ns.Conn, operation("devlink", "dpipe-table-get", devlinkDpipeTableGet, devlinkDpipeTableGet), of(none))
	diagnose := operation("devlink", "health-reporter-diagnose", devlinkDiagnose, devlinkDiagnose)
	reporter := of(func(e *nlattr.Encoder) { e.String(devlinkReporter, "dummy") })
	few := multipart(t, ns.Ctx, ns.Conn, diagnose, reporter)

	// A longer diagnosis takes more messages.
	debug := witness.Mount(t, "debugfs")
	if err := os.WriteFile(filepath.Join(debug, "netdevsim", name, "health", "binary_len"), []byte("3000"), 0); err != nil {
		t.Fatal(err)
	}
	if many := multipart(t, ns.Ctx, ns.Conn, diagnose, reporter); len(many) <= len(few) {
		t.Errorf("%d messages, and %d before", len(many), len(few))
	}
}

// TestEmptyAnswer asks for a clock that there is not: the answer is a message without attributes, and that it means nothing stands in
// the text of an ack without an error.
func TestEmptyAnswer(t *testing.T) {
	ns := witness.NewNamespace(t)
	id := family(t, ns.Ctx, ns.Conn, "dpll")
	req := attrs(t, func(e *nlattr.Encoder) { e.String(dpllModuleName, "nosuch") })
	came := talk(t, ns.Conn, unix.NETLINK_GENERIC, id, nlmsg.FlagAck, generic(dpllDeviceIDGet, req))
	if len(came) != 2 || came[0].Type != id || len(came[0].body) != nlmsg.GenericLen || !came[1].is(nlmsg.TypeError, 0) {
		t.Fatalf("the kernel answers %+v", came)
	}
	warning := ""
	op := operation("dpll", "device-id-get", dpllDeviceIDGet, dpllDeviceIDGet)
	reply, err := nlconn.Do[wire](ns.Ctx, ns.Conn, op, req, nlconn.OnAck(func(a *nlmsg.Ack) { warning = a.Warning }))
	if err != nil || reply == nil || len(*reply) != 0 || warning != "not found" {
		t.Errorf("got %x, %v, warned of %q", reply, err, warning)
	}
}

// TestDumpOnly asks families for one answer where they have lists only.
func TestDumpOnly(t *testing.T) {
	for _, op := range []*nlconn.Operation{operation("nfsd", "rpc-status-get", 1, 1), operation("wireguard", "get-device", 0, 0)} {
		t.Run(op.Family.Name, func(t *testing.T) {
			ns := witness.NewNamespace(t)
			family(t, ns.Ctx, ns.Conn, op.Family.Name)
			if reply, err := nlconn.Do[wire](ns.Ctx, ns.Conn, op, wire(nil)); !errors.Is(err, syscall.EOPNOTSUPP) {
				t.Errorf("got %x, %v", reply, err)
			}
		})
	}
}
