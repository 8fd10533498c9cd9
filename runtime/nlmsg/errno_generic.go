//go:build !(linux && (mips || mipsle || mips64 || mips64le))

package nlmsg

// nativeErrnoName knows nothing: either the numbers are the generic ones, or
// this system's are not Linux's.
func nativeErrnoName(int) string { return "" }
