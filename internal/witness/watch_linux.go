package witness

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Watch starts a tool that prints what it is told of, and waits until it listens to groups of a netlink protocol and has nothing left to
// do: while tools ask for what is there at the beginning, they overhear what they are told. The function that it returns waits for that
// many lines and returns them.
func Watch(t *testing.T, protocol int, name string, args ...string) func(lines int) []string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no witness: %v", err)
	}
	cmd := exec.CommandContext(Patience(t), path, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for start := time.Now(); !listens(t, protocol, cmd.Process.Pid) || !sleeps(cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Since(start) > 5*time.Second {
			t.Fatalf("%s %v does not listen", name, args)
		}
	}
	printed := bufio.NewScanner(out)
	return func(lines int) []string {
		t.Helper()
		var list []string
		for len(list) < lines && printed.Scan() {
			list = append(list, printed.Text())
		}
		if len(list) < lines {
			t.Fatalf("%s %v printed %d lines of %d: %s", name, args, len(list), lines, strings.Join(list, "\n"))
		}
		return list
	}
}

// listens reports whether a process has a socket of the protocol with a group.
func listens(t *testing.T, protocol, pid int) bool {
	t.Helper()
	sockets := map[string]bool{} // by their inodes
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, file := range files {
		if name, err := os.Readlink(file); err == nil {
			sockets[strings.TrimSuffix(strings.TrimPrefix(name, "socket:["), "]")] = true
		}
	}
	file, err := os.ReadFile("/proc/self/net/netlink")
	if err != nil {
		t.Fatal(err)
	}
	// sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
	return slices.ContainsFunc(strings.Split(string(file), "\n"), func(line string) bool {
		f := strings.Fields(line)
		return len(f) == 10 && f[1] == fmt.Sprint(protocol) && strings.Trim(f[3], "0") != "" && sockets[f[9]]
	})
}

// sleeps reports whether a process waits for something.
func sleeps(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ") // behind its name
	return strings.HasPrefix(state, "S")
}
