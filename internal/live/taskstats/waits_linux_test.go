package taskstats

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
)

// account switches delay accounting on for what begins from now on, which is a matter of the whole machine, so in a guest only.
func account(t *testing.T) {
	t.Helper()
	if !nettest.Guest() {
		t.Skip("delay accounting is switched on for the whole machine, so only in the guest of make test-vm")
	}
	set(t, "/proc/sys/kernel/task_delayacct", "1")
	t.Cleanup(func() { set(t, "/proc/sys/kernel/task_delayacct", "0") })
}

// set writes a setting of the kernel.
func set(t *testing.T, file, value string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// slowDisk makes a disk of 64 MB that takes a time for each request.
func slowDisk(t *testing.T, latency time.Duration) string {
	t.Helper()
	const name = "nlgen"
	dir := filepath.Join(witness.Mount(t, "configfs"), "nullb", name)
	if err := os.Mkdir(dir, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	for _, s := range [][2]string{
		{"size", "64"}, {"memory_backed", "1"}, {"irqmode", "2"}, {"completion_nsec", strconv.FormatInt(latency.Nanoseconds(), 10)}, {"power", "1"},
	} {
		set(t, filepath.Join(dir, s[0]), s[1])
	}
	return "/dev/" + name
}

// wait holds the numbers of one kind of waits against each other and the time that the thread lived, and returns them. A thread that is
// woken before it has ever slept for a device has waited since the machine was started, says the kernel.
func wait(t *testing.T, x *taskstats.Stats, kind string) (count, total uint64) {
	t.Helper()
	number := func(name string) uint64 { return reflect.ValueOf(x).Elem().FieldByName(kind + name).Uint() }
	count, total = number("Count"), number("DelayTotal")
	t.Logf("%s: %d waits, %v", kind, count, time.Duration(total))
	limit := time.Duration(x.AcEtime) * time.Microsecond
	if kind == "Blkio" {
		up, err := time.ParseDuration(words(t, "/proc/uptime")[0] + "s")
		if err != nil {
			t.Fatal(err)
		}
		limit += up
	}
	if count == 0 || total == 0 || time.Duration(total) > limit {
		t.Errorf("%d waits of kind %s took %d ns, of %v", count, kind, total, limit)
	}
	if least, most := number("DelayMin"), number("DelayMax"); x.Version >= 16 && (least == 0 || least > total/count || most < total/count || most > total) {
		t.Errorf("%d waits of kind %s took %d ns, from %d to %d", count, kind, total, least, most)
	}
	return count, total
}

// TestDeviceWaits reads from a disk whose requests take a known time.
func TestDeviceWaits(t *testing.T) {
	account(t)
	_, events, _ := register(t)
	const reads, latency = 10, 20 * time.Millisecond
	disk := slowDisk(t, latency)
	cmd := start(t, fmt.Sprintf("exec dd if=%s of=/dev/null bs=4096 count=%d iflag=direct 2>/dev/null", disk, reads))
	exit, _ := await(t, events, cmd.Process.Pid)
	x := exit.AggrPid.Stats
	count, total := wait(t, x, "Blkio")
	// A read may be done before the reader has come to wait for it.
	if count > reads || total < uint64(reads*latency/2) {
		t.Errorf("%d waits of %d ns for %d reads of %v", count, total, reads, latency)
	}
	// It has ended, and nobody has asked for its status yet.
	if ours, theirs := total/(1e9/ticks), stat(t, cmd.Process.Pid)(42); ours != theirs {
		t.Errorf("waits of %d ticks, %d in /proc", ours, theirs)
	}
	if x.ReadBytes != 4096*reads {
		t.Errorf("%d bytes were read", x.ReadBytes)
	}
}

// TestMemoryWaits lets a process work on more memory than its cgroup may have, with a slow disk to swap to.
func TestMemoryWaits(t *testing.T) {
	account(t)
	_, events, _ := register(t)
	disk := slowDisk(t, 200*time.Microsecond)
	witness.Output(t, "mkswap", disk)
	witness.Output(t, "swapon", disk)
	defer witness.Output(t, "swapoff", disk)
	root := witness.Mount(t, "cgroup2")
	set(t, filepath.Join(root, "cgroup.subtree_control"), "+memory")
	group := filepath.Join(root, "nlgen")
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Rmdir(group); err != nil {
			t.Error(err)
		}
	})
	set(t, filepath.Join(group, "memory.max"), "8M")

	before := named(t, "/proc/vmstat")
	cmd := start(t, "echo 0 >"+group+"/cgroup.procs; exec dd if=/dev/urandom of=/dev/null bs=12M count=3 2>/dev/null")
	exit, _ := await(t, events, cmd.Process.Pid)
	x := exit.AggrPid.Stats
	after := named(t, "/proc/vmstat")
	memory, limits := named(t, "%s/memory.stat", group), named(t, "%s/memory.events", group)

	// Each page that comes from swap is a wait, those that are read ahead among them: no fewer than the cgroup's pages that came back, no
	// more than the machine has read.
	count, _ := wait(t, x, "Swapin")
	if back, read := memory["workingset_refault_anon"], after["pswpin"]-before["pswpin"]; back == 0 || float64(count) < back || float64(count) > read {
		t.Errorf("%d waits for pages, %v of the cgroup came back and the machine has read %v", count, back, read)
	}
	if count, _ = wait(t, x, "Freepages"); limits["max"] == 0 || float64(count) < limits["max"] {
		t.Errorf("%d waits for memory, and the cgroup was full %v times", count, limits["max"])
	}
	if count, _ = wait(t, x, "Thrashing"); float64(count) < memory["workingset_restore_anon"] {
		t.Errorf("%d waits for pages, of which %v had been in use", count, memory["workingset_restore_anon"])
	}
	_, device := wait(t, x, "Blkio")
	if theirs := stat(t, cmd.Process.Pid)(42); device/(1e9/ticks) != theirs {
		t.Errorf("waits of %d ns for the disk, %d ticks in /proc", device, theirs)
	}
	if float64(x.AcMajflt) < memory["pgmajfault"] {
		t.Errorf("%d faults, %v in the cgroup", x.AcMajflt, memory["pgmajfault"])
	}
	pressure := words(t, "%s/memory.pressure", group) // some avg10=0.00 avg60=0.00 avg300=0.00 total=0 ...
	stalled, err := strconv.ParseUint(strings.TrimPrefix(pressure[4], "total="), 10, 64)
	if err != nil || stalled == 0 || stalled > x.AcEtime {
		t.Errorf("the cgroup stood still for %d of %d us, %v", stalled, x.AcEtime, err)
	}
}

// TestProcessWaits counts waits of processes of this program's.
func TestProcessWaits(t *testing.T) {
	account(t)
	_, events, _ := register(t)
	run := func(name string) *taskstats.Stats {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program)
		cmd.Env = []string{workEnv + "=" + name}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		_, exit := awaitProcess(t, events, cmd.Process.Pid)
		x := exit.AggrTgid.Stats
		x.AcEtime = exit.AggrPid.Stats.AcTgetime // The sums have none.
		return x
	}
	// The program itself copies a few pages, too.
	if count, _ := wait(t, run("copies"), "Wpcopy"); count < copies || count > copies+500 {
		t.Errorf("%d waits for %d copies", count, copies)
	}
	before := named(t, "/proc/vmstat")
	wait(t, run("compaction"), "Compact")
	if stalls := named(t, "/proc/vmstat")["compact_stall"] - before["compact_stall"]; stalls == 0 {
		t.Error("memory was never compacted while somebody waited")
	}
}
