package socket

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Namespace is a network namespace. It exists as long as it is not closed,
// also when nothing else uses it any more. Its methods may be called
// concurrently.
type Namespace struct {
	file     *os.File
	dev, ino uint64
}

// threadNamespace shows the network namespace of the thread that opens it.
const threadNamespace = "/proc/thread-self/ns/net"

// namedNamespaces is where iproute2 keeps namespaces that have names.
const namedNamespaces = "/run/netns"

// OpenNamespace opens a namespace by the path of its file, such as
// /proc/PID/ns/net. If that is the file of something else the error is an
// [os.ErrInvalid].
func OpenNamespace(path string) (*Namespace, error) {
	n, err := openNamespace(path)
	if err != nil {
		return nil, err
	}
	return n.check()
}

func openNamespace(path string) (*Namespace, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return newNamespace(file)
}

// OpenNamedNamespace opens a namespace by the name that "ip netns" gave it.
func OpenNamedNamespace(name string) (*Namespace, error) {
	if name == "" || name == "." || name == ".." || filepath.Base(name) != name {
		return nil, fmt.Errorf("network namespace %q: the name is not a file name: %w", name, os.ErrInvalid)
	}
	return OpenNamespace(filepath.Join(namedNamespaces, name))
}

// CurrentNamespace opens the namespace of the calling thread.
func CurrentNamespace() (*Namespace, error) { return openNamespace(threadNamespace) }

// NamespaceFD opens the namespace that a descriptor stands for. The descriptor
// stays the caller's.
func NamespaceFD(fd int) (*Namespace, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	n, err := newNamespace(os.NewFile(uintptr(dup), "descriptor "+strconv.Itoa(fd)))
	if err != nil {
		return nil, err
	}
	return n.check()
}

func newNamespace(file *os.File) (*Namespace, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		file.Close()
		return nil, os.NewSyscallError("fstat", err)
	}
	return &Namespace{file: file, dev: uint64(st.Dev), ino: st.Ino}, nil
}

// check closes a namespace that is none of a network, as the file is that is left
// of one in /run/netns when its mount is gone: else only the first socket would fail.
func (n *Namespace) check() (*Namespace, error) {
	typ, err := unix.IoctlRetInt(int(n.file.Fd()), unix.NS_GET_NSTYPE)
	var fs unix.Statfs_t
	switch {
	case err == nil && typ == unix.CLONE_NEWNET:
		return n, nil
	case err != nil && unix.Fstatfs(int(n.file.Fd()), &fs) == nil && int64(fs.Type) == unix.NSFS_MAGIC:
		return n, nil // Kernels before 4.11 do not say what it is of.
	}
	n.Close()
	return nil, fmt.Errorf("%s: not a network namespace: %w", n.file.Name(), os.ErrInvalid)
}

// Close lets the namespace go.
func (n *Namespace) Close() error { return n.file.Close() }

// current reports whether the calling thread is in the namespace.
func (n *Namespace) current() bool {
	var st unix.Stat_t
	return unix.Stat(threadNamespace, &st) == nil && uint64(st.Dev) == n.dev && st.Ino == n.ino
}

// Do calls f in the namespace. The calling thread never leaves its own: if that
// is another one, f runs in a goroutine on a thread that is brought there and
// back, and that the runtime ends if the way back is barred. A runtime.Goexit in
// f, which is how tests fail, ends the caller's goroutine.
func (n *Namespace) Do(f func() error) error {
	runtime.LockOSThread()
	here := n.current()
	if here {
		defer runtime.UnlockOSThread()
		return f()
	}
	runtime.UnlockOSThread()
	done := make(chan error, 1)
	go func() {
		defer close(done)
		done <- n.visit(f)
	}()
	err, came := <-done
	if !came {
		runtime.Goexit()
	}
	return err
}

// visit brings the thread of a goroutine of its own to the namespace.
func (n *Namespace) visit(f func() error) error {
	// A goroutine that ends with its thread locked takes the thread with it.
	runtime.LockOSThread()
	if n.current() {
		defer runtime.UnlockOSThread()
		return f()
	}
	home, err := os.Open(threadNamespace)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	conn, err := n.file.SyscallConn()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	var entered error
	if conn.Control(func(fd uintptr) { entered = os.NewSyscallError("setns", unix.Setns(int(fd), unix.CLONE_NEWNET)) }) != nil {
		entered = ErrClosed
	}
	if entered != nil {
		runtime.UnlockOSThread()
		return entered
	}
	err = f()
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	return err
}
