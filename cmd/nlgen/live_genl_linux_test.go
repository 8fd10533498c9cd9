package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
)

func TestLiveControl(t *testing.T) {
	withSpecs(t, "nlctrl", func(s *session) {
		ours := s.dump("getfamily", "{}")
		list := tool(s.T, "genl ctrl list")
		for _, o := range ours {
			if !strings.Contains(list, fmt.Sprintf("Name: %v\n\tID: %#x  Version: %#x", o["family-name"], int(o["family-id"].(float64)), int(o["version"].(float64)))) {
				s.Errorf("genl does not show %v in\n%s", o, list)
			}
		}
		if n := strings.Count(list, "Name: "); n != len(ours) {
			s.Errorf("%d families, genl shows %d", len(ours), n)
		}
		if o := s.do("getfamily", `{"family-name": "nlctrl"}`).(answer); o["family-id"] != 16.0 || len(o["ops"].([]any)) == 0 {
			s.Errorf("got %v", o)
		}
		s.refused("getfamily", `{"family-name": "nosuch"}`, "getfamily: ENOENT")
		if policies := s.dump("getpolicy", `{"family-name": "nlctrl"}`); len(policies) < 3 || policies[0]["op-policy"] == nil {
			s.Errorf("got %v", policies)
		}
	})
}

func TestLiveNetdev(t *testing.T) {
	withSpecs(t, "netdev", func(s *session) {
		index := s.link()
		ours, theirs := s.dump("dev-get", "{}"), witness(s.T, "ip -j link")
		for _, w := range theirs {
			find(s.T, ours, "ifindex", w["ifindex"])
		}
		if len(ours) != len(theirs) {
			s.Errorf("%d devices, ip has %d", len(ours), len(theirs))
		}
		queues := s.dump("queue-get", fmt.Sprintf(`{"ifindex": %d}`, index))
		if len(queues) != 2 || queues[0]["type"] != "rx" || queues[1]["type"] != "tx" {
			s.Errorf("the queues are %v", queues)
		}
		s.refused("dev-get", `{"ifindex": 0}`, `dev-get: ERANGE: "integer out of range" [attribute ifindex, policy u32 1..`)
		s.refused("dev-get", "{}", "dev-get: EINVAL: invalid argument [missing attribute ifindex]")
		tell := func() {
			tool(s.T, "ip link add heard type veth peer name heard1")
			tool(s.T, "ip link del heard")
		}
		s.listening(`"name": "dev-add-ntf"`, tell, "mgmt")
	})
}

func TestLiveEthtool(t *testing.T) {
	withSpecs(t, "ethtool", func(s *session) {
		s.link()
		const header = `{"header": {"dev-name": "live0"}}`
		s.refused("features-get", `{"header": {"dev-name": "nosuch"}}`, `ENODEV: "no device matches name" [attribute header.dev-name]`)
		s.refused("features-get", "{}", "EINVAL: invalid argument [missing attribute header]")
		features := s.do("features-get", header).(answer)
		active := map[string]bool{}
		for _, bit := range objects(s.T, features["active"].(answer)["bits"].(answer)["bit"]) {
			active[bit["name"].(string)] = true
		}
		known := 0
		for _, w := range witness(s.T, "ethtool --json -k live0") {
			for name, state := range w {
				f, ok := state.(answer)
				if !ok || !strings.Contains(fmt.Sprint(features), "name:"+name+" ") && !strings.Contains(fmt.Sprint(features), "name:"+name+"]") {
					continue // Old names of ethtool that stand for several features.
				}
				known++
				if f["active"] != active[name] {
					s.Errorf("feature %s is %v, ethtool has %v", name, active[name], f)
				}
			}
		}
		if known < 20 {
			s.Errorf("only %d features are known to both", known)
		}
		s.do("features-set", `{"header": {"dev-name": "live0"}, "wanted": {"bits": {"bit": [{"name": "rx-gro"}]}}}`)
		if w := witness(s.T, "ethtool --json -k live0")[0]["generic-receive-offload"]; w != nil && w.(answer)["active"] != false {
			s.Errorf("generic receive offload is %v", w)
		}
		channels, shown := s.do("channels-get", header).(answer), tool(s.T, "ethtool -l live0")
		for _, field := range []struct{ key, name string }{{"rx-max", "RX"}, {"tx-max", "TX"}} {
			want := regexp.MustCompile(field.name + `:\s+(\d+)`).FindStringSubmatch(shown)
			if len(want) != 2 || fmt.Sprint(channels[field.key]) != want[1] {
				s.Errorf("%s is %v, ethtool shows %v", field.key, channels[field.key], want)
			}
		}
		if all := s.dump("linkinfo-get", "{}"); len(all) == 0 || all[0]["header"] == nil {
			s.Errorf("got %v", all)
		}
		if sets := s.dump("strset-get", `{"header": {}, "counts-only": true}`); len(sets) == 0 {
			s.Errorf("got %v", sets)
		}
	})
}

func TestLiveMptcp(t *testing.T) {
	withSpecs(t, "mptcp_pm", func(s *session) {
		tool(s.T, "ip mptcp endpoint flush")
		s.do("add-addr", `{"addr": {"family": 2, "id": 7, "addr4": 3221225985, "flags": 6}}`)
		s.refused("add-addr", `{"addr": {"family": 2, "id": 7, "addr4": 3221225985}}`, "too many addresses or duplicate one")
		all := s.dump("get-addr", "{}")
		w := witness(s.T, "ip -j mptcp endpoint")
		if len(all) != 1 || len(w) != 1 || w[0]["address"] != "192.0.2.1" {
			s.Fatalf("got %v, ip has %v", all, w)
		}
		o := all[0]["addr"].(answer)
		if a := o["addr4"]; a != 3221225985.0 && a != "192.0.2.1" {
			s.Errorf("the address is %v", a)
		}
		equal(s.T, o, w[0], "id")
		// The kernel's spec has no names for these flags.
		if f := fmt.Sprint(o["flags"]); f != "6" && f != "[subflow backup]" || fmt.Sprint(w[0]["subflow"], w[0]["backup"]) != "true true" {
			s.Errorf("the flags are %v, ip has %v", f, w[0])
		}
		s.do("set-limits", `{"rcv-add-addrs": 2, "subflows": 3}`)
		limits := s.do("get-limits", "{}").(answer)
		want := fmt.Sprintf("add_addr_accepted %v subflows %v", limits["rcv-add-addrs"], limits["subflows"])
		if shown := tool(s.T, "ip mptcp limits"); want != "add_addr_accepted 2 subflows 3" || !strings.Contains(shown, want) {
			s.Errorf("the limits are %v, ip shows %s", limits, shown)
		}
		s.refused("set-limits", `{"rcv-add-addrs": 100}`, `EINVAL: "limit greater than maximum`)
		s.do("del-addr", `{"addr": {"id": 7}}`)
	})
}

func TestLiveTCPMetrics(t *testing.T) {
	withSpecs(t, "tcp_metrics", func(s *session) {
		tool(s.T, "ip link set lo up")
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			s.Fatal(err)
		}
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				c.Close()
			}
		}()
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			s.Fatal(err)
		}
		_, _ = c.Read(make([]byte, 1))
		c.Close()
		ours, theirs := s.dump("get", "{}"), witness(s.T, "ip -j tcp_metrics")
		if len(ours) != len(theirs) {
			s.Errorf("%d entries, ip has %d", len(ours), len(theirs))
		}
		for i, o := range ours {
			if o["addr-ipv4"] == nil || theirs[i]["dst"] == nil {
				s.Errorf("got %v, ip has %v", o, theirs[i])
			}
		}
		s.Logf("%d entries", len(ours))
		s.refused("get", "{}", "get: EAFNOSUPPORT")
		s.refused("get", `{"addr-ipv4": 3405803876}`, "get: ESRCH")
	})
}

func TestLiveNftables(t *testing.T) {
	withSpecs(t, "nftables", func(s *session) {
		if path, err := exec.LookPath("nft"); err != nil {
			s.Skipf("no witness: %v %s", err, path)
		}
		tool(s.T, "nft flush ruleset")
		// One change is a transaction of its own.
		s.do("newtable", `{"nfgen-family": 2, "name": "live"}`, "create", "excl")
		s.refused("newtable", `{"nfgen-family": 2, "name": "live"}`, "newtable: EEXIST: file exists [attribute name]", "create", "excl")
		// Several go together or not at all.
		stdout, stderr, code := s.call("do", "--multi",
			"batch-begin", `{"res-id": 10}`,
			"newchain:create", `{"nfgen-family": 2, "table": "live", "name": "in"}`,
			"newchain:create", `{"nfgen-family": 2, "table": "live", "name": "out", "hook": {"num": 3, "priority": 5}, "type": "filter"}`,
			"newset:create", `{"nfgen-family": 2, "table": "live", "name": "peers", "id": 1, "key-type": 7, "key-len": 4, "flags": 0}`,
			"batch-end", `{"res-id": 10}`)
		if code != 0 || strings.TrimSpace(stdout) != "[null, null, null, null, null]" {
			s.Fatalf("exit code %d, %s%s", code, stdout, stderr)
		}
		stdout, stderr, code = s.call("do", "--multi",
			"batch-begin", `{"res-id": 10}`,
			"newtable:create", `{"nfgen-family": 2, "name": "never"}`,
			"newchain:create", `{"nfgen-family": 2, "table": "nosuch", "name": "in"}`,
			"batch-end", `{"res-id": 10}`)
		if code != exitFindings || !strings.Contains(stderr, "newchain: ENOENT: no such file or directory [attribute table]") {
			s.Errorf("exit code %d, %s%s", code, stdout, stderr)
		}
		if s.errata {
			s.do("newrule", `{"nfgen-family": 2, "table": "live", "chain": "out", "expressions": {"elem": [`+
				`{"name": "counter", "data": {"bytes": 5, "packets": 1}}, `+
				`{"name": "immediate", "data": {"dreg": 0, "data": {"verdict": {"code": 1}}}}]}}`, "create", "append")
		}
		if s.errata {
			tool(s.T, "nft add rule live in ip saddr @peers fib saddr oif missing drop")
			rules := fmt.Sprint(s.dump("getrule", `{"nfgen-family": 2}`))
			for _, want := range []string{"name:lookup", "set:peers sreg:1", "name:fib", "result:oif"} {
				if !strings.Contains(rules, want) {
					s.Errorf("there is no %s in %s", want, rules)
				}
			}
		}
		shown := tool(s.T, "nft list ruleset")
		for _, want := range []string{"table ip live {", "chain in {", "type filter hook output priority filter + 5;", "set peers {"} {
			if !strings.Contains(shown, want) {
				s.Errorf("nft does not show %q:\n%s", want, shown)
			}
		}
		if s.errata && !strings.Contains(shown, "counter packets 1 bytes 5 accept") {
			s.Errorf("nft does not show the rule:\n%s", shown)
		}
		if strings.Contains(shown, "never") {
			s.Errorf("half a transaction was carried out:\n%s", shown)
		}
		if o := s.do("gettable", `{"nfgen-family": 2, "name": "live"}`).(answer); o["name"] != "live" {
			s.Errorf("got %v", o)
		}
		if chains := s.dump("getchain", `{"nfgen-family": 2}`); len(chains) != 2 || chains[0]["name"] != "in" || chains[1]["name"] != "out" {
			s.Errorf("got %v", chains)
		}
		s.listening(`"name": "heard"`, func() {
			tool(s.T, "nft add table heard")
			tool(s.T, "nft delete table heard")
		}, "7")
		s.do("deltable", `{"nfgen-family": 2, "name": "live"}`)
	})
}

func TestLiveConntrack(t *testing.T) {
	withSpecs(t, "conntrack", func(s *session) {
		tool(s.T, "conntrack -F")
		tool(s.T, "conntrack -I -s 192.0.2.7 -d 198.51.100.7 -p udp --sport 7 --dport 53 -t 100 -m 5")
		s.Cleanup(func() { tool(s.T, "conntrack -F") })
		all := s.dump("get", `{"nfgen-family": 2}`)
		if len(all) != 1 {
			s.Fatalf("got %v", all)
		}
		shown := tool(s.T, "conntrack -L -o extended,id")
		o := all[0]
		orig := o["tuple-orig"].(answer)
		ip, proto := orig["tuple-ip"].(answer), orig["tuple-proto"].(answer)
		for _, want := range []string{
			fmt.Sprint("src=", ip["ip-v4-src"]), fmt.Sprint("dst=", ip["ip-v4-dst"]), fmt.Sprint("dport=", proto["proto-dst-port"]),
			fmt.Sprint("sport=", proto["proto-src-port"]), fmt.Sprint("mark=", o["mark"]), fmt.Sprintf("id=%.0f", o["id"]),
		} {
			if !strings.Contains(shown, want) {
				s.Errorf("conntrack does not show %s: %s", want, shown)
			}
		}
		if stats := s.dump("get-stats", "{}"); len(stats) == 0 || stats[0]["found"] == nil {
			s.Errorf("got %v", stats)
		}
	})
}

// TestLiveFull prints a dump to where there is no room, which is said once, however much there is to print.
func TestLiveFull(t *testing.T) {
	nettest.Isolate(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"dump", "-s", "nlctrl", "getfamily"}, full, &stderr)
	if code != exitFindings || strings.Count(stderr.String(), "no space left") != 1 {
		t.Errorf("exit code %d, on stderr\n%s", code, &stderr)
	}
}
