//go:build !linux

package nlmsg

import "syscall"

// errnoText returns nothing: this system's texts belong to other numbers.
func errnoText(syscall.Errno) string { return "" }
