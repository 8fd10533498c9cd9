package nlmsg

import "syscall"

// errnoText returns the system's text for an error number, or nothing: families
// have numbers of their own beyond those of the system (IPSET_ERR_*).
func errnoText(e syscall.Errno) string {
	if e == notSupported {
		return "operation is not supported"
	}
	if int(e) >= len(errnoNames) && nativeErrnoName(int(e)) == "" {
		return ""
	}
	return e.Error()
}
