package taskstats

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// sizes are the bytes of the struct by its version, as far as they are known.
var sizes = map[uint16]int{13: 416, 14: 432, 16: 560, 17: 688}

// ticks is how many of the clock's of /proc a second has.
const ticks = 100

// TestThread reads a thread that has worked and now stands still, and compares everything with what /proc shows of it.
func TestThread(t *testing.T) {
	_, conn := witness.Dial(t)
	client := taskstats.New(conn)
	cmd := start(t, "renice -n 7 $$ >/dev/null; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; "+
		"while [ $i -gt 26000 ]; do i=$((i-1)); echo $i; done >/dev/null; while read x; do :; done </proc/self/smaps; read x")
	pid := cmd.Process.Pid
	witness.Await(t, "a process at rest", func() bool {
		x := stats(t, client, pid)
		return x.WriteSyscalls > 0 && x.ReadSyscalls > 0 && stat(t, pid)(3) == 'S'
	})
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) {
		x := stats(t, client, pid)
		sched, stat := words(t, "/proc/%d/schedstat", pid), stat(t, pid)
		status, io := named(t, "/proc/%d/status", pid), named(t, "/proc/%d/task/%d/io", pid, pid)
		if x.AcNice != 7 {
			c.Errorf("the nice value is %d", x.AcNice)
		}
		number := func(name, text string, ours uint64) {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			c.Field(name, ours, n)
		}
		number("schedstat run", sched[0], x.CpuRunVirtualTotal)
		number("schedstat wait", sched[1], x.CpuDelayTotal)
		number("schedstat count", sched[2], x.CpuCount)
		c.Field("comm", x.AcComm, words(t, "/proc/%d/comm", pid)[0])
		c.Field("nice", x.AcNice, float64(int64(stat(19))))
		c.Field("policy", x.AcSched, float64(stat(41)))
		c.Field("minflt", x.AcMinflt, float64(stat(10)))
		c.Field("majflt", x.AcMajflt, float64(stat(12)))
		for key, ours := range map[string]uint64{
			"Pid": uint64(x.AcPid), "Tgid": uint64(x.AcTgid), "PPid": uint64(x.AcPpid), "Uid": uint64(x.AcUid), "Gid": uint64(x.AcGid),
			"voluntary_ctxt_switches": x.Nvcsw, "nonvoluntary_ctxt_switches": x.Nivcsw, "VmPeak": x.HiwaterVm,
		} {
			c.Field(key, ours, status[key])
		}
		// The kernel counts resident pages per processor, and sums up roughly.
		if d := math.Abs(float64(x.HiwaterRss) - status["VmHWM"]); d > 1024 || x.HiwaterRss == 0 {
			c.Errorf("most resident memory: ours %d, /proc's %v", x.HiwaterRss, status["VmHWM"])
		}
		for key, ours := range map[string]uint64{
			"rchar": x.ReadChar, "wchar": x.WriteChar, "syscr": x.ReadSyscalls, "syscw": x.WriteSyscalls,
			"read_bytes": x.ReadBytes, "write_bytes": x.WriteBytes, "cancelled_write_bytes": x.CancelledWriteBytes,
		} {
			if theirs, ok := io[key]; ok { // The kernel rounds all down, even the numbers of calls.
				c.Field(key, ours, math.Floor(theirs/1024)*1024)
			}
		}
		// Times by the clock of the scheduler are what /proc shows; those by ticks are rougher, and the kernel has them twice.
		c.Field("cpu time", witness.Near(float64(x.CpuRunVirtualTotal)/1e9*ticks), float64(stat(14)+stat(15)))
		if cpu := x.AcUtime + x.AcStime; x.CpuRunRealTotal/1000-cpu > 1 {
			c.Errorf("%d ns on CPUs, %d us in user space and the kernel", x.CpuRunRealTotal, cpu)
		}
		up, err := strconv.ParseFloat(words(t, "/proc/uptime")[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		c.Field("elapsed", witness.Near(float64(x.AcEtime)/1e6), up-float64(stat(22))/ticks)
		c.Field("process elapsed", witness.Near(float64(x.AcTgetime)/1e6), up-float64(stat(22))/ticks)
		c.Field("begun", witness.Near(float64(x.AcBtime64)), float64(time.Now().Unix())-float64(x.AcEtime)/1e6)
		c.Field("begun", uint64(x.AcBtime), float64(x.AcBtime64))
		var exe syscall.Stat_t
		if err := syscall.Stat(fmt.Sprintf("/proc/%d/exe", pid), &exe); err != nil {
			t.Fatal(err)
		}
		c.Field("inode", x.AcExeInode, float64(exe.Ino))
		if x.AcExeDev == 0 {
			c.Errorf("the program is on no device")
		}
		if x.AcExitcode != 0 || x.AcFlag&taskstats.AcctFlagsXsig != 0 {
			c.Errorf("it lives, with exit code %#x and flags %v", x.AcExitcode, x.AcFlag)
		}
	})
	c.Report("thread")
	x := stats(t, client, pid)
	t.Logf("version %d: %d runs, delays %d ns in all, %d ns at most", x.Version, x.CpuCount, x.CpuDelayTotal, x.CpuDelayMax)
	if x.Version >= 16 && (x.CpuDelayTotal > 0) != (x.CpuDelayMax > 0) || x.CpuDelayMax > x.CpuDelayTotal {
		t.Errorf("the longest wait of %d ns is %d ns", x.CpuDelayTotal, x.CpuDelayMax)
	}
}

// TestProcess reads a process of several threads, and sums up what /proc shows of them.
func TestProcess(t *testing.T) {
	_, conn := witness.Dial(t)
	client := taskstats.New(conn)
	pid := os.Getpid()
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) {
		reply, err := client.Get(t.Context(), &taskstats.GetRequest{Tgid: nlattr.Some(uint32(pid))})
		if err != nil {
			t.Fatal(err)
		}
		if reply.AggrTgid == nil || reply.AggrTgid.Stats == nil || reply.AggrTgid.Tgid != nlattr.Some(uint32(pid)) || reply.AggrPid != nil {
			t.Fatalf("the statistics of process %d are %+v", pid, reply)
		}
		x := reply.AggrTgid.Stats
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if err != nil || len(tasks) < 2 {
			t.Fatalf("threads: %v, %v", tasks, err)
		}
		var run, switches float64
		for _, task := range tasks {
			n, err := strconv.ParseFloat(words(t, "%s/schedstat", task)[0], 64)
			if err != nil {
				t.Fatal(err)
			}
			run += n
			switches += named(t, "%s/status", task)["voluntary_ctxt_switches"]
		}
		// We run while we look.
		c.Field("run ms", witness.Near(float64(x.CpuRunVirtualTotal)/1e6), run/1e6)
		c.Field("voluntary_ctxt_switches", witness.Near(x.Nvcsw), switches)
		c.Field("comm", x.AcComm, "")
		if x.AcEtime == 0 || x.AcUtime+x.AcStime == 0 {
			c.Errorf("times of the process are %d, %d, %d us", x.AcEtime, x.AcUtime, x.AcStime)
		}
	})
	c.Report("process")
}

// statsSize is a reply of which only the length of its struct is read.
type statsSize int

func (n *statsSize) DecodeFrom(d *nlattr.Decoder) {
	for d.Next() {
		nest := d.Enter()
		for d.Next() {
			if d.Type() == taskstats.AttrTypeStats {
				*n = statsSize(len(d.Payload()))
			}
		}
		d.Leave(nest)
	}
}

// TestVersion holds the length of this kernel's struct, which may be shorter or longer than ours, against its version.
func TestVersion(t *testing.T) {
	ctx, conn := witness.Dial(t)
	pid := os.Getpid()
	version := stats(t, taskstats.New(conn), pid).Version
	size, err := nlconn.Do[statsSize](ctx, conn, &taskstats.OpGet, &taskstats.GetRequest{Pid: nlattr.Some(uint32(pid))})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("version %d has %d bytes", version, *size)
	if want, ok := sizes[version]; version < 13 || ok && want != int(*size) {
		t.Errorf("version %d has %d bytes, not %d", version, *size, want)
	}
}

// TestDelays switches delay accounting on, which is a matter of the whole machine, so in a guest only.
func TestDelays(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("delay accounting is switched on for the whole machine, so only in the guest of make test-vm")
	}
	_, conn := witness.Dial(t)
	client := taskstats.New(conn)
	const sysctl = "/proc/sys/kernel/task_delayacct"
	for _, on := range []string{"0", "1"} {
		if err := os.WriteFile(sysctl, []byte(on), 0); err != nil {
			t.Fatal(err)
		}
		// A page that two processes share is copied when one writes to it.
		cmd := start(t, "x=1; (x=2; read y); read y")
		var x *taskstats.Stats
		witness.Await(t, "copies with delay accounting "+on, func() bool {
			x = stats(t, client, cmd.Process.Pid)
			return on == "1" && x.WpcopyCount > 0 || on == "0" && x.AcMinflt > 0 && x.Nvcsw > 0
		})
		if counted := x.WpcopyCount != 0 && x.WpcopyDelayTotal != 0; counted != (on == "1") {
			t.Errorf("delay accounting %s: %d copies took %d ns", on, x.WpcopyCount, x.WpcopyDelayTotal)
		}
	}
	if err := os.WriteFile(sysctl, []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	ctx, conn := witness.Dial(t)
	client := taskstats.New(conn)
	get := func(req *taskstats.GetRequest) func() error {
		return func() error { _, err := client.Get(ctx, req); return err }
	}
	for _, r := range []struct {
		name  string
		call  func() error
		errno syscall.Errno
		want  string
	}{
		{"nothing asked for", get(nil), syscall.EINVAL, "TASKSTATS: get: EINVAL: invalid argument"},
		{"no such thread", get(&taskstats.GetRequest{Pid: nlattr.Some(uint32(1 << 30))}), syscall.ESRCH, "TASKSTATS: get: ESRCH: no such process"},
		{"no such process", get(&taskstats.GetRequest{Tgid: nlattr.Some(uint32(1 << 30))}), syscall.ESRCH, "TASKSTATS: get: ESRCH: no such process"},
		{"no list of CPUs", func() error {
			return client.Register(ctx, &taskstats.RegisterRequest{RegisterCpumask: nlattr.Some("some")})
		}, syscall.EINVAL, "TASKSTATS: register: EINVAL: invalid argument"},
		{"a file that is no cgroup", func() error {
			f, err := os.Open("/")
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = client.CgroupGet(ctx, &taskstats.CgroupGetRequest{Fd: nlattr.Some(uint32(f.Fd()))})
			return err
		}, syscall.EINVAL, "TASKSTATS: cgroup-get: EINVAL: invalid argument"},
	} {
		witness.Refused(t, r.name, r.call(), r.errno, r.want)
	}
}
