package sockdiag

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// bpf calls bpf(2) with an attribute of C: numbers of 32 and 64 bits and pointers, laid out as struct A is.
func bpf[A any](command int, attr *A) (fd int, err error) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(command), uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// pointer is an address in an attribute of bpf(2). What it is of must be kept alive.
func pointer[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// storageMap makes a map of BPF that stores 32 bits with a socket, and returns its descriptor and its number.
func storageMap(t *testing.T) (fd int, id uint32) {
	t.Helper()
	// Such a map must describe its contents (linux/btf.h): a header, one type, which is an int of 32 bits, and its name.
	var btf []byte
	btf = binary.NativeEndian.AppendUint16(btf, 0xeb9f)
	btf = append(btf, 1, 0)
	for _, word := range []uint32{24, 0, 16, 16, 5, 1, 1 << 24, 4, 32} {
		btf = binary.NativeEndian.AppendUint32(btf, word)
	}
	btf = append(btf, "\x00int\x00"...)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&btf[0])
	types, err := bpf(unix.BPF_BTF_LOAD, &struct {
		data, log        uint64
		size, space, lvl uint32
		_                uint32
	}{data: pointer(&btf[0]), size: uint32(len(btf))})
	if errors.Is(err, syscall.ENOSYS) {
		t.Skipf("this kernel has no BPF: %v", err)
	}
	must(t, err)
	defer unix.Close(types)
	fd, err = bpf(unix.BPF_MAP_CREATE, &struct {
		kind, keySize, valueSize, entries, flags, inner, numa uint32
		name                                                  [16]byte
		ifindex, btf, keyType, valueType                      uint32
	}{kind: unix.BPF_MAP_TYPE_SK_STORAGE, keySize: 4, valueSize: 4, flags: unix.BPF_F_NO_PREALLOC, btf: uint32(types), keyType: 1, valueType: 1})
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	var info struct{ kind, id uint32 }
	pin.Pin(&info)
	_, err = bpf(unix.BPF_OBJ_GET_INFO_BY_FD, &struct {
		fd, size uint32
		info     uint64
	}{uint32(fd), uint32(unsafe.Sizeof(info)), pointer(&info)})
	must(t, err)
	return fd, info.id
}

// element reads (BPF_MAP_LOOKUP_ELEM) or writes (BPF_MAP_UPDATE_ELEM) what a map stores with a socket.
func element(t *testing.T, command, fd, socket int, value *uint32) {
	t.Helper()
	key := uint32(socket)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&key)
	pin.Pin(value)
	_, err := bpf(command, &struct {
		fd, _             uint32
		key, value, flags uint64
	}{fd: uint32(fd), key: pointer(&key), value: pointer(value)})
	must(t, err)
}

// TestStorage reads what BPF stores with sockets and compares it with what bpf(2) reads.
func TestStorage(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	// A listener of MPTCP, which is what net.Listen makes, would have the storage itself and not show it with its sockets of TCP.
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	plain, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	must(t, err)
	defer plain.Close()
	stored := map[uint32]uint32{} // by the number of the map
	var maps []uint32
	for i := range uint32(2) {
		fd, id := storageMap(t)
		maps = append(maps, uint32(fd))
		onFD(t, listener.(*net.TCPListener), func(socket int) error {
			value, back := 0xbeef0000+i, uint32(0)
			element(t, unix.BPF_MAP_UPDATE_ELEM, fd, socket, &value)
			element(t, unix.BPF_MAP_LOOKUP_ELEM, fd, socket, &back)
			stored[id] = back
			return nil
		})
	}
	header := inetdiag.InetDiagReqV2{SdiagFamily: unix.AF_INET, SdiagProtocol: unix.IPPROTO_TCP, IdiagStates: 1 << inetdiag.TcpStateListen}
	mine := inode(t, listener.(*net.TCPListener))
	tally := witness.NewTally(t)
	// No map means all.
	for _, asked := range [][]uint32{maps[:1], maps, nil} {
		list, err := c.GetCollect(ctx, &inetdiag.GetDumpRequest{Header: header, SkBpfStorages: &inetdiag.BpfStorageReqAttrs{MapFd: asked}})
		must(t, err)
		for _, x := range list {
			witness.Known(t, "storage", x)
			if x.Header.IdiagInode != mine {
				if x.SkBpfStorages != nil {
					tally.Errorf("another socket has %+v", x.SkBpfStorages)
				}
				continue
			}
			want := len(asked)
			if asked == nil {
				want = len(maps)
			}
			if x.SkBpfStorages == nil || len(x.SkBpfStorages.Storage) != want {
				t.Fatalf("asked for maps %v: got %+v", asked, x.SkBpfStorages)
			}
			for _, s := range x.SkBpfStorages.Storage {
				value, ok := stored[s.MapID.V]
				tally.Field("number of the map", ok, true)
				tally.Field("value", binary.NativeEndian.Uint32(s.MapValue), float64(value))
			}
		}
		if len(list) != 2 {
			tally.Errorf("%d sockets, want 2", len(list))
		}
	}
	tally.Report("storage")

	refused := func(what string, errno syscall.Errno, fds ...uint32) {
		t.Helper()
		_, err := c.GetCollect(ctx, &inetdiag.GetDumpRequest{Header: header, SkBpfStorages: &inetdiag.BpfStorageReqAttrs{MapFd: fds}})
		if !errors.Is(err, errno) {
			t.Errorf("%s: %v, want %v", what, err, errno)
		}
	}
	refused("a descriptor that is none", syscall.EBADF, 1<<20)
	refused("a descriptor of another kind", syscall.EINVAL, 0)
	refused("a map twice", syscall.EEXIST, maps[0], maps[0])

	// A do is not asked for storage: what it names is left out.
	list, err := c.GetCollect(ctx, &inetdiag.GetDumpRequest{Header: header})
	must(t, err)
	for _, x := range list {
		header.ID = x.Header.ID
		one, err := c.Get(ctx, &inetdiag.GetRequest{Header: header, SkBpfStorages: &inetdiag.BpfStorageReqAttrs{MapFd: []uint32{1 << 20}}})
		if err != nil || one.SkBpfStorages != nil || x.SkBpfStorages != nil {
			t.Errorf("a do: %+v, %v; a dump that does not ask: %+v", one, err, x.SkBpfStorages)
		}
	}
}
