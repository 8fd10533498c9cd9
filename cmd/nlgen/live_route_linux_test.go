package main

import (
	"fmt"
	"strings"
	"testing"
)

// link makes a pair of links with ip, and returns the index of the first, which is up and has an address.
func (s *session) link() int {
	s.Helper()
	tool(s.T, "ip link add live0 type veth peer name live1")
	s.Cleanup(func() { tool(s.T, "ip link del live0") })
	tool(s.T, "ip link set live0 up")
	tool(s.T, "ip link set live1 up")
	tool(s.T, "ip addr add 192.0.2.1/24 dev live0")
	return int(find(s.T, witness(s.T, "ip -j link"), "ifname", "live0")["ifindex"].(float64))
}

func TestLiveLink(t *testing.T) {
	withSpecs(t, "rt-link", func(s *session) {
		if got := s.do("newlink", `{"ifname": "br7", "linkinfo": {"kind": "bridge", "data": {"priority": 100}}}`, "create", "excl"); got != nil {
			s.Errorf("newlink answers %v", got)
		}
		s.refused("newlink", `{"ifname": "br7", "linkinfo": {"kind": "bridge"}}`, "newlink: EEXIST", "create", "excl")
		s.refused("newlink", `{"ifname": "x", "linkinfo": {"kind": "nosuch"}}`, `EOPNOTSUPP: "Unknown device type"`, "create", "excl")
		s.refused("newlink", `{"ifname": "much-too-long-a-name"}`, `ERANGE: "Attribute failed policy validation" [attribute ifname, policy string up to 15 bytes]`)
		s.do("newlink", `{"ifname": "br7", "mtu": 1400, "ifi-flags": ["up"], "ifi-change": 1, "group": 5}`)
		theirs := witness(s.T, "ip -d -j link")
		ours := s.dump("getlink", "{}")
		if len(ours) != len(theirs) {
			s.Errorf("%d links, ip has %d", len(ours), len(theirs))
		}
		for _, o := range ours {
			w := find(s.T, theirs, "ifname", o["ifname"])
			equal(s.T, o, w, "ifi-index=ifindex ifname mtu txqlen address broadcast promiscuity allmulti num-tx-queues=num_tx_queues "+
				"num-rx-queues=num_rx_queues gso-max-size=gso_max_size gso-max-segs=gso_max_segs min-mtu=min_mtu max-mtu=max_mtu")
			shown := fmt.Sprint(w["flags"])
			for _, f := range o["ifi-flags"].([]any) {
				if name := strings.ToUpper(strings.ReplaceAll(f.(string), "-", "_")); f != "running" && !strings.Contains(shown, strings.ReplaceAll(name, "POINT_TO_POINT", "POINTOPOINT")) {
					s.Errorf("%v has flag %v, ip has %s", o["ifname"], f, shown)
				}
			}
		}
		br := s.do("getlink", `{"ifname": "br7"}`).(answer)
		info := br["linkinfo"].(answer)
		w := find(s.T, theirs, "ifname", "br7")["linkinfo"].(answer)
		equal(s.T, info, w, "kind=info_kind")
		equal(s.T, info["data"].(answer), w["info_data"].(answer), "forward-delay=forward_delay hello-time=hello_time max-age=max_age "+
			"ageing-time=ageing_time priority mcast-hash-max=mcast_hash_max mcast-last-member-cnt=mcast_last_member_cnt")
		text, stderr, code := s.call("do", "getlink", "--json", `{"ifname": "br7"}`, "--output", "text")
		if code != 0 || stderr != "" || !strings.Contains(text, "\nmtu:                        1400\n") && !strings.Contains(text, "mtu: ") {
			s.Errorf("exit code %d, %s, as text\n%s", code, stderr, text)
		}
		s.do("dellink", `{"ifname": "br7"}`)
		s.refused("getlink", `{"ifname": "br7"}`, "ENODEV")
	})
}

func TestLiveListen(t *testing.T) {
	withSpecs(t, "rt-link", func(s *session) {
		tell := func() {
			tool(s.T, "ip link add heard type bridge")
			tool(s.T, "ip link del heard")
		}
		for _, group := range []string{"rtnlgrp-link", "1"} {
			s.listening(`"ifname": "heard"`, tell, group)
		}
		s.listening(`"name": "dellink`, tell, "rtnlgrp-link", "rtnlgrp-stats")
		if stdout, stderr, code := s.call("listen", "rtnlgrp-link", "--duration", "30ms"); code != 0 || stdout != "" || stderr != "" {
			s.Errorf("exit code %d, %s%s", code, stdout, stderr)
		}
	})
}

func TestLiveAddr(t *testing.T) {
	withSpecs(t, "rt-addr", func(s *session) {
		index := s.link()
		request := fmt.Sprintf(`{"ifa-family": 2, "ifa-prefixlen": 25, "ifa-index": %d, "local": "198.51.100.7", "address": "198.51.100.7", "label": "live0:7"}`, index)
		s.do("newaddr", request, "create", "excl")
		s.refused("newaddr", request, "newaddr: EEXIST", "create", "excl")
		s.do("newaddr", fmt.Sprintf(`{"ifa-family": 10, "ifa-prefixlen": 64, "ifa-index": %d, "address": "2001:db8::7"}`, index), "create")
		count := 0
		for _, link := range witness(s.T, "ip -j addr") {
			for _, w := range objects(s.T, link["addr_info"]) {
				count++
				for _, o := range s.dump("getaddr", "{}") {
					// The local address of IPv4 is the one that ip shows; IPv6 has it as the address.
					local := o["local"]
					if local == nil {
						local = o["address"]
					}
					if local != w["local"] || o["ifa-index"] != link["ifindex"] {
						continue
					}
					count--
					o["shown"] = local
					equal(s.T, o, w, "shown=local ifa-prefixlen=prefixlen")
					if w["label"] != nil && w["family"] == "inet" {
						equal(s.T, o, w, "label")
					}
					equal(s.T, o["cacheinfo"].(answer), w, "ifa-valid=valid_life_time ifa-prefered=preferred_life_time")
				}
			}
		}
		if count != 0 {
			s.Errorf("%d addresses of ip's were not found", count)
		}
		if len(s.dump("getaddr", `{"ifa-family": 10}`)) == 0 {
			s.Error("there is no address of IPv6")
		}
		s.do("deladdr", request)
		s.refused("deladdr", request, "deladdr: EADDRNOTAVAIL")
	})
}

func TestLiveRoute(t *testing.T) {
	withSpecs(t, "rt-route", func(s *session) {
		index := s.link()
		request := fmt.Sprintf(`{"rtm-family": 2, "rtm-dst-len": 24, "rtm-table": 254, "rtm-protocol": 4, "rtm-type": "unicast", "dst": "198.51.100.0", `+
			`"gateway": "192.0.2.9", "oif": %d, "priority": 70, "metrics": {"mtu": 1300}}`, index)
		s.do("newroute", request, "create", "excl")
		s.refused("newroute", request, "newroute: EEXIST", "create", "excl")
		ours := s.dump("getroute", `{"rtm-family": 2}`)
		theirs := witness(s.T, "ip -4 -N -d -j route show table all")
		if len(ours) != len(theirs) {
			s.Errorf("%d routes, ip has %d", len(ours), len(theirs))
		}
		o := find(s.T, ours, "dst", "198.51.100.0")
		w := find(s.T, theirs, "dst", "198.51.100.0/24")
		equal(s.T, o, w, "gateway priority=metric")
		metrics := objects(s.T, []any{o["metrics"]})[0]
		if m := objects(s.T, w["metrics"]); len(m) != 1 || m[0]["mtu"] != metrics["mtu"] {
			s.Errorf("metrics are %v, ip has %v", o["metrics"], m)
		}
		got := objects(s.T, []any{s.do("getroute", `{"rtm-family": 2, "rtm-dst-len": 32, "dst": "198.51.100.9"}`)})[0]
		w = witness(s.T, "ip -j route get 198.51.100.9")[0]
		equal(s.T, got, w, "dst gateway")
		s.do("delroute", `{"rtm-family": 2, "rtm-dst-len": 24, "dst": "198.51.100.0"}`)
		s.refused("delroute", `{"rtm-family": 2, "rtm-dst-len": 24, "dst": "198.51.100.0"}`, "delroute: ESRCH")
	})
}

func TestLiveNeigh(t *testing.T) {
	withSpecs(t, "rt-neigh", func(s *session) {
		index := s.link()
		request := fmt.Sprintf(`{"ndm-family": 2, "ndm-ifindex": %d, "ndm-state": ["permanent"], "dst": "192.0.2.9", "lladdr": "02:00:00:00:00:09"}`, index)
		s.do("newneigh", request, "create", "excl")
		s.refused("newneigh", request, "newneigh: EEXIST", "create", "excl")
		o := find(s.T, s.dump("getneigh", "{}"), "dst", "192.0.2.9")
		w := find(s.T, witness(s.T, "ip -j neigh"), "dst", "192.0.2.9")
		equal(s.T, o, w, "dst lladdr")
		if fmt.Sprint(o["ndm-state"]) != "[permanent]" || fmt.Sprint(w["state"]) != "[PERMANENT]" {
			s.Errorf("state is %v, ip has %v", o["ndm-state"], w["state"])
		}
		tables := s.dump("getneightbl", "{}")
		if len(tables) == 0 || tables[0]["name"] == nil {
			s.Errorf("the tables are %v", tables)
		}
		s.do("delneigh", fmt.Sprintf(`{"ndm-family": 2, "ndm-ifindex": %d, "dst": "192.0.2.9"}`, index))
	})
}

func TestLiveRule(t *testing.T) {
	withSpecs(t, "rt-rule", func(s *session) {
		request := `{"family": 2, "action": "to-tbl", "table": 100, "priority": 1000, "fwmark": 7}`
		s.do("newrule", request, "create", "excl")
		s.refused("newrule", request, "newrule: EEXIST", "create", "excl")
		ours := s.dump("getrule", `{"family": 2}`)
		theirs := witness(s.T, "ip -4 -N -j rule")
		if len(ours) != len(theirs) {
			s.Errorf("%d rules, ip has %d", len(ours), len(theirs))
		}
		o, w := find(s.T, ours, "priority", 1000.0), find(s.T, theirs, "priority", 1000.0)
		if fmt.Sprint(o["table"]) != fmt.Sprint(w["table"]) || o["fwmark"] != w["fwmark"] && fmt.Sprintf("0x%v", o["fwmark"]) != w["fwmark"] {
			s.Errorf("got %v, ip has %v", o, w)
		}
		s.do("delrule", request)
		s.refused("delrule", request, "delrule: ENOENT")
		// The header has eight bits for the table, and an attribute of the same name 32.
		far := `{"family": 2, "action": "to-tbl", "table": 70000, "priority": 1001}`
		s.do("newrule", far, "create", "excl")
		o, w = find(s.T, s.dump("getrule", `{"family": 2}`), "priority", 1001.0), find(s.T, witness(s.T, "ip -4 -N -j rule"), "priority", 1001.0)
		if fmt.Sprint(o["table"]) != fmt.Sprint(w["table"]) || fmt.Sprint(w["table"]) != "70000" {
			s.Errorf("got %v, ip has %v", o, w)
		}
		s.do("delrule", far)
	})
}

func TestLiveQdisc(t *testing.T) {
	withSpecs(t, "tc", func(s *session) {
		index := s.link()
		s.do("newqdisc", fmt.Sprintf(`{"ifindex": %d, "parent": 4294967295, "handle": 65536, "kind": "pfifo", "options": {"limit": 77}}`, index), "create", "excl")
		o := find(s.T, s.dump("getqdisc", "{}"), "handle", 65536.0)
		w := find(s.T, witness(s.T, "tc -j qdisc show dev live0"), "kind", "pfifo")
		equal(s.T, o, w, "kind")
		equal(s.T, o["options"].(answer), w["options"].(answer), "limit")
		s.refused("newqdisc", fmt.Sprintf(`{"ifindex": %d, "parent": 4294967295, "kind": "nosuch"}`, index), "newqdisc: ENOENT", "create", "replace")
		s.do("delqdisc", fmt.Sprintf(`{"ifindex": %d, "parent": 4294967295}`, index))
		s.do("newqdisc", fmt.Sprintf(`{"ifindex": %d, "parent": 4294967281, "handle": 4294901760, "kind": "clsact"}`, index), "create", "excl")
		// One action that drops, in an indexed array. Actions are numbered from 1.
		filter := fmt.Sprintf(`{"ifindex": %d, "parent": 4294967282, "info": 196864, "kind": "matchall", `+
			`"options": {"act": [{"1": {"kind": "gact", "options": {"parms": {"action": 2}}}}]}}`, index)
		if _, stderr, _ := s.call("do", "newtfilter", "--json", filter, "--flags", "create,excl"); strings.Contains(stderr, `ENOENT: "TC classifier not found"`) {
			s.Skip("this kernel has no classifier matchall")
		} else if stderr != "" {
			s.Fatal(stderr)
		}
		f := s.dump("gettfilter", fmt.Sprintf(`{"ifindex": %d, "parent": 4294967282}`, index))
		if len(f) == 0 || f[0]["kind"] != "matchall" {
			s.Fatalf("the filters are %v", f)
		}
		if shown := tool(s.T, "tc filter show dev live0 ingress"); !strings.Contains(shown, "matchall") || !strings.Contains(shown, "action drop") {
			s.Errorf("tc shows %s", shown)
		}
	})
}
