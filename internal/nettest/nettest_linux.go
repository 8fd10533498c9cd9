package nettest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	// inside is set in the environment of the process in the new namespace.
	inside = "NLGEN_NETTEST_INSIDE"
	// probing is set in the environment of the process that finds out whether
	// a namespace can be made.
	probing = "NLGEN_NETTEST_PROBE"
	// off is set to "off" by who wants no namespaces to be made.
	off = "NLGEN_NETTEST"
)

// Main runs the tests in a private network namespace if it can, and exits.
func Main(m *testing.M) {
	switch {
	case os.Getenv(probing) != "":
		os.Exit(probe())
	case os.Getenv(inside) != "":
		if err := settle(); err != nil {
			fmt.Fprintln(os.Stderr, "nettest:", err)
			os.Exit(2)
		}
		reason = ""
	case os.Getenv(off) == "off":
		reason = off + "=off"
	case os.Geteuid() != 0:
		reason = "not root"
	case fuzzing():
		reason = "fuzzing"
	default:
		if err := possible(); err != nil {
			reason = err.Error()
			break
		}
		code, err := again()
		if err == nil {
			os.Exit(code)
		}
		reason = err.Error()
	}
	prepare()
	os.Exit(m.Run())
}

// fuzzing reports whether the process is a fuzzing run or one of its workers.
func fuzzing() bool {
	for _, arg := range os.Args[1:] {
		arg = strings.TrimLeft(arg, "-")
		if strings.HasPrefix(arg, "test.fuzz=") || strings.HasPrefix(arg, "test.fuzzworker") {
			return true
		}
	}
	return false
}

// again runs this binary with the same arguments in new namespaces and returns
// its exit code. The error is why it could not be started.
func again() (int, error) {
	// The death signal is tied to the thread that starts the process.
	runtime.LockOSThread()
	exe, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		Pdeathsig:  unix.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil
	default:
		return 1, nil
	}
}

// settle makes sure that the process really is in a namespace of its own, and
// shows that namespace in /sys.
func settle() error {
	mine, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return err
	}
	parent, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", os.Getppid()))
	if err == nil && parent == mine {
		return fmt.Errorf("%s is set, but the network namespace is the parent's", inside)
	}
	// Without these the tests see the machine's devices in /sys, no more.
	if unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") == nil {
		_ = unix.Mount("sysfs", "/sys", "sysfs", 0, "")
	}
	return nil
}
