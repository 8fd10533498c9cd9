package netdev

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// foreignMemory returns the descriptor of a dmabuf of a few pages that no device owns.
func foreignMemory(t *testing.T) int {
	t.Helper()
	const size = 64 << 10
	memory, err := unix.MemfdCreate("nlgen", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(memory)
	if err := unix.Ftruncate(memory, size); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(memory), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
		t.Fatal(err)
	}
	maker, err := unix.Open("/dev/udmabuf", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(maker)
	// A struct udmabuf_create of linux/udmabuf.h: descriptor, flags, offset and size.
	const create, closeOnExec = 0x40187542, 1
	request := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, uint32(memory)), closeOnExec)
	request = binary.NativeEndian.AppendUint64(append(request, make([]byte, 8)...), size)
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(maker), create, uintptr(unsafe.Pointer(&request[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(func() { unix.Close(int(fd)) })
	return int(fd)
}

// A binding is what is told of the memory that a queue receives into: by the queue, by all pools of pages of its link, and by the memory.
type binding struct {
	Queue    nlattr.Opt[uint32]
	Pools    []nlattr.Opt[uint32]
	Attached bool
}

// TestBind has queues receive into memory that they do not own. The queues, their pools of pages and the memory itself all tell of it,
// until the socket that has bound them is closed.
func TestBind(t *testing.T) {
	n := witness.NewNamespace(t)
	witness.Load(t, "nlgen_nic")
	link := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("nic0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("nlgen_nic")}})
	n.Up(link)
	index, fd := u32(uint32(link.Header.IfiIndex)), u32(uint32(foreignMemory(t)))
	debug := witness.Mount(t, "debugfs")
	client := netdev.New(n.Conn)
	check := func(when string, queue uint32, want binding) {
		t.Helper()
		q, err := client.QueueGet(n.Ctx, &netdev.QueueGetRequest{Ifindex: index, ID: u32(queue), Type: nlattr.Some(netdev.QueueTypeRx)})
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(t, "queue", q)
		got := binding{Queue: q.Dmabuf}
		pools, err := client.PagePoolGetCollect(n.Ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pools {
			witness.Known(t, "pool", p)
			if p.Ifindex == index && !p.DetachTime.OK {
				got.Pools = append(got.Pools, p.Dmabuf)
			}
		}
		info, err := os.ReadFile(filepath.Join(debug, "dma_buf", "bufinfo"))
		if err != nil {
			t.Fatal(err)
		}
		got.Attached = strings.Contains(string(info), "nlgen_nic")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, of queue %d is told:\n%s", when, queue, diff)
		}
	}
	check("at first", 1, binding{})

	_, conn := witness.Dial(t, nlconn.WithOneSocket())
	bind := func(queues ...uint32) (*netdev.BindRxReply, error) {
		req := &netdev.BindRxRequest{Ifindex: index, Fd: fd}
		for _, id := range queues {
			req.Queues = append(req.Queues, netdev.QueueIDAttrs{ID: u32(id), Type: nlattr.Some(netdev.QueueTypeRx)})
		}
		return netdev.New(conn).BindRx(n.Ctx, req)
	}
	reply, err := bind(1, 3)
	if err != nil || reply.ID.V == 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	none, pools := nlattr.Opt[uint32]{}, []nlattr.Opt[uint32]{reply.ID, reply.ID}
	for id, bound := range []nlattr.Opt[uint32]{none, reply.ID, none, reply.ID} {
		check("bound", uint32(id), binding{Queue: bound, Pools: pools, Attached: true})
	}
	_, err = bind(1)
	witness.Refused(t, "a queue twice", err, syscall.EEXIST, `netdev: bind-rx: EEXIST: "designated queue already memory provider bound"`)
	_, err = bind(4)
	witness.Refused(t, "no such queue", err, syscall.ERANGE, `netdev: bind-rx: ERANGE: "rx queue index out of range"`)

	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	check("at the end", 1, binding{Pools: []nlattr.Opt[uint32]{none, none}})
}
