package archtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What each attribute and each message of a dump passes through is inlined. The functions are as long as that allows, so a statement more
// would make every decoder a fifth slower and nothing else would tell.
func TestInlined(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
	for pkg, functions := range map[string][]string{
		"runtime/nlattr": {
			"(*Decoder).Next", "(*Decoder).Type", "(*Decoder).OptUint8", "(*Decoder).OptUint16", "(*Decoder).OptUint16BE",
			"(*Decoder).OptUint32", "(*Decoder).OptUint32BE", "(*Decoder).OptUint64", "(*Decoder).OptUint64BE",
		},
		"runtime/nlmsg": {"(*Header).Get", "(*Cursor).Reset", "(*Cursor).Message"},
	} {
		cmd := exec.Command("go", "build", "-gcflags=-m", "./"+pkg)
		cmd.Dir = root
		// Where the compiler merges the loads of bytes, they count as one.
		cmd.Env = append(os.Environ(), "GOARCH=amd64", "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, f := range functions {
			if !strings.Contains(string(out), ": can inline "+f+"\n") {
				t.Errorf("%s: %s is not inlined", pkg, f)
			}
		}
	}
}
