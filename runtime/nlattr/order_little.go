//go:build !(armbe || arm64be || m68k || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || shbe || sparc || sparc64)

package nlattr

// Where the fields of an attribute's header are in a u32 in host byte order.
const (
	lenShift  = 0
	typeShift = 16
)
