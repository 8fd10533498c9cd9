package witness

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// A Stranger is a process in a network namespace of its own, which does nothing.
type Stranger struct {
	PID       uint32
	Namespace *os.File
	leave     func()
}

// NewStranger starts one, which leaves when the test ends.
func NewStranger(t testing.TB) *Stranger {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Stranger{PID: uint32(cmd.Process.Pid)}
	s.leave = sync.OnceFunc(func() {
		s.Namespace.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(s.leave)
	var err error
	if s.Namespace, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", s.PID)); err != nil {
		t.Fatal(err)
	}
	return s
}

// Leave ends the process and, if nothing else holds it, the namespace.
func (s *Stranger) Leave() { s.leave() }
