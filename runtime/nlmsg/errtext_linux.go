package nlmsg

import "syscall"

// errnoText returns the system's text for an error number.
func errnoText(e syscall.Errno) string {
	if e == notSupported {
		return "operation is not supported"
	}
	return e.Error()
}
