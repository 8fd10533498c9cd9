package vm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed init.sh
var initScript []byte

const emulator = "qemu-system-x86_64"

// A Config says what runs in the guest.
type Config struct {
	Kernel  *Kernel
	Modules []Module // what to load; what they need is loaded, too
	Memory  int      // in MiB
	CPUs    int
	Tools   []string // programs of the host to copy, by name
	Shares  []string // folders of the host that the guest has at the same place, read-only
	Script  string   // for sh, run by root in the folder /
	Stdin   *os.File // the script's input, such as the end of a pipe; nil for none

	devices []string // arguments of QEMU

	// The script's outputs. Each is written by one goroutine; two that are equal must bear two.
	Stdout, Stderr io.Writer
}

// A Result is how a guest fared. All but Exit is valid with an error, too.
type Result struct {
	Exit    int           // exit status of the script
	Boot    time.Duration // how long the guest took until the script began, by its own clock
	Unknown []string      // modules that the kernel does not have
	Refused []string      // modules that the kernel did not load, with the reason
	Console []byte        // the end of what the kernel printed
}

// endOfText begins the word that ends an output. What a script prints seldom has it, so each line is passed on as soon as it is there.
const endOfText = "\x04"

// tries is how often a guest is booted at most.
const tries = 3

// ErrDied is what an error unwraps to if the guest ended before its script did.
var ErrDied = errors.New("the guest ended before the script did")

// Check returns nil if the programs that a guest needs are there; a kernel is a matter of its own.
func Check() error {
	if _, err := exec.LookPath(emulator); err != nil {
		return unavailable("there is no %s; on Debian it is in the package qemu-system-x86", emulator)
	}
	_, err := findBusybox()
	return err
}

// Run boots a guest, runs the script in it and ends the guest. It returns when all output was written, or the context is done.
func Run(ctx context.Context, c Config) (*Result, error) {
	if err := Check(); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "nlgen-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	c.devices = emulated(c.Modules)
	end := endOfText + rand.Text()
	result := &Result{}
	initrd, console := filepath.Join(temp, "initrd"), filepath.Join(temp, "console")
	if result.Unknown, err = writeInitrd(initrd, c, end); err != nil {
		return nil, err
	}
	// A guest that dies before the script begins has done nothing yet: it gets another try.
	for try := 1; ; try++ {
		err = boot(ctx, exec.Command(emulator, arguments(c, initrd, console)...), c, result, []byte(end))
		if try == tries || result.Boot > 0 || !errors.Is(err, ErrDied) {
			break
		}
		result.Refused = nil
	}
	if text, readErr := os.ReadFile(console); readErr == nil {
		result.Console = text[max(0, len(text)-8000):]
	}
	return result, err
}

// ports are the guest's serial ports that it writes to, in the order of the file descriptors that QEMU gets. The one that it reads from
// comes behind them, and is QEMU's own input.
var ports = []string{"vm.out", "vm.err", "vm.ctl"}

// arguments returns the arguments of QEMU. One thread emulates all processors: a kernel patches its own code while it boots, and with a
// thread for each processor QEMU sometimes runs an instruction that is half patched.
func arguments(c Config, initrd, console string) []string {
	args := []string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-machine", "pc", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", strconv.Itoa(c.CPUs), "-m", strconv.Itoa(c.Memory),
		"-kernel", c.Kernel.Image, "-initrd", initrd,
		"-append", "console=ttyS0 loglevel=4 oops=panic panic=-1 mitigations=off nokaslr random.trust_cpu=on audit=1 psi=1",
		"-chardev", "file,id=console,path=" + comma(console), "-serial", "chardev:console",
		"-device", "virtio-serial-pci",
	}
	port := func(i int, name, back string) {
		args = append(args, "-chardev", back+",id="+name, "-device", fmt.Sprintf("virtserialport,chardev=%s,name=%s,nr=%d", name, name, 1+i))
	}
	for i, name := range ports {
		port(i, name, fmt.Sprintf("file,path=/dev/fd/%d", 3+i)) // The files that a process is started with begin at 3.
	}
	if c.Stdin != nil {
		port(len(ports), "vm.in", "stdio,signal=off")
	}
	args = append(args, c.devices...)
	for i, folder := range c.Shares {
		args = append(args, "-virtfs", fmt.Sprintf("local,path=%s,mount_tag=share%d,security_model=none,readonly=on,multidevs=remap", comma(folder), i))
	}
	return args
}

// comma writes a value so that QEMU does not take a comma in it for its end.
func comma(value string) string { return strings.ReplaceAll(value, ",", ",,") }

// writeInitrd writes the guest's first file system, and returns the modules that the kernel does not have.
func writeInitrd(name string, c Config, end string) (unknown []string, err error) {
	busybox, err := findBusybox()
	if err != nil {
		return nil, err
	}
	modules := c.Modules
	if len(c.Shares) > 0 {
		modules = append([]Module{{Name: "9p"}, {Name: "9pnet_virtio"}}, modules...)
	}
	c.Kernel.reading.Lock()
	defer c.Kernel.reading.Unlock()
	ordered, unknown, err := c.Kernel.order(modules)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buffered := bufio.NewWriterSize(f, 1<<20)
	a := newArchive(buffered)
	a.file("init", 0o755, initScript)
	a.device("dev/console", 5, 1)
	if err := copyFile(a, busybox, "bin/busybox"); err != nil {
		return nil, err
	}
	a.file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"))
	a.file("etc/group", 0o644, []byte("root:x:0:\nnogroup:x:65534:\n"))
	a.file("etc/hosts", 0o644, []byte("127.0.0.1 localhost\n::1 localhost\n"))
	a.file("etc/vm/settings", 0o644, []byte("end='"+end+"'\n"))
	a.file("etc/vm/script", 0o644, []byte(c.Script))
	var loaded, shared strings.Builder
	for _, m := range ordered {
		a.file("lib/modules/"+m.Name+".ko", 0o644, c.Kernel.info[m.Name].data)
		fmt.Fprintln(&loaded, m.Name, m.Options)
	}
	for i, folder := range c.Shares {
		fmt.Fprintf(&shared, "share%d %s\n", i, folder)
	}
	a.file("etc/vm/modules", 0o644, []byte(loaded.String()))
	a.file("etc/vm/shares", 0o644, []byte(shared.String()))
	for _, tool := range c.Tools {
		if err := addTool(a, tool); err != nil {
			return nil, err
		}
	}
	if err := addToolData(a); err != nil {
		return nil, err
	}
	return unknown, errors.Join(a.close(), buffered.Flush(), f.Close())
}

// boot starts QEMU and reads the guest's ports until the script has ended.
func boot(ctx context.Context, qemu *exec.Cmd, c Config, result *Result, end []byte) error {
	var readers []*os.File
	defer func() {
		for _, r := range readers {
			r.Close()
		}
	}()
	for range ports {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer w.Close()
		readers = append(readers, r)
		qemu.ExtraFiles = append(qemu.ExtraFiles, w)
	}
	if c.Stdin != nil {
		qemu.Stdin = c.Stdin
	}
	var complaints bytes.Buffer
	qemu.Stdout, qemu.Stderr = &complaints, &complaints
	if err := qemu.Start(); err != nil {
		return err
	}
	for _, w := range qemu.ExtraFiles {
		w.Close()
	}
	ended := make(chan error, 1)
	go func() { ended <- qemu.Wait() }()

	var reading sync.WaitGroup
	var complete [2]bool
	var outErrs [2]error
	exited := false
	for i, w := range []io.Writer{c.Stdout, c.Stderr} {
		reading.Go(func() { complete[i], outErrs[i] = copyUntil(w, readers[i], end) })
	}
	reading.Go(func() { exited = readControl(readers[2], result) })
	read := make(chan struct{})
	go func() { reading.Wait(); close(read) }()

	var cause error
	select {
	case <-read: // The script ended, or QEMU did.
	case <-ctx.Done():
		cause = ctx.Err()
	}
	_ = qemu.Process.Kill() // It may have ended by itself.
	<-ended
	<-read
	switch {
	case complete[0] && complete[1] && exited:
		return errors.Join(outErrs[:]...)
	case cause != nil:
		return cause
	case complaints.Len() > 0:
		return fmt.Errorf("%w: %s", ErrDied, strings.TrimSpace(complaints.String()))
	default:
		return ErrDied
	}
}

// readControl reads what the guest's init says, a line each, and reports whether it said how the script ended.
func readControl(r io.Reader, result *Result) (exited bool) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "refused":
			result.Refused = append(result.Refused, rest)
		case "unshared":
			result.Refused = append(result.Refused, "folder "+rest)
		case "ready":
			if seconds, err := strconv.ParseFloat(rest, 64); err == nil {
				result.Boot = time.Duration(seconds * float64(time.Second))
			}
		case "exit":
			code, err := strconv.Atoi(rest)
			result.Exit = code
			return err == nil
		}
	}
	return false
}
