package main

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
)

// callWith is call with a standard input.
func callWith(t *testing.T, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = before; r.Close() }()
	go func() {
		_, _ = w.WriteString(input)
		w.Close()
	}()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return out.String(), errs.String(), code
}

// littleEndian skips a test whose bytes are those of little-endian machines.
func littleEndian(t *testing.T) {
	t.Helper()
	switch runtime.GOARCH {
	case "386", "amd64", "arm", "arm64", "loong64", "riscv64", "wasm":
	default:
		t.Skip("the bytes are those of little-endian machines")
	}
}

const (
	getlinkHex  = "00000000000000000000000000000000070003006c6f0000"
	getlinkJSON = `{"ifi-family": 0, "ifi-type": 0, "ifi-index": 0, "ifi-flags": [], "ifi-change": 0, "ifname": "lo"}`
)

// TestCodec turns JSON into bytes and back.
func TestCodec(t *testing.T) {
	littleEndian(t)
	t.Chdir(t.TempDir())
	writeFiles(t, ".", map[string]string{
		"in.json":  `{"ifname": "lo"}`,
		"in.hex":   getlinkHex + "\n\n" + getlinkHex + "\n",
		"bad.yaml": "name: bad\nnope: 1\n",
		"odd.yaml": strings.Replace(demoSpec, "name: demo", "name: odd", 1),
	})
	const message = "28000000120005000100000000000000" + getlinkHex
	const ctrl = "03010000" + "08000200" + "6e6f0000"
	for _, tc := range []struct {
		args, input      string
		wantOut, wantErr string
		code             int
		jsonArg          string
	}{
		{args: "encode -s rt-link getlink --do --json", jsonArg: `{"ifname": "lo"}`, wantOut: getlinkHex},
		{args: "encode -s rt-link getlink --json @in.json", wantOut: getlinkHex},
		{args: "encode -s rt-link getlink", input: `{"ifname": "lo"}` + "\n" + `{"ifname": "lo"}`, wantOut: getlinkHex + "\n" + getlinkHex},
		{args: "encode -s rt-link getlink --message --json", jsonArg: `{"ifname": "lo"}`, wantOut: message},
		{args: "encode -s rt-link getlink --dump --message --seq 2 --json", jsonArg: `{}`, wantOut: "20000000120005030200000000000000" + getlinkHex[:32]},
		{args: "encode -s rt-link newlink --message --flags create,excl --json", jsonArg: `{}`, wantOut: "20000000100005060100000000000000" + getlinkHex[:32]},
		{args: "encode -s nlctrl getfamily --json", jsonArg: `{"family-name": "no"}`, wantOut: "03020000" + "07000200" + "6e6f0000"},
		{args: "encode -s nlctrl getfamily --message --json", jsonArg: `{"family-id": 1}`, wantOut: "1c000000100005000100000000000000" + "03020000" + "0600010001000000"},
		{args: "encode -s nlctrl getpolicy --message --family-id 99 --json", jsonArg: `{}`, wantOut: "14000000630005030100000000000000" + "0a020000"},
		{args: "encode -s rt-link getlink --json", jsonArg: `{"nope": 1}`, wantErr: `nope: unknown name, attribute set "link-attrs" has no such attribute`, code: 1},
		{args: "encode -s rt-link getlink", input: "{}\n\n{", wantOut: getlinkHex[:32], wantErr: "line 3: ", code: 2},
		{args: "decode -s rt-link --op getlink --do --request " + getlinkHex, wantOut: getlinkJSON},
		{args: "decode -s rt-link --op getlink @in.hex", wantOut: getlinkJSON + "\n" + getlinkJSON},
		{args: "decode -s rt-link --op getlink --names", input: "0x" + getlinkHex, wantOut: `{"name": "getlink", "msg": ` + getlinkJSON + "}"},
		{args: "decode -s rt-link --message " + message, wantOut: getlinkJSON},
		{args: "decode -s rt-link --message --names " + message + message, wantOut: `[{"name": "getlink", "msg": ` + getlinkJSON + `}, {"name": "getlink", "msg": ` + getlinkJSON + "}]"},
		{args: "decode -s rt-link --message --reply --names " + strings.Replace(message, "1200", "1000", 1), wantOut: `{"name": "newlink-ntf", "msg": ` + getlinkJSON + "}"},
		{args: "decode -s rt-link --message 2400000002000000010000000000000000000000" + "14000000100005060100000000000000", wantOut: "null"},
		{args: "decode -s rt-link --message 240000000200000001000000000000" + "00efffffff" + "14000000100005060100000000000000", wantOut: `{"errno": 17, "error": "EEXIST"}`},
		{args: "decode -s nlctrl --op getfamily " + strings.Replace(ctrl, "0800", "0700", 1), wantOut: `{"family-name": "no"}`},
		{args: "decode -s rt-link --op getlink " + getlinkHex[:32] + "0600040001000000", wantOut: `{"ifi-family": 0, "ifi-type": 0, "ifi-index": 0, "ifi-flags": [], "ifi-change": 0, "UnknownAttr(4)": "0100"}`,
			wantErr: "warning: message 1: mtu (offset 16): payload has the wrong length"},
		{args: "decode -s rt-link --op getlink --strict " + getlinkHex[:32] + "0600040001000000", wantOut: "null",
			wantErr: "nlgen: message 1: mtu (offset 16): payload has the wrong length", code: 1},
		{args: "decode -s rt-link --op getlink xyz " + getlinkHex, wantOut: "null\n" + getlinkJSON, wantErr: `message 1: "xyz" are no hex digits`, code: 1},
		{args: "decode -s rt-link --op getlink --output text " + getlinkHex, wantOut: "ifi-family: 0\nifi-type:   0\nifi-index:  0\nifi-flags:  []\nifi-change: 0\nifname:     lo"},
		{args: "decode -s rt-link --message " + strings.Replace(message, "1200", "ff00", 1), wantOut: "null", wantErr: "rt-link has no request with number 255", code: 1},
		{args: "decode -s bad.yaml --message 00", wantErr: `unknown key "nope"`, code: 1},
	} {
		args := strings.Fields(tc.args)
		if tc.jsonArg != "" {
			args = append(args, tc.jsonArg)
		}
		stdout, stderr, code := callWith(t, tc.input, args...)
		if strings.TrimSuffix(stdout, "\n") != tc.wantOut || !strings.Contains(stderr, tc.wantErr) || code != tc.code || tc.wantErr == "" && stderr != "" {
			t.Errorf("nlgen %s: exit code %d, on stdout\n%s\nwant\n%s\non stderr\n%s", tc.args, code, stdout, tc.wantOut, stderr)
		}
	}
}

// TestDynamicUsage goes through wrong calls.
func TestDynamicUsage(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"do getlink", `required flag(s) "spec" not set`},
		{"do -s rt-lnk getlink", `nor a built-in family, did you mean "rt-link"?`},
		{"do -s ./rt-link.yaml getlink", "there is no spec ./rt-link.yaml"},
		{"do -s rt-link", "do wants one operation"},
		{"do -s rt-link getlnk", `rt-link has no operation "getlnk", did you mean "getlink"?`},
		{"do -s rt-link newlink-ntf", `operation "newlink-ntf" is a notification, which has no do`},
		{"do -s rt-link getlink --output xml", `--output is "xml", want json or text`},
		{"do -s rt-link getlink --json {", "unexpected EOF"},
		{"do -s rt-link getlink --json []", "got an array, want an object"},
		{"do -s rt-link getlink --json @nope.json", "nope.json: no such file"},
		{"do -s rt-link getlink --flags create,xcl", `there is no flag "xcl", they are create, excl,`},
		{"do -s rt-link --multi getlink", "--multi wants an operation and JSON"},
		{"do -s rt-link --multi getlink {} --json {}", "--multi and --json exclude each other"},
		{"do -s rt-link --multi getlink:xcl {}", `there is no flag "xcl"`},
		{"dump -s rt-link", "dump wants one operation"},
		{"listen -s rt-link", "listen wants a multicast group"},
		{"listen -s rt-link rtnlgrp-link --duration -1s", "--duration is not above zero"},
		{"listen -s rt-link nobody", `no such multicast group: "nobody"`},
		{"encode -s rt-link", "encode wants one operation"},
		{"encode -s rt-link getlink --do --dump", "none of the others can be"},
		{"decode -s rt-link 00", "decode wants --op, or --message"},
		{"decode -s rt-link --op getlink --request --reply 00", "none of the others can be"},
		{"decode -s rt-link --op getlink @nope.hex", "nope.hex: no such file"},
	} {
		stdout, stderr, code := call(strings.Fields(tc.args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, tc.want) {
			t.Errorf("nlgen %s: exit code %d, %q on stdout, on stderr\n%s", tc.args, code, stdout, stderr)
		}
	}
}

func TestDynamicComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	for args, want := range map[string]string{
		"__complete do -s rt-link new":              "newlink\t",
		"__complete dump -s nlctrl ":                "getpolicy\t",
		"__complete do -s nope ":                    ":4\n",
		"__complete do -s rt-link getlink ":         ":4\n",
		"__complete do -s rt":                       "rt-link\n",
		"__complete listen -s rt-link ":             "rtnlgrp-link",
		"__complete decode -s rt-link --op newlink": "newlink-ntf",
		"__complete do -s rt-link --output ":        "json\ntext\n:4\n",
		"__complete do --flags create,e":            "create,excl\ncreate,replace\n",
	} {
		stdout, _, code := call(strings.Split(args, " ")...)
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("nlgen %s: exit code %d, on stdout\n%s", args, code, stdout)
		}
	}
}

// TestControl asks the family that every kernel with generic netlink has.
func TestControl(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no netlink here")
	}
	stdout, stderr, code := call("do", "-s", "nlctrl", "getfamily", "--json", `{"family-name": "nlctrl"}`)
	if code != exitOK && (strings.Contains(stderr, "EPROTONOSUPPORT") || strings.Contains(stderr, "protocol not supported")) {
		t.Skip("this kernel has no generic netlink")
	}
	if code != exitOK || stderr != "" || !strings.HasPrefix(stdout, `{"family-name": "nlctrl", "family-id": 16, `) {
		t.Errorf("exit code %d, on stdout\n%s\non stderr\n%s", code, stdout, stderr)
	}
	stdout, stderr, code = call("dump", "-s", "nlctrl", "getfamily")
	if code != exitOK || stderr != "" || !strings.HasPrefix(stdout, "[\n{") || !strings.HasSuffix(stdout, "}\n]\n") {
		t.Errorf("exit code %d, on stdout\n%s\non stderr\n%s", code, stdout, stderr)
	}
	stdout, stderr, code = call("dump", "-s", "nlctrl", "getfamily", "--output", "text")
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "family-name: nlctrl\nfamily-id:   16\n") {
		t.Errorf("exit code %d, on stdout\n%s\non stderr\n%s", code, stdout, stderr)
	}
	stdout, stderr, code = call("do", "-s", "nlctrl", "getfamily", "--json", `{"family-name": "no-such"}`)
	if code != exitFindings || stdout != "" || !strings.HasPrefix(stderr, "nlgen: nlctrl: getfamily: ENOENT") {
		t.Errorf("exit code %d, on stdout\n%s\non stderr\n%s", code, stdout, stderr)
	}
	stdout, stderr, code = call("listen", "-s", "nlctrl", "notify", "--duration", "20ms")
	if code != exitOK || stdout != "" || stderr != "" {
		t.Errorf("exit code %d, on stdout\n%s\non stderr\n%s", code, stdout, stderr)
	}
}
