package main

import (
	"fmt"
	"strings"
	"testing"

	lab "github.com/nlgen/nlgen/internal/witness"
)

func TestLiveDevlink(t *testing.T) {
	withSpecs(t, "devlink", func(s *session) {
		name := lab.Simulate(s.T)
		of := func(more string) string { return `{"bus-name": "netdevsim", "dev-name": "` + name + `"` + more + `}` }
		find(s.T, s.dump("get", "{}"), "dev-name", name)
		s.refused("get", `{"bus-name": "netdevsim", "dev-name": "nosuch"}`, "get: ENODEV")

		ports := s.dump("port-get", "{}")
		shown := tool(s.T, "devlink -j port show")
		for _, p := range ports {
			if want := fmt.Sprintf(`"netdevsim/%s/%v":{"type":"eth","netdev":"%v","flavour":"physical","port":%v,`,
				name, p["port-index"], p["port-netdev-name"], p["port-number"]); !strings.Contains(shown, want) {
				s.Errorf("devlink does not show %s in\n%s", want, shown)
			}
		}
		if len(ports) != 4 {
			s.Errorf("%d ports", len(ports))
		}
		// The number of the answer is another one than that of what a dump lists.
		equal(s.T, s.do("port-get", of(`, "port-index": 2`)).(answer), ports[2], "port-index port-netdev-name port-number port-flavour")

		if info := s.do("info-get", of("")).(answer); info["info-driver-name"] != "netdevsim" || info["info-version-running"] == nil {
			s.Errorf("got %v", info)
		}
		s.do("trap-set", of(`, "trap-name": "blackhole_route", "trap-action": "trap"`))
		trap := s.do("trap-get", of(`, "trap-name": "blackhole_route"`)).(answer)
		if shown := tool(s.T, "devlink -j trap show netdevsim/"+name+" trap blackhole_route"); trap["trap-action"] != "trap" || !strings.Contains(shown, `"action":"trap"`) {
			s.Errorf("got %v, devlink shows %s", trap, shown)
		}
		if shown, all := tool(s.T, "devlink trap show"), s.dump("trap-get", "{}"); strings.Count(shown, "name ") != len(all) {
			s.Errorf("%d traps, devlink shows %s", len(all), shown)
		}

		for _, id := range []string{"3", "4"} {
			s.do("region-new", of(`, "region-name": "dummy", "region-snapshot-id": `+id))
		}
		snapshots := s.do("region-get", of(`, "region-name": "dummy"`)).(answer)["region-snapshots"].(answer)["region-snapshot"]
		if n := len(objects(s.T, snapshots)); s.errata && n != 2 {
			s.Errorf("%d snapshots: %v", n, snapshots)
		}
		read := s.dump("region-read", of(`, "region-name": "dummy", "region-snapshot-id": 3, "region-chunk-addr": 0, "region-chunk-len": 600`))
		if s.errata {
			data := ""
			for _, r := range read {
				for _, c := range objects(s.T, r["region-chunks"].(answer)["region-chunk"]) {
					data += strings.ReplaceAll(c["region-chunk-data"].(string), " ", "")
				}
			}
			shown := tool(s.T, "devlink region read netdevsim/"+name+"/dummy snapshot 3 address 0 length 600")
			theirs := ""
			for line := range strings.Lines(shown) {
				_, bytes, _ := strings.Cut(strings.TrimSpace(line), " ")
				theirs += strings.ReplaceAll(bytes, " ", "")
			}
			if data != theirs || len(data) != 1200 {
				s.Errorf("read %d digits: %s, devlink %s", len(data), data, theirs)
			}
		}

		resources := objects(s.T, s.do("resource-dump", of("")).(answer)["resource-list"].(answer)["resource"])
		if len(resources) < 2 || resources[0]["resource-name"] != "IPv4" {
			s.Errorf("the resources are %v", resources)
		}
		if inner, ok := resources[0]["resource-list"].(answer); s.errata && (!ok || objects(s.T, inner["resource"])[0]["resource-name"] != "fib") {
			s.Errorf("the first resource is %v", resources[0])
		}
		if fmsg := s.do("health-reporter-diagnose", of(`, "health-reporter-name": "dummy"`)).(answer)["fmsg"]; fmsg == nil {
			s.Error("nothing was diagnosed")
		}
		s.do("eswitch-set", of(`, "eswitch-mode": "switchdev"`))
		s.do("rate-new", of(`, "rate-node-name": "live", "rate-tx-max": 125000`))
		if rates := s.dump("rate-get", "{}"); find(s.T, rates, "rate-node-name", "live")["rate-tx-max"] != 125000.0 {
			s.Errorf("got %v", rates)
		}
		s.refused("rate-new", of(`, "rate-node-name": "live"`), "rate-new: EEXIST")
		s.do("rate-del", of(`, "rate-node-name": "live"`))
		s.do("eswitch-set", of(`, "eswitch-mode": "legacy"`))
		s.listening(`"region-snapshot-id": 5`, func() {
			s.call("do", "region-new", "--json", of(`, "region-name": "dummy", "region-snapshot-id": 5`))
			s.call("do", "region-del", "--json", of(`, "region-name": "dummy", "region-snapshot-id": 5`))
		}, "config")
	})
}

// TestLiveSimulated has settings of a device that a pair of links has not.
func TestLiveSimulated(t *testing.T) {
	withSpecs(t, "ethtool", func(s *session) {
		name := lab.Simulate(s.T)
		var link string
		for _, w := range witness(s.T, "ip -j link") {
			if strings.Contains(tool(s.T, "devlink port show"), name+"/0: type eth netdev "+w["ifname"].(string)+" ") {
				link = w["ifname"].(string)
			}
		}
		header := `{"header": {"dev-name": "` + link + `"}`
		s.do("rings-set", header+`, "rx": 512, "tx": 256}`)
		rings := s.do("rings-get", header+"}").(answer)
		shown := strings.Join(strings.Fields(tool(s.T, "ethtool -g "+link)), " ")
		if rings["rx"] != 512.0 || rings["tx"] != 256.0 || !strings.Contains(shown, "Current hardware settings: RX: 512 ") || !strings.Contains(shown, " TX: 256 ") {
			s.Errorf("the rings are %v, ethtool shows %s", rings, shown)
		}
		s.do("pause-set", header+`, "rx": 1, "tx": 1}`)
		if pause := s.do("pause-get", header+"}").(answer); pause["rx"] != 1.0 || pause["tx"] != 1.0 {
			s.Errorf("got %v", pause)
		}
		s.do("coalesce-set", header+`, "rx-usecs": 44}`)
		if shown := strings.Join(strings.Fields(tool(s.T, "ethtool -c "+link)), " "); !strings.Contains(shown, " rx-usecs: 44 ") {
			s.Errorf("ethtool shows %s", shown)
		}
		tables := s.do("tunnel-info-get", header+"}").(answer)["udp-ports"].(answer)["table"]
		if shown := tool(s.T, "ethtool --show-tunnels "+link); s.errata && len(objects(s.T, tables)) != strings.Count(shown, "UDP port table") {
			s.Errorf("the tables are %v, ethtool shows %s", tables, shown)
		}
	})
}
