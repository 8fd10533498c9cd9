package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// other is another spec of a family of ours.
const other = `
name: tcp_metrics
protocol: genetlink
doc: Nothing of what ours has.
attribute-sets:
  - name: strange
    attributes:
      - {name: first, type: u8}
operations:
  list:
    - {name: strange-op, value: 99, doc: Strange., attribute-set: strange, do: {request: {attributes: [first]}}}
`

func TestRun(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tcp_metrics.yaml"), []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	const unexplained, stale = "unexplained: tcp_metrics op strange-op: missing here, theirs number 99\n", "known, but no longer there: "
	for _, test := range []struct {
		args      []string
		code      int
		has, lack string // what is printed, and what is not
	}{
		{[]string{"-kernel=false", "-headers=", dir}, 1, unexplained, "ethtool "},
		{[]string{"-kernel=false", "-headers=", dir}, 1, stale, "ethtool "},
		{[]string{"-kernel=false", "-headers=", "-older", dir}, 1, unexplained, stale},
		{[]string{"-kernel=false", "-headers=", empty}, 2, "there is no spec in " + empty, unexplained},
		{[]string{"-kernel=false", "-headers=", filepath.Join(empty, "x")}, 2, "no such file or directory", unexplained},
		{nil, 2, "usage: ", unexplained},
		{[]string{"-bad", dir}, 2, "not defined: -bad", unexplained},
	} {
		var out bytes.Buffer
		code, err := run(t.Context(), test.args, &out, &out)
		if err != nil {
			out.WriteString(err.Error())
		}
		if code != test.code || !strings.Contains(out.String(), test.has) || strings.Contains(out.String(), test.lack) {
			t.Errorf("%q: status %d, want %d; output must have %q and not %q:\n%s", test.args, code, test.code, test.has, test.lack, &out)
		}
	}
}
