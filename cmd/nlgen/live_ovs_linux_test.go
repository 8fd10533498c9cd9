package main

import (
	"fmt"
	"path/filepath"
	"testing"
)

// datapath makes a switch of Open vSwitch in a session of ovs_datapath, and returns the index of the switch's own port.
func datapath(s *session) any {
	s.Helper()
	s.do("new", `{"dp-ifindex": 0, "name": "switch0", "upcall-pid": 0}`)
	s.Cleanup(func() { s.call("do", "del", "--json", `{"dp-ifindex": 0, "name": "switch0"}`) })
	return find(s.T, witness(s.T, "ip -j link"), "ifname", "switch0")["ifindex"]
}

func TestLiveDatapath(t *testing.T) {
	withSpecs(t, "ovs_datapath", func(s *session) {
		index := datapath(s)
		s.refused("new", `{"dp-ifindex": 0, "name": "switch0", "upcall-pid": 0}`, "new: EEXIST")
		if o := find(s.T, s.dump("get", "{}"), "name", "switch0"); o["dp-ifindex"] != index || o["stats"].(answer)["n-flows"] != 0.0 {
			s.Errorf("got %v", o)
		}
		if o := s.do("get", `{"dp-ifindex": 0, "name": "switch0"}`).(answer); o["dp-ifindex"] != index || o["masks-cache-size"] != 256.0 {
			s.Errorf("got %v", o)
		}
		s.listening(`"name": "heard"`, func() {
			s.call("do", "new", "--json", `{"dp-ifindex": 0, "name": "heard", "upcall-pid": 0}`)
			s.call("do", "del", "--json", `{"dp-ifindex": 0, "name": "heard"}`)
		}, "ovs_datapath")
		s.do("del", `{"dp-ifindex": 0, "name": "switch0"}`)
		s.refused("get", `{"dp-ifindex": 0, "name": "switch0"}`, "get: ENODEV")
	})
}

func TestLiveVport(t *testing.T) {
	withSpecs(t, "ovs_vport", func(s *session) {
		index := datapath(sibling(s, "ovs_datapath"))
		port := func(more string) string {
			return fmt.Sprintf(`{"dp-ifindex": %v, "name": "vx0", "type": "vxlan", "upcall-pid": "00000000"%s}`, index, more)
		}
		if !s.errata {
			// The spec has 32 bits for the port, and the kernel takes only 16.
			s.refused("new", port(`, "options": {"dst-port": 4789}`), "new: ")
			return
		}
		s.do("new", port(`, "options": {"dst-port": 4789, "extension": {"gbp": true}}`))
		all := s.dump("get", fmt.Sprintf(`{"dp-ifindex": %v}`, index))
		o := find(s.T, all, "name", "vx0")
		options := o["options"].(answer)
		if len(all) != 2 || o["type"] != "vxlan" || options["dst-port"] != 4789.0 || options["extension"].(answer)["gbp"] != true {
			s.Errorf("got %v", all)
		}
		w := find(s.T, witness(s.T, "ip -d -j link show type vxlan"), "ifindex", o["ifindex"])
		equal(s.T, options, w["linkinfo"].(answer)["info_data"].(answer), "dst-port=port")
		s.do("del", fmt.Sprintf(`{"dp-ifindex": %v, "name": "vx0"}`, index))
		s.refused("get", fmt.Sprintf(`{"dp-ifindex": %v, "name": "vx0"}`, index), "get: ENODEV")
	})
}

func TestLiveFlow(t *testing.T) {
	withSpecs(t, "ovs_flow", func(s *session) {
		index := datapath(sibling(s, "ovs_datapath"))
		flow := func(actions string) string {
			return fmt.Sprintf(`{"dp-ifindex": %v, "key": {"in-port": 0, "ethernet": {"eth-src": "02:00:00:00:00:01", "eth-dst": "02:00:00:00:00:02"}, `+
				`"ethertype": 2048, "ipv4": {"ipv4-src": "192.0.2.1", "ipv4-dst": "192.0.2.2", "ipv4-proto": 17, "ipv4-tos": 0, "ipv4-ttl": 64, "ipv4-frag": "none"}, `+
				`"udp": {"udp-src": 1, "udp-dst": 2}}, "actions": {%s}}`, index, actions)
		}
		s.do("new", flow(`"output": 0`))
		s.refused("new", flow(`"output": 0`), "new: EEXIST", "create", "excl")
		of := fmt.Sprintf(`{"dp-ifindex": %v}`, index)
		all := s.dump("get", of)
		if len(all) != 1 {
			s.Fatalf("got %v", all)
		}
		key, actions := all[0]["key"].(answer), all[0]["actions"].(answer)
		if ip := key["ipv4"].(answer); ip["ipv4-src"] != "192.0.2.1" || ip["ipv4-ttl"] != 64.0 || key["udp"].(answer)["udp-dst"] != 2.0 || actions["output"] != 0.0 {
			s.Errorf("got %v", all[0])
		}
		// The number that the spec has for psample is that of drop, which wants another length.
		if sample := flow(`"psample": {"group": 7}, "output": 0`); !s.errata {
			s.refused("new", sample, "new: EINVAL")
		} else {
			s.do("new", sample)
			if got := s.dump("get", of)[0]["actions"].(answer)["psample"]; got == nil || got.(answer)["group"] != 7.0 {
				s.Errorf("got %v", got)
			}
		}
	})
}

// sibling returns a session with the spec of another family beside that of a session.
func sibling(s *session, family string) *session {
	other := *s
	if filepath.Ext(s.spec) == "" { // It is built in.
		other.spec = family
	} else {
		other.spec = filepath.Join(filepath.Dir(s.spec), family+".yaml")
	}
	return &other
}
