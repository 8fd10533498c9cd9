package main

import (
	"strings"
	"testing"
)

// sockSpec is a family that is asked with one struct and set, and answers with others, one of whose attributes holds records.
const sockSpec = `name: sock
doc: Demo family.
protocol: netlink-raw
protonum: 4
definitions:
  - {name: req, type: struct, doc: d, members: [{name: family, type: u32}]}
  - {name: hop, type: struct, doc: d, members: [{name: len, type: u16}, {name: weight, type: u16}]}
attribute-sets:
  - {name: req-attrs, attributes: [{name: protocol, type: u32}]}
  - {name: attrs, attributes: [{name: inode, type: u32}, {name: hops, type: binary}]}
  - {name: hop-attrs, attributes: [{name: index, type: u32}]}
operations:
  list:
    - {name: get, doc: d, value: 20, fixed-header: req, attribute-set: req-attrs, dump: {request: {attributes: [protocol]}, reply: {}}}
`

const sockConfig = `version: 1
output: out
families:
  - specs/other.yaml
  - spec: specs/sock.yaml
    replies: [{operation: get, fixed-header: hop, attribute-set: attrs}]
    records: [{set: attrs, attribute: hops, struct: hop, length: len, attributes: hop-attrs, go: NextHop}]
`

// TestConfig decodes what only nlgen.yaml says the form of.
func TestConfig(t *testing.T) {
	littleEndian(t)
	t.Chdir(t.TempDir())
	writeFiles(t, ".", map[string]string{
		"specs/sock.yaml": sockSpec, "nlgen.yaml": sockConfig, "far/else.yaml": strings.Replace(sockConfig, "specs/", "", 1),
		"specs/other.yaml":    strings.Replace(sockSpec, "name: sock", "name: other", 1),
		"far/other.yaml":      strings.Replace(sockSpec, "name: sock", "name: other", 1),
		"far/specs/sock.yaml": sockSpec, "alone.yaml": sockSpec,
		"bad/nlgen.yaml": "version: 7\noutput: a\nfamilies: [../a.yaml]\n",
	})
	const (
		reply  = "04000500" + "0800010007000000" + "10000200" + "0c00090008000100" + "03000000"
		plain  = `{"family": 327684, "protocol": 7, "UnknownAttr(2)": "0c0009000800010003000000"}`
		wanted = `{"len": 4, "weight": 5, "inode": 7, "hops": [{"weight": 9, "index": 3}]}`
		route  = "02000000000000000000000000000000"
		paths  = "14000900" + "1000000102000000" + "08000500" + "c0000201"
		routed = `"multipath": [{"rtnh-flags": [], "rtnh-hops": 1, "rtnh-ifindex": 2, "gateway": "192.0.2.1"}]`
	)
	for _, tc := range []struct {
		args, wantOut, wantErr string
		code                   int
	}{
		{"decode -s specs/sock.yaml --op get " + reply, wanted, "", exitOK},
		{"decode -s ./specs/../specs/sock.yaml --op get --reply " + reply, wanted, "", exitOK},
		{"decode -s specs/sock.yaml --op get --request 0200000008000100" + "06000000", `{"family": 2, "protocol": 6}`, "", exitOK},
		{"decode -c far/else.yaml -s far/specs/sock.yaml --op get " + reply, wanted, "", exitOK},
		{"decode -c nlgen.yaml -s sock --op get " + reply, wanted, "", exitOK},
		{"decode -s alone.yaml --op get " + reply, plain, "", exitOK},
		{"decode -c nlgen.yaml -s alone.yaml --op get " + reply, "", "nlgen.yaml does not list alone.yaml", exitUsage},
		{"decode -c nlgen.yaml -s sok --op get " + reply, "", `nlgen.yaml does not list sok, did you mean "sock"?`, exitUsage},
		{"decode -c bad/nlgen.yaml -s sock --op get " + reply, "", `bad/nlgen.yaml:1:10: "version" is 7`, exitFindings},
		{"decode -c nope.yaml -s sock --op get " + reply, "", "nope.yaml: cannot read the configuration", exitFindings},
		{"decode -s rt-route --op getroute " + route[:24] + paths, "", "", exitOK},
	} {
		stdout, stderr, code := call(strings.Fields(tc.args)...)
		stdout = strings.TrimSuffix(stdout, "\n")
		if tc.wantOut == "" && tc.code == exitOK {
			if !strings.Contains(stdout, routed) {
				t.Errorf("nlgen %s: on stdout\n%s\nwant\n%s", tc.args, stdout, routed)
			}
			continue
		}
		if stdout != tc.wantOut || !strings.Contains(stderr, tc.wantErr) || code != tc.code {
			t.Errorf("nlgen %s: exit code %d, on stdout\n%s\nwant\n%s\non stderr\n%s", tc.args, code, stdout, tc.wantOut, stderr)
		}
	}
}
