package main

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtrule"
	"github.com/nlgen/nlgen/internal/coverage"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// TestReport counts what a kernel in memory takes, refuses, answers and tells.
func TestReport(t *testing.T) {
	ctx := t.Context()
	k := nltest.NewKernel()
	k.Handle(
		nlserve.Exec(&rtrule.OpNewrule, func(ctx context.Context, req *rtrule.NewruleRequest) error {
			return k.Notify(ctx, &rtrule.Family, rtrule.CmdNewruleNtf, rtrule.GroupIpv4Rule, &rtrule.GetruleReply{L3mdev: nlattr.Some(uint8(1))})
		}),
		nlserve.Exec(&rtrule.OpDelrule, func(context.Context, *rtrule.DelruleRequest) error { return syscall.ENOENT }),
	)
	k.Groups(&rtrule.Family, rtrule.GroupIpv4Rule)
	recorder := coverage.New()
	client := rtrule.New(k.Conn(t, nlconn.WithHooks(recorder.Hooks())))
	events, err := client.Subscribe(ctx, rtrule.GroupIpv4Rule)
	if err != nil {
		t.Fatal(err)
	}
	header := rtrule.FibRuleHdr{Action: rtrule.FrActBlackhole, Flags: rtrule.FibRuleFlagsInvert}
	if err := client.Newrule(ctx, &rtrule.NewruleRequest{Header: header, Goto: nlattr.Some(uint32(1))}); err != nil {
		t.Fatal(err)
	}
	if err := client.Delrule(ctx, &rtrule.DelruleRequest{Header: header, Flow: nlattr.Some(uint32(1))}); err == nil {
		t.Fatal("not refused")
	}
	for _, err := range events.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	file := filepath.Join(t.TempDir(), "messages")
	if err := recorder.Append(file); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(&out, file, []string{"rt-rule"}, true); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"rt-rule",
		"  5 operations: 1 sent, 1 came, 3 never seen",
		"    never seen: delrule delrule-ntf getrule",
		"    only sent: newrule",
		"  25 attributes: 1 sent, 1 came, 23 never seen",
		"    only sent: fib-rule-attrs/goto",
		"    only came: fib-rule-attrs/l3mdev",
		"    only sent: fib-rule-hdr/action flags",
		"    only sent: fib-rule-flags/invert",
		"    only sent: fr-act/blackhole",
	} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("the report has no line %q", line)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}
