//go:build linux && (mips || mipsle || mips64 || mips64le)

package nlmsg

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// nativeErrnoName returns the name that this architecture's headers have: its
// numbers from 35 on are its own.
func nativeErrnoName(n int) string {
	switch name := unix.ErrnoName(syscall.Errno(n)); name {
	case "ENOTSUP":
		return "EOPNOTSUPP"
	default:
		return name
	}
}
