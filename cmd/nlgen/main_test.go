package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs the command and returns what it printed and its exit code.
func call(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return out.String(), errs.String(), code
}

// TestUsage goes through wrong calls: they end with 2, say what is wrong, and print nothing on standard output.
func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFiles(t, ".", map[string]string{"with/nlgen.yaml": "version: 1\noutput: out\nfamilies: [demo.yaml]\n", "with/demo.yaml": demoSpec})
	for _, tc := range []struct {
		args string
		want string
	}{
		{"", "Available Commands:"},
		{"frobnicate", `unknown command "frobnicate"`},
		{"genrate", "Did you mean this?\n\tgenerate\n"},
		{"--frobnicate", "unknown flag: --frobnicate"},
		{"generate --frobnicate", "unknown flag: --frobnicate\nRun 'nlgen generate --help' for how to use it.\n"},
		{"generate", "there is no nlgen.yaml here; name one with --config, or a spec with --spec"},
		{"generate -c with/nlgen.yaml dmeo", `unknown family "dmeo", did you mean "demo"?`},
		{"generate --spec demo.yaml", "--spec and --out go together"},
		{"generate --out demo", "--out and --package go with --spec"},
		{"generate --spec demo.yaml --out demo --config x.yaml", "--spec and --config exclude each other"},
		{"generate --spec demo.yaml --out demo other", "takes no names of families"},
		{"generate --check=perhaps", "invalid argument"},
		{"lint", "there is no nlgen.yaml here; name one with --config, or a spec"},
		{"version now", `version takes no arguments, and "now" is one`},
		{"help frobnicate", `there is no command "frobnicate"`},
		{"completion", "a shell is missing"},
		{"completion nosh", `unknown shell "nosh"`},
	} {
		stdout, stderr, code := call(strings.Fields(tc.args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, tc.want) {
			t.Errorf("nlgen %s: exit code %d, %q on stdout, on stderr\n%s", tc.args, code, stdout, stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	for args, want := range map[string]string{
		"help":            "Available Commands:\n  completion  Print the completion script for a shell\n  decode ",
		"--help":          "  help        Explain a command\n",
		"help generate":   "nlgen generate [flags] [FAMILY...]",
		"generate -h":     "nlgen generate --spec fou.yaml --out fou\n",
		"help version":    "the revision it was built from",
		"version":         "nlgen ",
		"completion bash": "bash completion",
		"completion zsh":  "#compdef nlgen",
		"completion fish": "fish completion",
	} {
		stdout, stderr, code := call(strings.Fields(args)...)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, want) {
			t.Errorf("nlgen %s: exit code %d, %q on stderr, on stdout\n%s", args, code, stderr, stdout)
		}
	}
}

// project is a folder with two families.
func project(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	writeFiles(t, ".", map[string]string{
		"nlgen.yaml":       "version: 1\noutput: out\nfamilies:\n  - specs/demo.yaml\n  - {spec: specs/more.yaml, package: extra}\n",
		"specs/demo.yaml":  demoSpec,
		"specs/more.yaml":  strings.Replace(demoSpec, "name: demo", "name: more", 1),
		"out/notes.txt":    "by hand\n",
		"out/demo/hand.go": "package demo\n",
	})
}

func TestComplete(t *testing.T) {
	project(t)
	for args, want := range map[string]string{
		"__complete generate ":               "demo\nmore\n:4\n",
		"__complete generate demo ":          "more\n:4\n",
		"__complete generate --config nope ": ":4\n",
		"__complete help ":                   "completion\ndecode\ndo\ndump\nencode\ngenerate\nlint\nlisten\nversion\n:4\n",
	} {
		stdout, _, code := call(strings.Split(args, " ")...)
		if code != exitOK || stdout != want {
			t.Errorf("nlgen %s: exit code %d, on stdout\n%s", args, code, stdout)
		}
	}
}

// TestGenerate goes through the life of a folder: written, unchanged, changed by hand, cleaned up.
func TestGenerate(t *testing.T) {
	project(t)
	step := func(name string, wantCode int, wantOut, wantErr string, args ...string) {
		t.Helper()
		stdout, stderr, code := call(args...)
		if code != wantCode || filepath.ToSlash(stdout) != wantOut || filepath.ToSlash(stderr) != wantErr {
			t.Fatalf("%s: exit code %d, on stdout\n%s\non stderr\n%s", name, code, stdout, stderr)
		}
	}
	files := []string{"client.go", "consts.go", "doc.go", "messages.go", "policy.go", "roundtrip_test.go", "server.go"}
	list := func(verb, dir string) string {
		var b strings.Builder
		for _, f := range files {
			b.WriteString(verb + " out/" + dir + "/" + f + "\n")
		}
		return b.String()
	}

	step("check before", exitFindings, list("missing:", "demo")+list("missing:", "extra"), "", "generate", "--check")
	if _, err := os.Stat("out/extra"); err == nil {
		t.Fatal("--check has written something")
	}
	step("one family", exitOK, list("wrote", "demo"), "", "generate", "demo")
	step("all families", exitOK, list("wrote", "extra"), "", "generate")
	step("nothing to do", exitOK, "", "", "generate")
	step("check after", exitOK, "", "", "generate", "--check")

	client, err := os.ReadFile("out/demo/client.go")
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, ".", map[string]string{"out/demo/client.go": strings.Replace(string(client), "// New returns", "// New gives", 1),
		"out/demo/old.go": "// Code generated by nlgen from demo.yaml. DO NOT EDIT.\n\npackage demo\n"})
	step("check a change", exitFindings, `--- a/out/demo/client.go
+++ b/out/demo/client.go
@@ -22,7 +22,7 @@
 	conn *nlconn.Conn
 }
 
-// New gives a client that uses conn. It has no state of its own.
+// New returns a client that uses conn. It has no state of its own.
 func New(conn *nlconn.Conn) *Client {
 	return &Client{conn: conn}
 }
orphaned: out/demo/old.go
`, "", "generate", "--check")
	step("repair", exitOK, "wrote out/demo/client.go\nremoved out/demo/old.go\n", "", "generate", "demo")

	writeFiles(t, ".", map[string]string{"nlgen.yaml": "version: 1\noutput: out\nfamilies: [specs/demo.yaml]\n"})
	step("check without a family", exitFindings, list("orphaned:", "extra"), "", "generate", "--check")
	step("without a family", exitOK, list("removed", "extra"), "", "generate")
	for _, name := range []string{"out/extra", "out/demo/old.go"} {
		if _, err := os.Stat(name); err == nil {
			t.Error(name, "is still there")
		}
	}
	for name, want := range map[string]string{"out/notes.txt": "by hand\n", "out/demo/hand.go": "package demo\n"} {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

// TestRefusals makes sure that whatever is wrong ends with 1 and leaves every file as it was.
func TestRefusals(t *testing.T) {
	project(t)
	bad := strings.Replace(demoSpec, "type: u32", "type: u33", 1)
	writeFiles(t, ".", map[string]string{
		"specs/more.yaml": bad,
		"hand/client.go":  "package demo\n",
		"empty.yaml":      "version: 1\noutput: out\nfamilies: []\n",
		"good.yaml":       demoSpec,
	})
	for _, tc := range []struct {
		args string
		want string
	}{
		{"generate", "specs/more.yaml:8:26: \"type\" is \"u33\", must be one of"},
		{"generate --check", "    |       - {name: id, type: u33, doc: Identifier.}\n    |                          ^~~\n"},
		{"generate --spec specs/more.yaml --out x", "specs/more.yaml:8:26:"},
		{"generate --spec nope.yaml --out x", "nope.yaml: cannot read the spec: no such file or directory"},
		{"generate --spec good.yaml --out hand", "hand/client.go: nlgen did not write this file, and does not overwrite it"},
		{"generate --spec good.yaml --out x --package type", "type"},
		{"generate -c nope.yaml", "nope.yaml: cannot read the configuration: no such file or directory"},
		{"generate -c empty.yaml", "empty.yaml:1:1: \"families\" lists no family"},
	} {
		stdout, stderr, code := call(strings.Fields(tc.args)...)
		if code != exitFindings || stdout != "" || !strings.Contains(filepath.ToSlash(stderr), tc.want) {
			t.Errorf("nlgen %s: exit code %d, %q on stdout, on stderr\n%s", tc.args, code, stdout, stderr)
		}
	}
	for _, name := range []string{"x", "out/demo/client.go", "out/extra"} {
		if _, err := os.Stat(name); err == nil {
			t.Error(name, "was written in spite of an error")
		}
	}
	if got, err := os.ReadFile("hand/client.go"); err != nil || string(got) != "package demo\n" {
		t.Errorf("hand/client.go is %q, %v", got, err)
	}
}

// TestLint prints what is wrong with specs in each format, and fails if anything is.
func TestLint(t *testing.T) {
	project(t)
	bad := strings.Replace(demoSpec, "type: u32", "type: u33", 1)
	twice := strings.Replace(demoSpec, "{name: id,", "{name: id, type: u8}\n      - {name: id,", 1)
	writeFiles(t, ".", map[string]string{"bad.yaml": bad, "twice.yaml": twice, "good.yaml": demoSpec, "else/nlgen.yaml": "version: 1\nfamilies: 5\n"})
	for _, tc := range []struct {
		args string
		code int
		want string // in what is printed; nothing else is
	}{
		{"lint", exitOK, ""},
		{"lint demo", exitOK, ""},
		{"lint good.yaml demo specs/demo.yaml", exitOK, ""},
		{"lint bad.yaml", exitFindings, "bad.yaml:8:26: \"type\" is \"u33\", must be one of"},
		{"lint demo bad.yaml twice.yaml", exitFindings, "bad.yaml:8:26: "},
		{"lint demo bad.yaml twice.yaml", exitFindings, "twice.yaml:9:16: "},
		{"lint --format json bad.yaml", exitFindings, "\"line\": 8,"},
		{"lint --format github bad.yaml", exitFindings, "::error file=bad.yaml,line=8,col=26,"},
		{"lint --format json good.yaml", exitOK, "[]\n"},
		{"lint nope.yaml", exitFindings, "nope.yaml: cannot read the spec: no such file or directory"},
		{"lint -c else/nlgen.yaml", exitFindings, "else/nlgen.yaml:2:11: "},
		{"lint --format xml", exitUsage, "unknown format \"xml\"; there are text, json and github"},
		{"lint dmeo", exitUsage, "unknown family \"dmeo\", did you mean \"demo\"?"},
	} {
		stdout, stderr, code := call(strings.Fields(tc.args)...)
		printed := stdout
		if code == exitUsage {
			printed = stderr
		}
		if code != tc.code || !strings.Contains(filepath.ToSlash(printed), tc.want) || tc.want == "" && printed != "" || code != exitUsage && stderr != "" {
			t.Errorf("nlgen %s: exit code %d, on stdout\n%s\non stderr\n%s", tc.args, code, stdout, stderr)
		}
	}
	for _, dir := range []string{"demo", "out/demo/client.go"} {
		if _, err := os.Stat(dir); err == nil {
			t.Error("lint wrote", dir)
		}
	}
	// Without nlgen.yaml there are only files.
	t.Chdir("else/..")
	if err := os.Rename("nlgen.yaml", "gone.yaml"); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{"lint": "there is no nlgen.yaml here", "lint demo": "\"demo\" is no file, and there is no nlgen.yaml"} {
		if _, stderr, code := call(strings.Fields(args)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("nlgen %s: exit code %d\n%s", args, code, stderr)
		}
	}
	if stdout, stderr, code := call("lint", "good.yaml"); code != exitOK || stdout+stderr != "" {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestSingle generates without an nlgen.yaml.
func TestSingle(t *testing.T) {
	project(t)
	stdout, stderr, code := call("generate", "--spec", "specs/demo.yaml", "--out", "deep/down", "--package", "other")
	if code != exitOK || stderr != "" || !strings.HasPrefix(filepath.ToSlash(stdout), "wrote deep/down/client.go\n") {
		t.Fatalf("exit code %d, on stdout\n%s\non stderr\n%s", code, stdout, stderr)
	}
	if src, err := os.ReadFile("deep/down/client.go"); err != nil || !bytes.Contains(src, []byte("\npackage other\n")) {
		t.Errorf("client.go is\n%s, %v", src, err)
	}
	if stdout, stderr, code := call("generate", "--check", "--spec", "specs/demo.yaml", "--out", "deep/down", "--package", "other"); code != 0 {
		t.Errorf("--check: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestErrata corrects a spec of the kernel that has an error, and says so, when it is asked to.
func TestErrata(t *testing.T) {
	t.Chdir(t.TempDir())
	team := strings.NewReplacer("name: demo", "name: team", "name: main", "name: item-port", "name: id", "name: port",
		"attribute-set: main", "attribute-set: item-port", "[id]", "[port]").Replace(demoSpec)
	writeFiles(t, ".", map[string]string{"team.yaml": team})
	for _, tc := range []struct{ args, note, field string }{
		{"generate --spec team.yaml --out plain", "", "nlattr.Opt[uint32]"},
		{"generate --spec team.yaml --out fixed --errata", "note: erratum applied: TEAM_ATTR_LIST_PORT", "[]uint32"},
	} {
		stdout, stderr, code := call(strings.Fields(tc.args)...)
		if code != exitOK || !strings.Contains(stderr, tc.note) || tc.note == "" && stderr != "" {
			t.Fatalf("nlgen %s: exit code %d, on stdout\n%s\non stderr\n%s", tc.args, code, stdout, stderr)
		}
		src, err := os.ReadFile(filepath.Join(strings.Fields(tc.args)[4], "messages.go"))
		if err != nil || !strings.Contains(string(src), tc.field+" ") {
			t.Errorf("nlgen %s: %v\n%s", tc.args, err, src)
		}
	}
}
