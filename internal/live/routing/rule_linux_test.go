package routing

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtrule"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A ruleCase is a rule with a name. Older kernels ignore the fields in newer.
type ruleCase struct {
	name  string
	req   *rtrule.NewruleRequest
	newer []string
}

// rule begins a request for a rule of a family that looks a table up.
func rule(family uint8, priority uint32, change func(*rtrule.NewruleRequest)) *rtrule.NewruleRequest {
	req := &rtrule.NewruleRequest{
		Header:   rtrule.FibRuleHdr{Family: family, Action: rtrule.FrActToTbl, Table: rtrule.RtTableMain},
		Priority: u32(priority), Protocol: nlattr.Some(rtrule.RtProtocolStatic),
	}
	change(req)
	return req
}

// ruleCases are rules of every sort. With the first VRF comes a rule of the kernel, of priority 1000, and stays.
func ruleCases() []ruleCase {
	type req = *rtrule.NewruleRequest
	action := func(a rtrule.FrAct) func(req) {
		return func(r req) { r.Header.Action, r.Header.Table = a, rtrule.RtTableUnspec }
	}
	ports := func(start, end uint16) nlattr.Opt[rtrule.FibRulePortRange] {
		return nlattr.Some(rtrule.FibRulePortRange{Start: start, End: end})
	}
	var cases []ruleCase
	for _, f := range []struct {
		family   uint8
		src, dst string
		srcLen   uint8
		dstLen   uint8
	}{{unix.AF_INET, "10.0.0.0", "192.0.2.7", 8, 32}, {unix.AF_INET6, "2001:db8::", "2001:db8:0:1::7", 48, 128}} {
		add := func(name string, priority uint32, change func(req), newer ...string) {
			cases = append(cases, ruleCase{fmt.Sprintf("%s %s", familyName[f.family], name), rule(f.family, priority, change), newer})
		}
		add("addresses and interfaces", 1100, func(r req) {
			r.Src, r.Header.SrcLen, r.Dst, r.Header.DstLen = addr(f.src), f.srcLen, addr(f.dst), f.dstLen
			r.Iifname, r.Oifname, r.Header.Tos = text("lo"), text("nolink0"), 0x10
			r.Table, r.Header.Table = u32(100000), rtrule.RtTableUnspec
		})
		add("marks, users and tunnels", 1101, func(r req) {
			r.Fwmark, r.Fwmask, r.TunID = u32(0x30), u32(0xf0), u64(1<<40|7)
			r.UidRange = nlattr.Some(rtrule.FibRuleUidRange{Start: 5, End: 4000000000})
			r.SuppressIfgroup, r.SuppressPrefixlen = u32(9), u32(0)
		})
		add("ports", 1102, func(r req) {
			r.IpProto, r.SportRange, r.DportRange = u8(unix.IPPROTO_UDP), ports(1000, 2000), ports(53, 53)
		})
		add("masks of ports", 1103, func(r req) {
			r.IpProto, r.SportRange, r.DportRange = u8(unix.IPPROTO_TCP), ports(0x1200, 0x1200), ports(0x80, 0x80)
			r.SportMask, r.DportMask = u16(0xff00), u16(0x80)
		}, "SportMask", "DportMask")
		add("dscp", 1104, func(r req) { r.Dscp, r.DscpMask = u8(0x28), u8(0x38) }, "DscpMask")
		add("inverted", 1105, func(r req) { r.Header.Flags, r.Fwmark = rtrule.FibRuleFlagsInvert, u32(1) })
		add("a table of the header", 1106, func(r req) { r.Header.Table, r.Protocol = 77, nlattr.Some(rtrule.RtProtocolBgp) })
		add("an interface that is not there", 1107, func(r req) { r.Iifname = text("nolink1") })
		add("blackhole", 1110, action(rtrule.FrActBlackhole))
		add("unreachable", 1111, action(rtrule.FrActUnreachable))
		add("prohibit", 1112, action(rtrule.FrActProhibit))
		add("nop", 1113, action(rtrule.FrActNop))
		add("goto", 1114, func(r req) { action(rtrule.FrActGoto)(r); r.Goto = u32(32766) })
		add("goto nowhere", 1115, func(r req) { action(rtrule.FrActGoto)(r); r.Goto = u32(20000) })
		add("vrf", 1116, func(r req) { r.L3mdev, r.Header.Table = u8(1), rtrule.RtTableUnspec })
	}
	for p := range 256 {
		if protocol := rtrule.RtProtocol(p); protocol.String() != strconv.Itoa(p) {
			cases = append(cases, ruleCase{"by " + protocol.String(), rule(unix.AF_INET, 2000+uint32(p), func(r req) { r.Protocol = nlattr.Some(protocol) }), nil})
		}
	}
	return append(cases,
		ruleCase{"inet realms", rule(unix.AF_INET, 1120, func(r req) { r.Flow = u32(3<<16 | 4) }), nil},
		ruleCase{"inet6 source", rule(unix.AF_INET6, 1121, func(r req) {
			r.Header.Flags, r.Src, r.Header.SrcLen = rtrule.FibRuleFlagsFindSaddr, addr("2001:db8::"), 32
		}), nil},
		ruleCase{"inet6 flow label", rule(unix.AF_INET6, 1122, func(r req) { r.Flowlabel, r.FlowlabelMask = u32(0x12300), u32(0xfff00) }),
			[]string{"Flowlabel", "FlowlabelMask"}},
		ruleCase{"multicast", rule(familyIPMR, 1130, func(r req) { r.Iifname = text("lo") }), nil},
		ruleCase{"IPv6 multicast", rule(familyIP6MR, 1130, func(r req) { r.Iifname = text("lo") }), nil},
	)
}

// ruleView is how "ip -d -j rule" prints a rule.
var ruleView = func() witness.View[*rtrule.GetruleReply] {
	type reply = *rtrule.GetruleReply
	flag := func(f rtrule.FibRuleFlags) func(reply) any {
		return func(x reply) any {
			if x.Header.Flags&f == 0 {
				return witness.OneOf{"not set"}
			}
			return nil
		}
	}
	prefix := func(a nlattr.Opt[string], length uint8) any {
		if length == 0 {
			return "all"
		}
		return a
	}
	str := func(x any) nlattr.Opt[string] { return text(fmt.Sprint(x)) }
	return witness.View[reply]{
		"priority":           func(x reply) any { return x.Priority.V }, // absent is 0
		"src":                func(x reply) any { return prefix(str(x.Src.V), x.Header.SrcLen) },
		"srclen":             func(x reply) any { return x.Header.SrcLen },
		"dst":                func(x reply) any { return prefix(str(x.Dst.V), x.Header.DstLen) },
		"dstlen":             func(x reply) any { return x.Header.DstLen },
		"tos":                func(x reply) any { return fmt.Sprintf("0x%x", x.Header.Tos) },
		"fwmark":             func(x reply) any { return fmt.Sprintf("0x%x", x.Fwmark.V) },
		"fwmask":             func(x reply) any { return fmt.Sprintf("0x%x", x.Fwmask.V) },
		"iif":                func(x reply) any { return x.Iifname },
		"oif":                func(x reply) any { return x.Oifname },
		"iif_detached":       flag(rtrule.FibRuleFlagsIifDetached),
		"oif_detached":       flag(rtrule.FibRuleFlagsOifDetached),
		"not":                flag(rtrule.FibRuleFlagsInvert),
		"unresolved":         flag(rtrule.FibRuleFlagsUnresolved),
		"permanent":          flag(rtrule.FibRuleFlagsPermanent),
		"l3mdev":             func(x reply) any { return map[bool]any{true: nil, false: 0}[x.L3mdev == u8(1)] },
		"nop":                func(x reply) any { return map[bool]any{true: nil, false: 0}[x.Header.Action == rtrule.FrActNop] },
		"action":             func(x reply) any { return x.Header.Action },
		"uid_start":          func(x reply) any { return x.UidRange.V.Start },
		"uid_end":            func(x reply) any { return x.UidRange.V.End },
		"ipproto":            func(x reply) any { return map[uint8]string{6: "tcp", 17: "udp"}[x.IpProto.V] },
		"sport":              func(x reply) any { return onePort(x.SportRange.V) },
		"sport_start":        func(x reply) any { return x.SportRange.V.Start },
		"sport_end":          func(x reply) any { return x.SportRange.V.End },
		"dport":              func(x reply) any { return onePort(x.DportRange.V) },
		"dport_start":        func(x reply) any { return x.DportRange.V.Start },
		"dport_end":          func(x reply) any { return x.DportRange.V.End },
		"table":              func(x reply) any { return tableName(x.Table.V) },
		"flow_from":          func(x reply) any { return strconv.Itoa(int(x.Flow.V >> 16)) },
		"flow_to":            func(x reply) any { return strconv.Itoa(int(x.Flow.V & 0xffff)) },
		"protocol":           func(x reply) any { return protocolName(x.Protocol.V) },
		"suppress_prefixlen": func(x reply) any { return x.SuppressPrefixlen },
		"suppress_ifgroup":   func(x reply) any { return str(x.SuppressIfgroup.V) },
	}
}()

// protocolName is ip's name of who made something, or a number for those that its table lacks.
func protocolName[P fmt.Stringer](p P) any {
	number := fmt.Sprint(reflect.ValueOf(p).Uint())
	return witness.OneOf{p, number, map[string]string{"0": "none"}[number]}
}

func onePort(r rtrule.FibRulePortRange) any {
	if r.Start != r.End {
		return nil
	}
	return r.Start
}

// tableName is ip's name of a table.
func tableName(table uint32) string {
	if name := map[uint32]string{253: "default", 254: "main", 255: "local"}[table]; name != "" {
		return name
	}
	return strconv.FormatUint(uint64(table), 10)
}

// rules lists the rules of a family.
func rules(n *witness.Namespace, client *rtrule.Client, family uint8) []*rtrule.GetruleReply {
	n.T.Helper()
	list, err := client.GetruleCollect(n.Ctx, &rtrule.GetruleDumpRequest{Header: rtrule.FibRuleHdr{Family: family}})
	if err != nil {
		n.T.Fatal(err)
	}
	for _, r := range list {
		witness.Known(n.T, "rule", r)
		if r.Header.Family != family {
			n.T.Errorf("the dump of family %d has a rule of family %d", family, r.Header.Family)
		}
	}
	return list
}

// findRule returns the rule of a priority, which the cases have one each of.
func findRule(list []*rtrule.GetruleReply, priority uint32) *rtrule.GetruleReply {
	for _, r := range list {
		if r.Priority.V == priority {
			return r
		}
	}
	return nil
}

// sameRule compares a rule with the one that was asked for.
func sameRule(c *witness.Tally, rc ruleCase, got *rtrule.GetruleReply) {
	c.T.Helper()
	if got == nil {
		c.Errorf("%s: there is none", rc.name)
		return
	}
	// The kernel adds flags, and a table that the request leaves to the attribute.
	skip := []string{"Flags", "Table"}
	for _, name := range rc.newer {
		if v, _ := witness.FieldNamed(got, name); v == (nlattr.Opt[uint8]{}) || v == (nlattr.Opt[uint16]{}) || v == (nlattr.Opt[uint32]{}) {
			c.T.Logf("%s: this kernel does not know %s", rc.name, name)
			skip = append(skip, name)
		}
	}
	c.Within(rc.name, rc.req, got, skip...)
	if rc.req.Header.Flags&^got.Header.Flags != 0 {
		c.Errorf("%s: flags are %v", rc.name, got.Header.Flags)
	}
	table := rc.req.Table.V
	if !rc.req.Table.OK {
		table = uint32(rc.req.Header.Table)
	}
	c.Fields++
	if rc.req.Header.Action == rtrule.FrActToTbl && rc.req.Header.Family < 128 && !rc.req.L3mdev.OK && got.Table != u32(table) {
		c.Errorf("%s: the table is %v", rc.name, got.Table)
	}
}

// TestRules makes rules, compares every field with what was asked for and with what ip prints, and removes them.
func TestRules(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtrule.New(n.Conn)
	var made []ruleCase
	for _, rc := range ruleCases() {
		err := client.Newrule(n.Ctx, rc.req, nlconn.Create, nlconn.Exclusive)
		if errors.Is(err, syscall.EOPNOTSUPP) {
			t.Logf("%s: %v", rc.name, err)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", rc.name, err)
		}
		made = append(made, rc)
		t.Cleanup(func() { _ = client.Delrule(n.Ctx, rc.req) })
		if err := client.Newrule(n.Ctx, rc.req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: a second time: %v", rc.name, err)
		}
	}
	for _, rc := range made {
		sameRule(c, rc, findRule(rules(n, client, rc.req.Header.Family), rc.req.Priority.V))
	}
	detached := findRule(rules(n, client, unix.AF_INET), 1100).Header.Flags
	if detached&rtrule.FibRuleFlagsOifDetached == 0 || detached&rtrule.FibRuleFlagsIifDetached != 0 {
		t.Errorf("lo is there, nolink0 is not, but the flags are %v", detached)
	}
	for _, f := range []struct {
		family uint8
		args   []string
	}{
		{unix.AF_INET, []string{"-4", "rule"}}, {unix.AF_INET6, []string{"-6", "rule"}},
		{familyIPMR, []string{"-4", "mrule"}}, {familyIP6MR, []string{"-6", "mrule"}},
	} {
		ours, theirs := rules(n, client, f.family), witness.IP(t, append([]string{"-d"}, f.args...)...)
		if len(ours) != len(theirs) {
			c.Errorf("%v: we see %d rules, ip %d", f.args, len(ours), len(theirs))
			continue
		}
		for i := range ours {
			witness.Compare(c, fmt.Sprintf("%v %d", f.args, ours[i].Priority.V), ours[i], ruleView, theirs[i])
		}
	}
	for _, rc := range made {
		if err := client.Delrule(n.Ctx, rc.req); err != nil {
			t.Errorf("%s: delete: %v", rc.name, err)
		}
		if err := client.Delrule(n.Ctx, rc.req); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: delete again: %v", rc.name, err)
		}
		if findRule(rules(n, client, rc.req.Header.Family), rc.req.Priority.V) != nil {
			t.Errorf("%s: still there", rc.name)
		}
	}
	c.Report("rules")
}

// TestRuleRefusals holds the kernel's words about rules, and the attribute that it names.
func TestRuleRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	client := rtrule.New(n.Conn)
	type req = *rtrule.NewruleRequest
	for _, r := range []refusal{
		{"a table and a VRF", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) { r.L3mdev = u8(1) }), nlconn.Create)
		}, syscall.EINVAL, `rt-rule: newrule: EINVAL: "l3mdev and table are mutually exclusive"`},
		{"back to an earlier rule", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) { r.Header.Action, r.Goto = rtrule.FrActGoto, u32(4) }), nlconn.Create)
		}, syscall.EINVAL, `rt-rule: newrule: EINVAL: "Backward goto not supported"`},
		{"ports upside down", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) {
				r.SportRange = nlattr.Some(rtrule.FibRulePortRange{Start: 9, End: 5})
			}), nlconn.Create)
		}, syscall.EINVAL, `rt-rule: newrule: EINVAL: "Invalid sport range"`},
		{"users upside down", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) {
				r.UidRange = nlattr.Some(rtrule.FibRuleUidRange{Start: 9, End: 5})
			}), nlconn.Create)
		}, syscall.EINVAL, `rt-rule: newrule: EINVAL: "Invalid uid range"`},
		{"dscp of seven bits", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) { r.Dscp = u8(64) }), nlconn.Create, nlconn.NoValidate)
		}, syscall.ERANGE, `rt-rule: newrule: ERANGE: "Error parsing msg" [attribute dscp, policy u8 0..63]`},
		{"ECN", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) { r.Header.Tos = 1 }), nlconn.Create)
		}, syscall.EINVAL, `rt-rule: newrule: EINVAL: "Invalid dsfield (tos): ECN bits must be 0"`},
		{"dscp twice", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_INET, 5, func(r req) { r.Header.Tos, r.Dscp = 4, u8(1) }), nlconn.Create)
		}, syscall.EINVAL, `rt-rule: newrule: EINVAL: "Cannot specify both TOS and DSCP"`},
		{"no such rule", func() error { return client.Delrule(n.Ctx, rule(unix.AF_INET, 5, func(req) {})) }, syscall.ENOENT, `rt-rule: delrule: ENOENT: no such file or directory`},
		{"a family without rules", func() error {
			return client.Newrule(n.Ctx, rule(unix.AF_MPLS, 5, func(req) {}), nlconn.Create)
		}, syscall.EAFNOSUPPORT, `rt-rule: newrule: EAFNOSUPPORT: "Rule family not supported"`},
		{"a filter of a dump", func() error {
			_, err := client.GetruleCollect(n.Ctx, &rtrule.GetruleDumpRequest{Header: rtrule.FibRuleHdr{Family: unix.AF_INET, Table: 5}})
			return err
		}, syscall.EINVAL, `rt-rule: getrule: EINVAL: "Invalid values in header for fib rule dump request"`},
	} {
		r.check(t)
	}
	label := rule(unix.AF_INET, 5, func(r req) { r.Flowlabel = u32(1) })
	if err := client.Newrule(n.Ctx, label, nlconn.Create); err == nil {
		t.Log("this kernel does not know flow labels of rules, and ignores them")
		_ = client.Delrule(n.Ctx, label)
	} else if want := `rt-rule: newrule: EINVAL: "Flow label cannot be specified for IPv4 FIB rules"`; err.Error() != want {
		t.Errorf("a flow label for IPv4:\ngot  %v\nwant %s", err, want)
	}
}

// TestRuleEvents makes and removes rules, and reads what the kernel tells of it.
func TestRuleEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := rtrule.New(n.Conn)
	sub, err := client.Subscribe(ctx, rtrule.GroupIpv4Rule, rtrule.GroupIpv6Rule)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	c := witness.NewTally(t)
	is := func(rc ruleCase, x *rtrule.GetruleReply) error {
		if x.Header.Family != rc.req.Header.Family || x.Priority != rc.req.Priority {
			return witness.ErrOther
		}
		sameRule(c, rc, x)
		return nil
	}
	var steps []witness.Step[rtrule.Event]
	for _, rc := range ruleCases() {
		steps = append(steps,
			witness.NewStep("add "+rc.name, func() error { return client.Newrule(n.Ctx, rc.req, nlconn.Create) }, func(ev rtrule.Event) error {
				if x, ok := ev.(*rtrule.NewruleNtf); ok {
					return is(rc, &x.GetruleReply)
				}
				return witness.ErrOther
			}),
			witness.NewStep("delete "+rc.name, func() error { return client.Delrule(n.Ctx, rc.req) }, func(ev rtrule.Event) error {
				if x, ok := ev.(*rtrule.DelruleNtf); ok {
					return is(rc, &x.GetruleReply)
				}
				return witness.ErrOther
			}))
	}
	witness.Play(t, ctx, sub.All(ctx), steps)
	c.Report("events of rules")
}
