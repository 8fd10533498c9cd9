package link

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Settings that /proc calls by another name.
var sysctlNames = map[string]string{
	"arpfilter": "arp_filter", "noxfrm": "disable_xfrm", "nopolicy": "disable_policy", "src_vmark": "src_valid_mark",
	"hoplimit": "hop_limit", "mtu6": "mtu", "rtr_solicits": "router_solicitations", "rtr_solicit_interval": "router_solicitation_interval",
	"rtr_solicit_delay": "router_solicitation_delay", "rtr_solicit_max_interval": "router_solicitation_max_interval",
	"rtr_probe_interval": "router_probe_interval",
}

// inSeconds are settings that /proc has in seconds and netlink in milliseconds.
var inSeconds = map[string]bool{
	"rtr_solicit_interval": true, "rtr_solicit_delay": true, "rtr_solicit_max_interval": true, "rtr_probe_interval": true,
}

// TestLinkFamilies compares the settings of IPv4 and IPv6 with the files of /proc, each of them by its name, after as many of them as can
// be were set to values of their own.
func TestLinkFamilies(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("family0", "family1")
	n.Up(link, peer)
	for _, family := range []struct {
		dir  string
		name func(i int) string
		conf func(x *rtlink.GetlinkReply) []uint32
	}{
		{"ipv4", func(i int) string { return rtlink.Ipv4Devconf(i).String() }, func(x *rtlink.GetlinkReply) []uint32 { return x.AfSpec.Inet.Conf }},
		{"ipv6", func(i int) string { return rtlink.Ipv6Devconf(i).String() }, func(x *rtlink.GetlinkReply) []uint32 { return x.AfSpec.Inet6.Conf }},
	} {
		n.Run(family.dir, func(n *witness.Namespace) {
			dir := filepath.Join("/proc/sys/net", family.dir, "conf/family0")
			count := len(family.conf(n.Link("family0")))
			for i := range count {
				name := strings.ReplaceAll(family.name(i), "-", "_")
				if name == "disable_ipv6" || name == "stable_secret" || name == "addr_gen_mode" {
					continue // These do more than to be a number.
				}
				// A setting that takes no large number may take 1.
				for _, value := range []int{1000 + i, 1} {
					if os.WriteFile(filepath.Join(dir, sysctlName(name)), []byte(strconv.Itoa(value)), 0o644) == nil {
						break
					}
				}
			}
			conf := family.conf(n.Link("family0"))
			for i, value := range conf {
				name := strings.ReplaceAll(family.name(i), "-", "_")
				text, err := os.ReadFile(filepath.Join(dir, sysctlName(name)))
				if err != nil {
					c.Unseen[family.dir+" "+name] = witness.Unseen(err.Error())
					continue
				}
				theirs, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
				if err != nil {
					c.Unseen[family.dir+" "+name] = witness.Unseen(err.Error())
					continue
				}
				if inSeconds[name] && theirs > 0 {
					theirs *= 1000
				}
				c.Field(family.dir+" "+name, int32(value), float64(int32(theirs)))
			}
		})
	}
	c.Report("settings of families")
}

func sysctlName(name string) string {
	if other, ok := sysctlNames[name]; ok {
		return other
	}
	return name
}

// TestLinkFamilyChanges writes settings of IPv4, in the form that the kernel takes, and the token of IPv6.
func TestLinkFamilyChanges(t *testing.T) {
	n := witness.NewNamespace(t)
	link, peer := n.Veth("family0", "family1")
	n.Up(link, peer)
	token := netip.MustParseAddr("::1:2:3:4")
	// A nest of one attribute for each setting, seen as numbers of 32 bits.
	setting := func(of rtlink.Ipv4Devconf, value uint32) []uint32 {
		var header [4]byte
		binary.NativeEndian.PutUint16(header[:], 8)
		binary.NativeEndian.PutUint16(header[2:], uint16(of)+1)
		return []uint32{binary.NativeEndian.Uint32(header[:]), value}
	}
	req := &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}, AfSpec: &rtlink.AfSpecAttrs{
		Inet:  &rtlink.IflaAttrs{Conf: append(setting(rtlink.Ipv4DevconfTag, 77), setting(rtlink.Ipv4DevconfMediumID, 3)...)},
		Inet6: &rtlink.Ifla6Attrs{Token: nlattr.Some(token)},
	}}
	if err := n.Links.Setlink(n.Ctx, req); err != nil {
		t.Fatal(err)
	}
	got := n.Link("family0").AfSpec
	if conf := got.Inet.Conf; conf[rtlink.Ipv4DevconfTag] != 77 || conf[rtlink.Ipv4DevconfMediumID] != 3 {
		t.Errorf("tag and medium-id are %v", conf)
	}
	if got.Inet6.Token.V != token {
		t.Errorf("the token is %v", got.Inet6.Token)
	}
	if got.Inet6.Flags.V&rtlink.Inet6IfFlagsReady == 0 || got.Inet6.Cacheinfo.V.MaxReasmLen != 65535 {
		t.Errorf("flags are %v, cacheinfo %+v", got.Inet6.Flags, got.Inet6.Cacheinfo)
	}
	for _, row := range witness.IP(t, "token", "list", "dev", "family0") {
		if row["token"] != token.String() {
			t.Errorf("ip shows %v", row)
		}
	}
}

// TestLinkFamilyCounters sends packets with each mark of congestion and compares the counters of IPv6 with /proc.
func TestLinkFamilyCounters(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	n.Up(n.Link("lo"))
	counts := []int{7, 3, 5, 2} // by mark: none, ECT(1), ECT(0), CE
	for mark, count := range counts {
		conn, err := net.Dial("udp6", "[::1]:9")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := conn.(*net.UDPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, mark); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		for range count {
			_, _ = conn.Write(make([]byte, 100)) // Nobody listens.
		}
		conn.Close()
	}
	c.Steady(func(c *witness.Tally) {
		files := snmp6(n, "lo")
		got := n.Link("lo").AfSpec.Inet6
		for i, value := range got.Icmp6stats {
			compareCounter(c, files, "Icmp6", rtlink.IflaIcmp6Stats(i).String(), value)
		}
		if before(n, 6, 18) {
			c.Unseen["inet6.stats"] = "the positions are those of 6.18"
			return
		}
		for i, value := range got.Stats {
			compareCounter(c, files, "Ip6", rtlink.IflaInet6Stats(i).String(), value)
		}
		for mark, name := range []rtlink.IflaInet6Stats{
			rtlink.IflaInet6StatsNoectpkts, rtlink.IflaInet6StatsEct1Pkts, rtlink.IflaInet6StatsEct0Pkts, rtlink.IflaInet6StatsCepkts,
		} {
			// Every other write is told that nobody listens, and does not send.
			if sent := uint64(counts[mark]+1) / 2; got.Stats[name] < sent {
				c.Errorf("%v is %d after %d packets", name, got.Stats[name], sent)
			}
		}
	})
	c.Report("counters of IPv6")
}

// snmp6 reads /proc/net/dev_snmp6, with its names in small letters.
func snmp6(n *witness.Namespace, name string) map[string]uint64 {
	n.T.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/dev_snmp6/" + name)
	if err != nil {
		n.T.Skip(err)
	}
	out := map[string]uint64{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 2 {
			out[strings.ToLower(words[0])], _ = strconv.ParseUint(words[1], 10, 64)
		}
	}
	return out
}

// counterNames are the counters that /proc calls by another name.
var counterNames = map[string]string{
	"inpkts": "inreceives", "outpkts": "outtransmits", "noectpkts": "innoectpkts", "ect1pkts": "inect1pkts", "ect0pkts": "inect0pkts",
	"cepkts": "incepkts", "csumerrors": "incsumerrors",
}

func compareCounter(c *witness.Tally, files map[string]uint64, prefix, name string, value uint64) {
	key := strings.ReplaceAll(name, "-", "")
	if other, ok := counterNames[key]; ok {
		key = other
	}
	theirs, ok := files[strings.ToLower(prefix)+key]
	if !ok {
		c.Unseen[prefix+" "+name] = "/proc has no such counter"
		return
	}
	c.Field(prefix+" "+name, value, float64(theirs))
}

// before reports whether the running kernel is older than a release.
func before(n *witness.Namespace, major, minor int) bool {
	n.T.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		n.T.Fatal(err)
	}
	words := strings.SplitN(unix.ByteSliceToString(name.Release[:]), ".", 3)
	a, _ := strconv.Atoi(words[0])
	b, _ := strconv.Atoi(words[1])
	return a < major || a == major && b < minor
}
