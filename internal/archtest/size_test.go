package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// oneCall is a program that uses one operation of one generated package.
const oneCall = `package main

import (
	"context"
	"os"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func main() {
	conn, err := nlconn.Open()
	if err != nil {
		os.Exit(1)
	}
	defer conn.Close()
	for reply, err := range rtaddr.New(conn).GetaddrDump(context.Background(), &rtaddr.GetaddrDumpRequest{}) {
		if err != nil || reply.Header.IfaIndex == 0 {
			os.Exit(1)
		}
	}
}
`

// TestLinkSize holds what a program grows by that uses one operation: the linker must be able to leave out the others, the JSON, the
// server, and whatever else nobody calls.
func TestLinkSize(t *testing.T) {
	if testing.Short() {
		t.Skip("links two programs, skipped by -short")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
	const most = 4 << 20
	empty, used := linked(t, "package main\n\nfunc main() {}\n"), linked(t, oneCall)
	t.Logf("an empty program has %d KB, one with an operation %d KB: %d KB more", empty>>10, used>>10, (used-empty)>>10)
	if used-empty >= most {
		t.Errorf("one operation makes a program %d bytes larger, which is to stay under %d", used-empty, most)
	}
}

// linked returns the size of a program.
func linked(t *testing.T, src string) int64 {
	t.Helper()
	dir := t.TempDir()
	file, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", program, file)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
