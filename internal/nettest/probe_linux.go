package nettest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// patience is how long making a namespace may take.
	patience = 5 * time.Second
	// memory is how long the other packages of a test run, or of the next one,
	// take over that it took too long. It ends, because a machine that was
	// just busy recovers.
	memory = 30 * time.Minute
)

var errStuck = errors.New("the kernel of this machine cannot make a network namespace (timed out: RTNL stuck?)")

// possible returns nil if a network namespace can be made here, or the reason
// why not. It never takes much longer than patience.
func possible() error {
	note := noteName()
	if remembered(note, time.Now()) {
		return errStuck
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), probing+"=1")
	err = await(cmd, patience)
	if err == errStuck {
		remember(note)
	}
	return err
}

// probe is what the process does that possible starts: it makes a namespace,
// and its exit code is the errno.
func probe() int {
	err := unix.Unshare(unix.CLONE_NEWNET)
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &errno):
		return int(errno)
	default:
		return int(unix.EINVAL)
	}
}

// await runs a process whose exit code is an errno and returns that. It gives
// up after the limit, even if the process cannot be killed. Such a process
// keeps none of the files of this one open, and is in a session of its own, so
// that nobody who waits for this process waits for it.
func await(cmd *exec.Cmd, limit time.Duration) error {
	cmd.Dir = "/"
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 {
			return os.NewSyscallError("unshare", syscall.Errno(exit.ExitCode()))
		}
		return err
	case <-timer.C:
		// It dies when the kernel lets go of it, if ever.
		_ = cmd.Process.Kill()
		return errStuck
	}
}

// noteName returns the name of the file that remembers errStuck until the
// machine boots again; it is empty if there is no telling.
func noteName() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("nlgen-nettest-%d-%s", os.Geteuid(), strings.TrimSpace(string(boot))))
}

// remember writes the note.
func remember(note string) {
	if note == "" {
		return
	}
	// The folder may be everybody's: a new file that is renamed follows no
	// link. If it cannot be written, the next package asks again.
	f, err := os.CreateTemp(filepath.Dir(note), "nlgen-nettest-new-*")
	if err != nil {
		return
	}
	if f.Close() != nil || os.Rename(f.Name(), note) != nil {
		os.Remove(f.Name())
	}
}

// remembered reports whether there is a note of this user that is not too old.
func remembered(note string, now time.Time) bool {
	info, err := os.Lstat(note)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && now.Sub(info.ModTime()) < memory
}
