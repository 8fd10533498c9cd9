package witness

import (
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Program loads a program of BPF that returns a number for every packet, and returns its descriptor. It is for the device of an index
// if that is not 0. The test is skipped if the kernel does not load it.
func Program(t *testing.T, kind uint32, result int32, device uint32) int {
	t.Helper()
	insns := []struct {
		code, regs byte
		off        int16
		imm        int32
	}{{0xb7, 0, 0, result}, {0x95, 0, 0, 0}} // r0 = result; exit
	license := []byte("GPL\x00")
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(&insns[0])
	pins.Pin(&license[0])
	attr := struct { // union bpf_attr of BPF_PROG_LOAD
		kind, count    uint32
		insns, license uint64
		log            [2]uint32
		logBuffer      uint64
		version, flags uint32
		name           [16]byte
		device         uint32
	}{
		kind: kind, count: uint32(len(insns)), name: [16]byte([]byte("constant\x00\x00\x00\x00\x00\x00\x00\x00")), device: device,
		insns: uint64(uintptr(unsafe.Pointer(&insns[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 {
		t.Skip("bpf: ", errno)
	}
	t.Cleanup(func() { unix.Close(int(fd)) })
	return int(fd)
}
