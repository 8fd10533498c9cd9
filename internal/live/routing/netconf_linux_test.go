package routing

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtnetconf"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// netconfSettings are the settings and where sysctl has them.
var netconfSettings = []struct {
	family uint8
	file   string
	get    func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32]
}{
	{unix.AF_INET, "ipv4/conf/%s/forwarding", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.Forwarding }},
	{unix.AF_INET, "ipv4/conf/%s/rp_filter", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] {
		return nlattr.Opt[int32]{V: int32(x.RpFilter.V), OK: x.RpFilter.OK}
	}},
	{unix.AF_INET, "ipv4/conf/%s/mc_forwarding", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.McForwarding }},
	{unix.AF_INET, "ipv4/conf/%s/bc_forwarding", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.BcForwarding }},
	{unix.AF_INET, "ipv4/conf/%s/proxy_arp", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.ProxyNeigh }},
	{unix.AF_INET, "ipv4/conf/%s/ignore_routes_with_linkdown", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] {
		return x.IgnoreRoutesWithLinkdown
	}},
	{unix.AF_INET6, "ipv6/conf/%s/forwarding", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.Forwarding }},
	{unix.AF_INET6, "ipv6/conf/%s/mc_forwarding", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.McForwarding }},
	{unix.AF_INET6, "ipv6/conf/%s/proxy_ndp", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.ProxyNeigh }},
	{unix.AF_INET6, "ipv6/conf/%s/ignore_routes_with_linkdown", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] {
		return x.IgnoreRoutesWithLinkdown
	}},
	{unix.AF_INET6, "ipv6/conf/%s/force_forwarding", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.ForceForwarding }},
	{unix.AF_MPLS, "mpls/conf/%s/input", func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.Input }},
}

// netconfFamilies are the protocols that this kernel has.
func netconfFamilies() []uint8 {
	families := []uint8{unix.AF_INET, unix.AF_INET6}
	if _, err := os.Stat("/proc/sys/net/mpls"); err == nil {
		families = append(families, unix.AF_MPLS)
	}
	return families
}

// confName is the name that an index has in sysctl and in ip's output.
func confName(links map[string]*rtlink.GetlinkReply, index rtnetconf.Ifindex) string {
	switch index {
	case rtnetconf.IfindexAll, rtnetconf.IfindexDefault:
		return index.String()
	}
	for name, link := range links {
		if link.Header.IfiIndex == int32(index) {
			return name
		}
	}
	return strconv.Itoa(int(index))
}

// writeSetting writes a file of sysctl, if this kernel has it.
func writeSetting(t *testing.T, file, conf, value string) bool {
	t.Helper()
	err := os.WriteFile("/proc/sys/net/"+fmt.Sprintf(file, conf), []byte(value), 0)
	if err != nil {
		t.Log(err)
	}
	return err == nil
}

// readSetting reads a file of sysctl.
func readSetting(file, conf string) (int32, bool) {
	b, err := os.ReadFile("/proc/sys/net/" + fmt.Sprintf(file, conf))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 32)
	return int32(n), err == nil
}

// TestNetconf changes settings and compares all of them, of all interfaces, with sysctl and with what ip prints.
func TestNetconf(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtnetconf.New(n.Conn)
	n.Plain("conf0")
	for _, s := range []struct{ file, conf, value string }{
		{"ipv4/conf/%s/forwarding", "conf0", "1"}, {"ipv4/conf/%s/rp_filter", "conf0", "2"}, {"ipv4/conf/%s/rp_filter", "default", "1"},
		{"ipv4/conf/%s/proxy_arp", "conf0", "1"}, {"ipv4/conf/%s/bc_forwarding", "all", "1"},
		{"ipv4/conf/%s/ignore_routes_with_linkdown", "all", "1"}, {"ipv6/conf/%s/forwarding", "conf0", "1"},
		{"ipv6/conf/%s/forwarding", "default", "2"}, {"ipv6/conf/%s/proxy_ndp", "conf0", "1"},
		{"ipv6/conf/%s/ignore_routes_with_linkdown", "conf0", "1"}, {"ipv6/conf/%s/force_forwarding", "conf0", "1"},
		{"mpls/conf/%s/input", "conf0", "1"},
	} {
		writeSetting(t, s.file, s.conf, s.value)
		t.Cleanup(func() { writeSetting(t, s.file, s.conf, "0") })
	}
	links := n.Dump()
	all, err := client.GetnetconfCollect(n.Ctx, &rtnetconf.GetnetconfDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var theirs []witness.Object
	families := netconfFamilies()
	for _, family := range families {
		theirs = append(theirs, witness.IP(t, "-f", familyName[family], "netconf")...)
		list, err := client.GetnetconfCollect(n.Ctx, &rtnetconf.GetnetconfDumpRequest{Header: rtnetconf.Netconfmsg{NcmFamily: family}})
		if err != nil {
			t.Fatal(err)
		}
		// Every link, all and default; MPLS has no all.
		want := len(links) + 2
		if family == unix.AF_MPLS {
			want = len(list)
		}
		if len(list) != want {
			t.Errorf("family %d: %d answers for %d links", family, len(list), len(links))
		}
	}
	if len(all) != len(theirs) {
		t.Fatalf("we see %d, ip %d", len(all), len(theirs))
	}
	on := func(get func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32]) func(*rtnetconf.GetnetconfReply) any {
		return func(x *rtnetconf.GetnetconfReply) any { return get(x).V != 0 }
	}
	view := witness.View[*rtnetconf.GetnetconfReply]{
		"family":                      func(x *rtnetconf.GetnetconfReply) any { return familyName[x.Header.NcmFamily] },
		"interface":                   func(x *rtnetconf.GetnetconfReply) any { return confName(links, x.Ifindex.V) },
		"rp_filter":                   func(x *rtnetconf.GetnetconfReply) any { return x.RpFilter.V },
		"forwarding":                  on(func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.Forwarding }),
		"mc_forwarding":               on(func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.McForwarding }),
		"proxy_neigh":                 on(func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.ProxyNeigh }),
		"input":                       on(func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.Input }),
		"ignore_routes_with_linkdown": on(func(x *rtnetconf.GetnetconfReply) nlattr.Opt[int32] { return x.IgnoreRoutesWithLinkdown }),
	}
	for i, x := range all {
		witness.Known(t, "netconf", x)
		name := confName(links, x.Ifindex.V)
		witness.Compare(c, fmt.Sprintf("%s %s", familyName[x.Header.NcmFamily], name), x, view, theirs[i])
		for _, s := range netconfSettings {
			ours := s.get(x)
			if s.family != x.Header.NcmFamily {
				continue
			}
			if strings.HasSuffix(s.file, "/force_forwarding") && !ours.OK {
				c.Unseen[s.file] = "Linux 6.17 and 6.18 have it and do not tell it"
				continue
			}
			if want, ok := readSetting(s.file, name); ok != ours.OK || want != ours.V {
				c.Errorf("%s: ours is %v, that of sysctl %d, %t", fmt.Sprintf(s.file, name), ours, want, ok)
			}
			c.Fields++
		}
		one, err := client.Getnetconf(n.Ctx, &rtnetconf.GetnetconfRequest{Header: x.Header, Ifindex: x.Ifindex})
		if err != nil {
			t.Errorf("%s by do: %v", name, err)
			continue
		}
		c.Within(name, x, one)
	}
	c.Report("netconf")
}

func TestNetconfRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	client := rtnetconf.New(n.Conn)
	get := func(family uint8, index nlattr.Opt[rtnetconf.Ifindex]) func() error {
		return func() error {
			_, err := client.Getnetconf(n.Ctx, &rtnetconf.GetnetconfRequest{Header: rtnetconf.Netconfmsg{NcmFamily: family}, Ifindex: index})
			return err
		}
	}
	for _, r := range []refusal{
		{"no index", get(unix.AF_INET, nlattr.Opt[rtnetconf.Ifindex]{}), syscall.EINVAL, `rt-netconf: getnetconf: EINVAL: invalid argument`},
		{"no such link", get(unix.AF_INET6, nlattr.Some(rtnetconf.Ifindex(1<<20))), syscall.EINVAL, `rt-netconf: getnetconf: EINVAL: invalid argument`},
		{"no family", get(0, nlattr.Some(rtnetconf.IfindexAll)), syscall.EOPNOTSUPP, `rt-netconf: getnetconf: EOPNOTSUPP: operation not supported`},
	} {
		r.check(t)
	}
}

// TestNetconfEvents changes settings, and reads what the kernel tells of it.
func TestNetconfEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := rtnetconf.New(n.Conn)
	sub, err := client.Subscribe(ctx, rtnetconf.GroupIpv4Netconf, rtnetconf.GroupIpv6Netconf, rtnetconf.GroupMplsNetconf)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var link *rtlink.GetlinkReply
	about := func(x *rtnetconf.GetnetconfReply, family uint8) bool {
		return x.Header.NcmFamily == family && x.Ifindex.V == rtnetconf.Ifindex(link.Header.IfiIndex)
	}
	steps := []witness.Step[rtnetconf.Event]{witness.NewStep("a link", func() error {
		link = n.Plain("conf1")
		return nil
	}, func(ev rtnetconf.Event) error {
		if x, ok := ev.(*rtnetconf.NewnetconfNtf); ok && about(&x.GetnetconfReply, unix.AF_INET) && x.RpFilter.OK {
			return nil
		}
		return witness.ErrOther
	})}
	for _, s := range netconfSettings {
		if _, ok := readSetting(s.file, "all"); !ok && s.family != unix.AF_MPLS || strings.Contains(s.file, "c_forwarding") {
			continue // An older kernel; changes of bc_forwarding are not told, and only a routing daemon can change mc_forwarding.
		}
		if s.family == unix.AF_MPLS && len(netconfFamilies()) < 3 {
			continue
		}
		steps = append(steps, witness.NewStep(s.file, func() error {
			writeSetting(t, s.file, "conf1", "1")
			return nil
		}, func(ev rtnetconf.Event) error {
			x, ok := ev.(*rtnetconf.NewnetconfNtf)
			if !ok || !about(&x.GetnetconfReply, s.family) {
				return witness.ErrOther
			}
			if s.get(&x.GetnetconfReply) != s32(1) && !strings.HasSuffix(s.file, "/force_forwarding") {
				return witness.ErrOther
			}
			// It tells this setting only, or, on some kernels, that force_forwarding is another one.
			for _, o := range netconfSettings {
				if o.family == s.family && o.file != s.file && o.get(&x.GetnetconfReply).OK {
					return fmt.Errorf("tells %s too", o.file)
				}
			}
			return nil
		}))
	}
	steps = append(steps, witness.NewStep("no link", func() error {
		return n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Header: link.Header})
	}, func(ev rtnetconf.Event) error {
		if x, ok := ev.(*rtnetconf.DelnetconfNtf); ok && about(&x.GetnetconfReply, unix.AF_INET) {
			return nil
		}
		return witness.ErrOther
	}))
	witness.Play(t, ctx, sub.All(ctx), steps)
}
