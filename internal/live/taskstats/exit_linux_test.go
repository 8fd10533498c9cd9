package taskstats

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// The kernel's own numbers of the first PID and user namespaces (PROC_PID_INIT_INO, PROC_USER_INIT_INO).
const (
	firstPID  = "pid:[4026531836]"
	firstUser = "user:[4026531837]"
)

// register opens a socket in the first network namespace, the only one in which exits are told, and registers it for all CPUs.
func register(t *testing.T) (*taskstats.Client, *nlconn.Subscription[taskstats.Event], nlattr.Opt[string]) {
	t.Helper()
	nettest.Isolate(t)
	for name, first := range map[string]string{"pid": firstPID, "user": firstUser} {
		if ns, err := os.Readlink("/proc/self/ns/" + name); err != nil || ns != first {
			t.Skipf("exits are told in the first %s namespace only, and this is %s", name, ns)
		}
	}
	// That is where the process in which the test was started is, unless the namespace is not the first in any case.
	_, conn := witness.Dial(t, nlconn.WithOneSocket(), nlconn.WithNamespace(fmt.Sprintf("/proc/%d/ns/net", os.Getppid())))
	client := taskstats.New(conn)
	events, err := client.Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { events.Close() })
	cpus := nlattr.Some(words(t, "/sys/devices/system/cpu/possible")[0])
	if err := client.Register(t.Context(), &taskstats.RegisterRequest{RegisterCpumask: cpus}); err != nil {
		t.Fatal(err)
	}
	return client, events, cpus
}

// heard calls a function for each thread that ends, on the whole machine, until it returns true.
func heard(t *testing.T, events *nlconn.Subscription[taskstats.Event], last func(exit *taskstats.ExitEvent) bool) {
	t.Helper()
	for ev, err := range events.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		exit, ok := ev.(*taskstats.ExitEvent)
		if !ok || exit.AggrPid == nil || exit.AggrPid.Stats == nil {
			t.Fatalf("an event %+v", ev)
		}
		if last(exit) {
			return
		}
	}
	t.Fatal("a thread has ended, and no event came")
}

// await returns the event of a thread, and which others ended before.
func await(t *testing.T, events *nlconn.Subscription[taskstats.Event], pid int) (exit *taskstats.ExitEvent, others map[int]bool) {
	t.Helper()
	others = map[int]bool{}
	heard(t, events, func(x *taskstats.ExitEvent) bool {
		exit = x
		others[int(x.AggrPid.Pid.V)] = true
		return int(x.AggrPid.Pid.V) == pid
	})
	return exit, others
}

// awaitProcess returns how many threads of a process of several have ended, and the event of the last one, which has the sums.
func awaitProcess(t *testing.T, events *nlconn.Subscription[taskstats.Event], pid int) (threads int, last *taskstats.ExitEvent) {
	t.Helper()
	heard(t, events, func(x *taskstats.ExitEvent) bool {
		if int(x.AggrPid.Stats.AcTgid) != pid {
			return false
		}
		threads, last = threads+1, x
		return x.AggrTgid != nil
	})
	return threads, last
}

// TestExit hears of processes that end in each way.
func TestExit(t *testing.T) {
	client, events, cpus := register(t)
	for _, c := range []struct {
		script string
		code   uint32
		flag   taskstats.AcctFlags
	}{
		{"exit 3", 3 << 8, 0},
		{"kill -KILL $$", 9, taskstats.AcctFlagsXsig},
		{"exit 0", 0, 0},
	} {
		cmd := exec.Command("sh", "-c", c.script)
		begun := time.Now()
		_ = cmd.Run()
		exit, _ := await(t, events, cmd.Process.Pid)
		x := exit.AggrPid.Stats
		if x.AcExitcode != c.code || x.AcFlag&taskstats.AcctFlagsXsig != c.flag || x.AcFlag&taskstats.AcctFlagsFork != 0 {
			t.Errorf("%s: exit code %#x, flags %v", c.script, x.AcExitcode, x.AcFlag)
		}
		if !strings.Contains(cmd.Path+"busybox", x.AcComm) || int(x.AcPid) != cmd.Process.Pid || x.AcUid != uint32(os.Getuid()) || int(x.AcPpid) != os.Getpid() {
			t.Errorf("%s: of process %d, %q, of %d, parent %d", c.script, x.AcPid, x.AcComm, x.AcUid, x.AcPpid)
		}
		if age := time.Duration(x.AcEtime) * time.Microsecond; age <= 0 || age > time.Since(begun) {
			t.Errorf("%s: lived for %v of %v", c.script, age, time.Since(begun))
		}
		if exit.AggrTgid != nil {
			t.Errorf("%s: a process of one thread has the sums of a process: %+v", c.script, exit.AggrTgid)
		}
		t.Logf("%s: %s, %d us in user space, %d us in the kernel, flags %v", c.script, x.AcComm, x.AcUtime, x.AcStime, x.AcFlag)
	}

	// A process of several threads: the last one brings the sums.
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^$")
	cmd.Env = []string{"NLGEN_NETTEST=off"}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	threads, last := awaitProcess(t, events, cmd.Process.Pid)
	if x := last.AggrPid.Stats; x.AcFlag&taskstats.AcctFlagsGroup == 0 || x.AcTgetime == 0 {
		t.Errorf("the last thread has the flags %v, and the process lived for %d us", x.AcFlag, x.AcTgetime)
	}
	sums := last.AggrTgid
	if threads < 2 || int(sums.Tgid.V) != cmd.Process.Pid || sums.Stats == nil || sums.Stats.CpuRunVirtualTotal == 0 {
		t.Errorf("%d threads ended, and the sums are %+v", threads, sums)
	}
	t.Logf("a process of %d threads ran for %d ns", threads, sums.Stats.CpuRunVirtualTotal)

	// Who has deregistered hears nothing.
	if err := client.Deregister(t.Context(), &taskstats.DeregisterRequest{DeregisterCpumask: cpus}); err != nil {
		t.Fatal(err)
	}
	silent := exec.Command("true")
	if err := silent.Run(); err != nil {
		t.Fatal(err)
	}
	if err := client.Register(t.Context(), &taskstats.RegisterRequest{RegisterCpumask: cpus}); err != nil {
		t.Fatal(err)
	}
	told := exec.Command("true")
	if err := told.Run(); err != nil {
		t.Fatal(err)
	}
	if _, others := await(t, events, told.Process.Pid); others[silent.Process.Pid] {
		t.Errorf("told of process %d, which ended while nobody was registered", silent.Process.Pid)
	}
}
