package taskstats

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// oldCgroup returns the folder of a cgroup of version 1 with all processes in it. The /sys of the test shows none, so it is the one that
// the process in which the test was started sees; a guest, whose init mounts none, gets one for itself.
func oldCgroup(t *testing.T) string {
	t.Helper()
	nettest.Isolate(t)
	parent := fmt.Sprintf("/proc/%d", os.Getppid())
	file, err := os.Open(parent + "/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		place, kind, _ := strings.Cut(lines.Text(), " - ")
		if fields := strings.Fields(place); strings.HasPrefix(kind, "cgroup ") && len(fields) > 4 {
			return filepath.Join(parent, "root", fields[4])
		}
	}
	if !nettest.Guest() {
		t.Skip("this machine has no cgroups of version 1")
	}
	dir := t.TempDir()
	if err := unix.Mount("cgroup", dir, "cgroup", 0, "none,name=nlgen"); err != nil {
		t.Skipf("no cgroups of version 1: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestCgroup counts the threads of a cgroup by their states. The machine's others come and go, so a few may differ.
func TestCgroup(t *testing.T) {
	ctx, conn := witness.Dial(t)
	dir := oldCgroup(t)
	stopped := start(t, "kill -STOP $$")
	start(t, "read x")
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) {
		reply, err := taskstats.New(conn).CgroupGet(ctx, &taskstats.CgroupGetRequest{Fd: nlattr.Some(uint32(folder.Fd()))})
		if err != nil {
			t.Fatal(err)
		}
		x := reply.CgroupStats
		states := map[byte]int{}
		for _, task := range words(t, "%s/tasks", dir) {
			b, err := os.ReadFile("/proc/" + task + "/stat")
			if err != nil {
				continue // It has ended.
			}
			if _, rest, ok := strings.Cut(string(b), ") "); ok {
				states[rest[0]]++
			}
			if task == strconv.Itoa(stopped.Process.Pid) && x.NrStopped == 0 {
				c.Errorf("%s is stopped, and none is counted", b)
			}
		}
		// Those that can be frozen in their sleep are not among the kernel's.
		if x.NrSleeping > uint64(states['S']+witness.Tolerance) {
			c.Errorf("%d sleep, says the kernel, and /proc %d", x.NrSleeping, states['S'])
		}
		c.Field("running", witness.Near(x.NrRunning), float64(states['R']))
		c.Field("stopped", x.NrStopped, float64(states['T']))
		c.Field("uninterruptible", witness.Near(x.NrUninterruptible), float64(states['D']))
		if x.NrRunning == 0 || x.NrSleeping == 0 {
			c.Errorf("not even we run: %+v", x)
		}
	})
	c.Report("cgroup")
}
