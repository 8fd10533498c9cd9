package vm

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// toolDirs are where tools are searched. PATH is not: it may lead to wrappers, which would come without what they wrap.
var toolDirs = []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// toolData are files that tools read, as far as the host has them.
var toolData = []string{"/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2", "/etc/protocols", "/etc/services", "/etc/ethertypes", "/etc/nsswitch.conf",
	// For the matches of iptables in filters of tc.
	"/usr/lib/x86_64-linux-gnu/xtables/libxt_addrtype.so", "/usr/lib/x86_64-linux-gnu/xtables/libxt_policy.so",
}

// findBusybox returns a busybox that needs no libraries.
func findBusybox() (string, error) {
	for _, dir := range toolDirs {
		name := filepath.Join(dir, "busybox")
		if dynamic, err := isDynamic(name); err == nil && !dynamic {
			return name, nil
		}
	}
	return "", unavailable("there is no busybox without libraries; on Debian it is in the package busybox-static")
}

// isDynamic reports whether a program for the guest's machine needs a loader. Everything else is an error.
func isDynamic(name string) (bool, error) {
	file, err := elf.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if file.Machine != elf.EM_X86_64 {
		return false, fmt.Errorf("%s is for %v", name, file.Machine)
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return true, nil
		}
	}
	return false, nil
}

// addTool copies a tool of the host to /usr/local/bin, and its libraries to where they are on the host. A tool that the host does
// not have, or has for another machine, is left out: tests say themselves what they miss.
func addTool(a *archive, tool string) error {
	for _, dir := range toolDirs {
		name := filepath.Join(dir, tool)
		dynamic, err := isDynamic(name)
		if err != nil {
			continue
		}
		if err := copyFile(a, name, "/usr/local/bin/"+tool); err != nil {
			return err
		}
		if !dynamic {
			return nil
		}
		out, err := exec.Command("ldd", name).Output()
		if err != nil {
			return fmt.Errorf("ldd %s: %w", name, err)
		}
		for _, library := range parseLdd(string(out)) {
			if err := copyFile(a, library, library); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// parseLdd returns the files in the output of ldd: "libmnl.so.0 => /lib/libmnl.so.0 (0x7f00)" and "/lib64/ld.so (0x7f00)".
func parseLdd(out string) []string {
	var files []string
	for _, line := range strings.Split(out, "\n") {
		if _, right, ok := strings.Cut(line, "=>"); ok {
			line = right
		}
		if words := strings.Fields(line); len(words) > 0 && strings.HasPrefix(words[0], "/") {
			files = append(files, words[0])
		}
	}
	return files
}

// addToolData copies what tools read.
func addToolData(a *archive) error {
	for _, root := range toolData {
		if _, err := os.Stat(root); err != nil {
			continue
		}
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			return copyFile(a, name, name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file of the host, or what a link leads to.
func copyFile(a *archive, from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	a.file(to, uint32(info.Mode().Perm()), content)
	return nil
}
