package taskstats

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(workEnv); name != "" {
		os.Exit(work(name))
	}
	nettest.Main(m)
}

// start runs a script of a shell, which may wait for its standard input to end. It is over when the test ends.
func start(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// stats reads the statistics of a thread.
func stats(t *testing.T, client *taskstats.Client, pid int) *taskstats.Stats {
	t.Helper()
	reply, err := client.Get(t.Context(), &taskstats.GetRequest{Pid: nlattr.Some(uint32(pid))})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(t, "thread", reply)
	if reply.AggrPid == nil || reply.AggrPid.Stats == nil || reply.AggrPid.Pid != nlattr.Some(uint32(pid)) || reply.AggrTgid != nil {
		t.Fatalf("the statistics of thread %d are %+v", pid, reply)
	}
	return reply.AggrPid.Stats
}

// words returns the words of a file of /proc.
func words(t *testing.T, format string, args ...any) []string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

// stat returns the fields of /proc/PID/stat by their numbers in proc(5).
func stat(t *testing.T, pid int) func(field int) uint64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	return func(field int) uint64 { // The third is the first behind the name, and a letter.
		if field == 3 {
			return uint64(fields[0][0])
		}
		n, err := strconv.ParseInt(fields[field-3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return uint64(n)
	}
}

// named returns the values of a file with a name and a number on each line, such as /proc/PID/status or memory.stat.
func named(t *testing.T, format string, args ...any) map[string]float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		name, rest, ok := strings.Cut(line, ":")
		if !ok {
			name, rest, _ = strings.Cut(line, " ")
		}
		if f := strings.Fields(rest); len(f) > 0 {
			if n, err := strconv.ParseFloat(f[0], 64); err == nil {
				values[name] = n
			}
		}
	}
	return values
}
