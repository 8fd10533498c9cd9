package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestCopyUntil(t *testing.T) {
	const end = "\nEND\n"
	for _, tc := range []struct {
		in, want string
		complete bool
	}{
		{"text\nEND\n", "text", true},
		{"\nEND\n", "", true},
		{"a\n\nEND\n", "a\n", true},
		{"a\nEN\nEND\nmore", "a\nEN", true},
		{"cut short\nEND", "cut short\nEND", false},
		{"", "", false},
	} {
		for _, r := range []io.Reader{strings.NewReader(tc.in), iotest.OneByteReader(strings.NewReader(tc.in))} {
			var b bytes.Buffer
			complete, err := copyUntil(&b, r, []byte(end))
			if b.String() != tc.want || complete != tc.complete || err != nil {
				t.Errorf("%q: got %q, %v, %v", tc.in, b.String(), complete, err)
			}
		}
	}
	full := errors.New("full")
	r := strings.NewReader(strings.Repeat("x", 1<<20) + end)
	complete, err := copyUntil(writerFunc(func([]byte) (int, error) { return 0, full }), r, []byte(end))
	if !complete || !errors.Is(err, full) || r.Len() > 0 {
		t.Errorf("a writer that fails: %v, %v, %d bytes not read", complete, err, r.Len())
	}
}

func TestReadControl(t *testing.T) {
	var result Result
	exited := readControl(strings.NewReader("refused foo no such device\nunshared /src\nwhat\nready 2.50\nexit 7\nexit 8\n"), &result)
	if !exited || result.Exit != 7 || result.Boot != 2500*time.Millisecond ||
		!slices.Equal(result.Refused, []string{"foo no such device", "folder /src"}) {
		t.Errorf("got %v, %+v", exited, result)
	}
	if readControl(strings.NewReader("ready 1\nexit x\n"), &result) || readControl(strings.NewReader("exi"), &result) {
		t.Error("a script that did not end is said to have ended")
	}
}

func TestParseLdd(t *testing.T) {
	got := parseLdd("\tlinux-vdso.so.1 (0x7f)\n\tlibmnl.so.0 => /lib/libmnl.so.0 (0x7f)\n\tgone.so => not found\n\t/lib64/ld-linux-x86-64.so.2 (0x7f)\n")
	if want := []string{"/lib/libmnl.so.0", "/lib64/ld-linux-x86-64.so.2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestArguments(t *testing.T) {
	c := Config{Kernel: &Kernel{Image: "/k"}, Memory: 256, CPUs: 1, Shares: []string{"/a,b"}}
	got := strings.Join(arguments(c, "/i", "/c"), " ")
	for _, want := range []string{"-m 256", "-smp 1", "-kernel /k", "path=/a,,b,mount_tag=share0", "readonly=on", "path=/dev/fd/5"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	const input = "stdio,signal=off,id=vm.in"
	if strings.Contains(got, input) {
		t.Errorf("%q in %s", input, got)
	}
	c.Stdin = os.Stdin
	if got := strings.Join(arguments(c, "/i", "/c"), " "); !strings.Contains(got, input) {
		t.Errorf("no %q in %s", input, got)
	}
}

// A guest has the devices whose drivers it loads and that this QEMU knows; what two are connected to comes once.
func TestDevices(t *testing.T) {
	modules := []Module{{Name: "ctucanfd_pci"}, {Name: "kvaser_pci"}, {Name: "e1000e"}, {Name: "vmxnet3"}, {Name: "veth"}}
	got := strings.Join(deviceArguments(modules, map[string]bool{"kvaser_pci": true, "ctucan_pci": true, "e1000e": true, "e1000": true}), " ")
	want := "-object can-bus,id=can -device kvaser_pci,canbus=can -device ctucan_pci,canbus0=can,canbus1=can " +
		"-netdev hubport,hubid=0,id=net0 -device e1000e,romfile=,netdev=net0"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A process that does not end is not waited for.
func TestRunLimit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sleep and sh")
	}
	begun := time.Now()
	if _, err := run(t.Context(), 50*time.Millisecond, "", "sleep", "60"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	if _, err := run(t.Context(), time.Minute, "", "sh", "-c", "echo why; exit 3"); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a command that fails: %v", err)
	}
	if out, err := run(t.Context(), time.Minute, "", "echo", "text"); out != "text\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
}

// A guest boots, runs a script and hands back every byte. This needs a kernel that was fetched before: a test downloads nothing.
func TestGuest(t *testing.T) {
	if testing.Short() {
		t.Skip("boots a virtual machine")
	}
	cache, err := cacheDir()
	if err != nil {
		t.Skip(err)
	}
	kernel := cachedKernel(cache)
	if kernel == nil {
		t.Skip("no kernel was fetched; see CONTRIBUTING.md")
	}
	if err := Check(); err != nil {
		t.Skip(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := ParseModules("dummy:numdummies=2,no_such_module")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	var stdout, stderr bytes.Buffer
	// The second line is sent when the first was answered, and ends the input.
	answered := writerFunc(func(b []byte) (int, error) {
		if stdout.Write(b); bytes.HasSuffix(stdout.Bytes(), []byte("got first\n")) {
			fmt.Fprintln(w, "second")
			w.Close()
		}
		return len(b), nil
	})
	fmt.Fprintln(w, "first")
	result, err := Run(ctx, Config{
		Kernel: kernel, Modules: modules, Memory: 256, CPUs: 1, Shares: []string{here}, Stdin: r, Stdout: answered, Stderr: &stderr,
		Script: "cat '" + here + "/init.sh'; ls /sys/class/net >&2; id -u >&2; while read -r x; do echo got $x; done; (sleep 100; echo late) & exit 7",
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, result.Console)
	}
	if result.Exit != 7 || result.Boot == 0 || !slices.Equal(result.Unknown, []string{"no_such_module"}) || len(result.Refused) > 0 {
		t.Errorf("exit %d, boot %v, unknown %q, refused %q", result.Exit, result.Boot, result.Unknown, result.Refused)
	}
	if got, want := stdout.String(), string(initScript)+"got first\ngot second\n"; got != want {
		t.Errorf("standard output: %q", got)
	}
	if got, want := stderr.String(), "dummy0\ndummy1\nlo\n0\n"; got != want {
		t.Errorf("standard error: got %q, want %q", got, want)
	}
}
