package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

func TestLiveTeam(t *testing.T) {
	withSpecs(t, "team", func(s *session) {
		s.link()
		s.do("noop", "{}")
		tool(s.T, "ip link add team0 type team")
		s.Cleanup(func() { tool(s.T, "ip link del team0") })
		index := find(s.T, witness(s.T, "ip -j link"), "ifname", "team0")["ifindex"]
		of := func(more string) string { return fmt.Sprintf(`{"team-ifindex": %v%s}`, index, more) }
		options := func() (all []answer) {
			o := s.do("options-get", of("")).(answer)["list-option"].(answer)["option"]
			if list, ok := o.([]any); ok {
				return objects(s.T, list)
			}
			return []answer{o.(answer)}
		}
		if all := options(); s.errata && len(all) < 5 || !s.errata && len(all) != 1 {
			s.Errorf("the options are %v", all)
		}
		if !s.errata {
			return // One option at a time can be read, and the list is none.
		}
		mode := hex.EncodeToString([]byte("roundrobin\x00"))
		set := of(`, "list-option": {"option": [{"name": "mode", "type": 5, "data": "` + mode + `"}]}`)
		// The kernel carries it out, and says ESRCH as nobody listens to the news of it.
		s.refused("options-set", set, "options-set: ESRCH")
		if o := find(s.T, options(), "name", "mode"); strings.ReplaceAll(o["data"].(string), " ", "") != mode {
			s.Errorf("got %v", o)
		}
		tool(s.T, "ip link set live0 down")
		tool(s.T, "ip link set live0 master team0")
		ports := objects(s.T, s.do("port-list-get", of("")).(answer)["list-port"].(answer)["port"])
		live0 := find(s.T, witness(s.T, "ip -j link"), "ifname", "live0")
		if len(ports) != 1 || live0["master"] != "team0" {
			s.Fatalf("the ports are %v, ip has %v", ports, live0)
		}
		equal(s.T, ports[0], live0, "ifindex")
		s.listening(`"name": "port-list-get"`, func() {
			tool(s.T, "ip link set live0 nomaster")
			tool(s.T, "ip link set live0 master team0")
		}, "change_event")
	})
}

func TestLiveFou(t *testing.T) {
	withSpecs(t, "fou", func(s *session) {
		s.do("add", `{"port": 7777, "ipproto": 4, "type": 1, "af": 2}`)
		s.refused("add", `{"port": 7777, "ipproto": 4, "type": 1, "af": 2}`, "add: EADDRINUSE")
		all, theirs := s.dump("get", "{}"), witness(s.T, "ip -j fou show")
		if len(all) != 1 || len(theirs) != 1 {
			s.Fatalf("got %v, ip has %v", all, theirs)
		}
		equal(s.T, all[0], theirs[0], "port ipproto")
		equal(s.T, s.do("get", `{"port": 7777, "af": 2}`).(answer), theirs[0], "port")
		s.do("del", `{"port": 7777, "af": 2}`)
		s.refused("get", `{"port": 7777, "af": 2}`, "get: ESRCH")
		tool(s.T, "ip link set lo up")
		local := "local-v4"
		if strings.Contains(fmt.Sprint(all), "local_v4") {
			local = "local_v4"
		}
		if !s.errata {
			return
		}
		s.do("add", `{"port": 7778, "ipproto": 4, "type": 1, "af": 2, "`+local+`": 2130706433}`)
		if w := witness(s.T, "ip -j fou show"); len(w) != 1 || w[0]["local"] != "127.0.0.1" {
			s.Errorf("ip has %v", w)
		}
		s.do("del", `{"port": 7778, "af": 2, "`+local+`": 2130706433}`)
	})
}

func TestLiveWireGuard(t *testing.T) {
	withSpecs(t, "wireguard", func(s *session) {
		s.Cleanup(func() { _ = exec.Command("ip", "link", "del", "wg0").Run() }) // NB: there may be none.
		if out, err := exec.Command("ip", "link", "add", "wg0", "type", "wireguard").CombinedOutput(); err != nil {
			s.Skipf("not in this kernel: %s", out)
		}
		key, peer := strings.Repeat("11", 32), strings.Repeat("22", 32)
		s.do("set-device", `{"ifname": "wg0", "private-key": "`+key+`", "listen-port": 51820, "fwmark": 9, "peers": [{"0": {"public-key": "`+peer+`", `+
			`"endpoint": "02000035cb0071070000000000000000", "persistent-keepalive-interval": 25, `+
			`"allowedips": [{"0": {"family": 2, "ipaddr": "198.51.100.0", "cidr-mask": 24}}]}}]}`)
		s.refused("set-device", `{"ifname": "nosuch"}`, "set-device: ENODEV")
		all := s.dump("get-device", `{"ifname": "wg0"}`)
		if len(all) != 1 {
			s.Fatalf("got %v", all)
		}
		o := all[0]
		digits := strings.NewReplacer(" ", "", ":", "").Replace
		raw, err := hex.DecodeString(digits(fmt.Sprint(o["public-key"])))
		if err != nil {
			s.Fatal(err)
		}
		for field, want := range map[string]string{
			"public-key": base64.StdEncoding.EncodeToString(raw), "listen-port": fmt.Sprint(o["listen-port"]), "fwmark": fmt.Sprintf("%#x", 9),
		} {
			if shown := strings.TrimSpace(tool(s.T, "wg show wg0 "+field)); shown != want {
				s.Errorf("%s is %s, wg has %s", field, want, shown)
			}
		}
		first := objects(s.T, o["peers"])[0]["0"].(answer)
		if digits(first["public-key"].(string)) != peer || first["persistent-keepalive-interval"] != 25.0 {
			s.Errorf("the peer is %v", first)
		}
		if shown := tool(s.T, "wg show wg0 dump"); !strings.Contains(shown, "203.0.113.7:53\t198.51.100.0/24\t") {
			s.Errorf("wg shows %s", shown)
		}
		if ip := objects(s.T, first["allowedips"])[0]["0"].(answer); ip["ipaddr"] != "198.51.100.0" || ip["cidr-mask"] != 24.0 {
			s.Errorf("the addresses are %v", first["allowedips"])
		}
	})
}

func TestLiveServer(t *testing.T) {
	withSpecs(t, "nfsd", func(s *session) {
		if o := s.do("threads-get", "{}").(answer); o["gracetime"] != 90.0 || o["leasetime"] != 90.0 {
			s.Errorf("got %v", o)
		}
		versions := objects(s.T, s.do("version-get", "{}").(answer)["version"])
		if len(versions) == 0 || versions[0]["enabled"] != true {
			s.Errorf("got %v", versions)
		}
		if o := s.do("pool-mode-get", "{}").(answer); o["mode"] != "global" {
			s.Errorf("got %v", o)
		}
		// The dump is refused as nothing serves; a do of it does not exist.
		if stdout, stderr, code := s.call("dump", "rpc-status-get"); code != exitFindings || !strings.Contains(stderr, "rpc-status-get: ENODEV") {
			s.Errorf("exit code %d, %s%s", code, stdout, stderr)
		}
	})
}

func TestLiveHandshake(t *testing.T) {
	withSpecs(t, "handshake", func(s *session) {
		s.refused("accept", `{"handler-class": "tlshd"}`, "accept: EAGAIN")
		s.refused("done", `{"status": 0, "sockfd": 0}`, "done: ")
	})
}

func TestLiveClocks(t *testing.T) {
	withSpecs(t, "dpll", func(s *session) {
		if devices, pins := s.dump("device-get", "{}"), s.dump("pin-get", "{}"); len(devices)+len(pins) != 0 {
			s.Logf("%v, %v", devices, pins)
		}
		// What is not found is an answer without attributes; that it is missing stands in the text of the ack.
		stdout, stderr, code := s.call("do", "device-id-get", "--json", `{"module-name": "nosuch"}`)
		if code != 0 || strings.TrimSpace(stdout) != "{}" || !strings.Contains(stderr, "warning: kernel: not found") {
			s.Errorf("exit code %d, %s%s", code, stdout, stderr)
		}
		s.refused("device-get", `{"id": 99}`, "device-get: ENODEV")
	})
}
