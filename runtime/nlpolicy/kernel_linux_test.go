package nlpolicy

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The numbers of the generic netlink controller (include/uapi/linux/genetlink.h)
// and of the netlink socket options.
const (
	genlCtrl     = 16
	cmdGetFamily = 3
	cmdGetPolicy = 10
	solNetlink   = 270
	optCapAck    = 10
	optExtAck    = 11
)

// kernel asks the running kernel by generic netlink. It only ever sends requests
// that get something.
type kernel struct {
	t   *testing.T
	fd  int
	buf []byte
}

func TestMain(m *testing.M) { nettest.Main(m) }

func openKernel(t *testing.T) *kernel {
	nettest.Isolate(t)
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 16)
	if err != nil {
		t.Skip("no netlink here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	err = errors.Join(syscall.SetsockoptInt(fd, solNetlink, optCapAck, 1), syscall.SetsockoptInt(fd, solNetlink, optExtAck, 1),
		syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 2}))
	if err != nil {
		t.Skip("no extended acknowledgements here: ", err)
	}
	return &kernel{t: t, fd: fd, buf: make([]byte, 1<<20)}
}

// verdict is what the kernel says about a request.
type verdict struct {
	errno  syscall.Errno
	msg    string
	offset int // from the start of the attributes; -1 if there is none
}

// ask sends a request and hands its answers to reply, up to the acknowledgement.
func (k *kernel) ask(family uint16, cmd uint8, flags uint16, attrs []byte, reply func(attrs []byte)) verdict {
	k.t.Helper()
	const headers = 20
	m := make([]byte, headers, headers+len(attrs))
	binary.NativeEndian.PutUint32(m, uint32(headers+len(attrs)))
	binary.NativeEndian.PutUint16(m[4:], family)
	binary.NativeEndian.PutUint16(m[6:], flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	m[16], m[17] = cmd, 1
	if err := syscall.Sendto(k.fd, append(m, attrs...), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		k.t.Fatal(err)
	}
	for {
		n, _, err := syscall.Recvfrom(k.fd, k.buf, 0)
		if errors.Is(err, syscall.EINTR) {
			continue
		} else if err != nil {
			k.t.Fatal(err)
		}
		for b := k.buf[:n]; len(b) >= 16; {
			size := int(binary.NativeEndian.Uint32(b))
			body := b[16:size]
			switch typ := binary.NativeEndian.Uint16(b[4:]); typ {
			case syscall.NLMSG_ERROR:
				return parseVerdict(body[:4], body[20:])
			case syscall.NLMSG_DONE:
				return parseVerdict(body[:4], body[4:])
			case family:
				if reply != nil {
					reply(body[4:])
				}
			}
			b = b[min(nlattr.Align(size), len(b)):]
		}
	}
}

func parseVerdict(code, tlvs []byte) verdict {
	v := verdict{errno: syscall.Errno(-int32(binary.NativeEndian.Uint32(code))), offset: -1}
	d := nlattr.NewDecoder(tlvs)
	for d.Next() {
		switch d.Type() {
		case 1:
			v.msg = d.String()
		case 2:
			v.offset = int(d.Uint32()) - 20
		}
	}
	return v
}

// each calls f for every attribute in b.
func each(b []byte, f func(number uint16, payload []byte)) {
	d := nlattr.NewDecoder(b)
	for d.Next() {
		f(d.Type(), d.Payload())
	}
}

func u32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }

// family returns the number of a family, or 0.
func (k *kernel) family(name string) (id uint16) {
	req := build(k.t, func(e *nlattr.Encoder) { e.String(2, name) })
	k.ask(genlCtrl, cmdGetFamily, 0, req, func(attrs []byte) {
		each(attrs, func(number uint16, p []byte) {
			if number == 1 {
				id = binary.NativeEndian.Uint16(p)
			}
		})
	})
	return id
}

// policyRef refers to one of the kernel's policies, which may contain themselves.
type policyRef struct {
	sets map[uint32]*Set
	n    uint32
}

func (r policyRef) Set() *Set { return r.sets[r.n] }

// policy returns the tables that the kernel itself uses for the do request of an
// operation.
func (k *kernel) policy(family uint16, op uint8) *Message {
	sets := map[uint32]*Set{}
	m := &Message{}
	req := build(k.t, func(e *nlattr.Encoder) { e.Uint16(1, family); e.Uint32(10, uint32(op)) })
	k.ask(genlCtrl, cmdGetPolicy, syscall.NLM_F_DUMP, req, func(attrs []byte) {
		each(attrs, func(number uint16, p []byte) {
			each(p, func(index uint16, p []byte) {
				each(p, func(inner uint16, p []byte) {
					switch {
					case number == 9 && inner == 1: // OP_POLICY, DO
						m.Attrs = policyRef{sets, u32(p)}
					case number == 8: // POLICY
						if sets[uint32(index)] == nil {
							sets[uint32(index)] = new(Set)
						}
						s := sets[uint32(index)]
						s.Attrs = append(s.Attrs, describe(inner, p, sets))
					}
				})
			})
		})
	})
	for _, s := range sets {
		slices.SortFunc(s.Attrs, func(a, b Attr) int { return int(a.Number) - int(b.Number) })
	}
	if m.Attrs == nil {
		return nil
	}
	return m
}

// kernelKinds are the kinds by the kernel's numbers (enum netlink_attribute_type).
var kernelKinds = [...]Kind{1: Flag, U8, U16, U32, U64, S8, S16, S32, S64, Binary, String, String, Nest, IndexedArray, Bitfield32, Sint, Uint}

// describe returns the policy of one attribute from how the kernel describes it.
func describe(number uint16, b []byte, sets map[uint32]*Set) Attr {
	l := new(Limits)
	a := Attr{Name: "a", Number: number, Limits: l}
	each(b, func(n uint16, p []byte) {
		switch n {
		case 1:
			a.Kind = kernelKinds[u32(p)]
			if u32(p) == 11 {
				a.Flags = Unterminated
			}
			if a.Kind == IndexedArray {
				a.Elem = Nest
			}
		case 2, 4:
			l.Has, l.Min = l.Has|HasMin, int64(binary.NativeEndian.Uint64(p))
		case 3, 5:
			l.Has, l.Max = l.Has|HasMax, int64(binary.NativeEndian.Uint64(p))
		case 6:
			l.Has, l.MinLen = l.Has|HasMinLen, u32(p)
		case 7:
			l.Has, l.MaxLen = l.Has|HasMaxLen, u32(p)
		case 8:
			a.Nested = policyRef{sets, u32(p)}
		case 10:
			l.Has, l.Mask = l.Has|HasMask, uint64(u32(p))
		case 12:
			l.Has, l.Mask = l.Has|HasMask, binary.NativeEndian.Uint64(p)
		}
	})
	return a
}

// requests makes up attributes for a set: mostly good ones, and some of every
// way to be bad.
type requests struct{ *rand.Rand }

func (r requests) attrs(e *nlattr.Encoder, s *Set, depth int) {
	for range r.IntN(4) {
		if depth > 6 || e.Len() > 4000 {
			return
		}
		a := Attr{Number: uint16(r.IntN(100)), Kind: Kind(r.IntN(int(NestTypeValue)))}
		if n := len(s.Attrs); n > 0 && r.IntN(20) > 0 {
			a = s.Attrs[r.IntN(n)]
		}
		r.attr(e, &a, depth)
	}
	if r.IntN(60) == 0 {
		e.Append(make([]byte, r.IntN(4)))
	}
}

func (r requests) attr(e *nlattr.Encoder, a *Attr, depth int) {
	typ := a.Number
	if r.IntN(40) == 0 {
		typ |= nlattr.Nested
	}
	if r.IntN(40) == 0 {
		typ |= nlattr.NetByteOrder
	}
	switch {
	case r.IntN(25) == 0:
		e.Bytes(typ, make([]byte, r.IntN(20)))
	case a.Kind == Nest || a.Kind == IndexedArray:
		if r.IntN(25) > 0 {
			typ |= nlattr.Nested
		}
		n := e.BeginRaw(typ)
		if a.Kind == Nest {
			r.attrs(e, setOf(a.Nested), depth+1)
		} else {
			for i := range r.IntN(3) {
				entry := e.Begin(uint16(i))
				r.attrs(e, setOf(a.Nested), depth+1)
				e.End(entry)
			}
		}
		e.End(n)
	case a.Kind == Flag:
		e.Bytes(typ, nil)
	case a.Kind == String:
		b := []byte(strings.Repeat("lo", r.IntN(9)))
		if r.IntN(10) > 0 {
			b = append(b, 0)
		}
		if r.IntN(10) == 0 {
			b = append(b, "more"...)
		}
		e.Bytes(typ, b)
	case a.Kind == Bitfield32:
		e.Bitfield32(typ, nlattr.Bitfield32{Value: uint32(r.IntN(8)), Selector: uint32(r.IntN(8))})
	case a.Kind == Uint || a.Kind == Sint:
		e.Uint(typ, r.number(a))
	case a.Kind.Width() > 0:
		var b [8]byte
		binary.NativeEndian.PutUint64(b[:], r.number(a))
		if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
			copy(b[:], b[8-a.Kind.Width():])
		}
		e.Bytes(typ, b[:a.Kind.Width()])
	default:
		e.Bytes(typ, make([]byte, r.IntN(40)))
	}
}

// number returns a number near one of the limits.
func (r requests) number(a *Attr) uint64 {
	near := []uint64{0, 1, 1 << 32, 1 << 63}
	if a.Limits != nil {
		near = append(near, uint64(a.Limits.Min), uint64(a.Limits.Max), a.Limits.Mask)
	}
	return near[r.IntN(len(near))] + uint64(r.IntN(3)) - 1
}

// TestKernelAgrees takes the policies of the running kernel, makes up thousands
// of requests, and compares what Validate says about them with what the kernel
// says. All of them are requests that only get something.
func TestKernelAgrees(t *testing.T) {
	k := openKernel(t)
	texts := []string{msgHeader, msgUnknown, msgUnsupported, msgLength, msgNested, msgNotNested, msgFailed, msgElement,
		msgRange, msgMask, msgSize, msgTrailing, msgDepth}
	tested := 0
	for _, c := range []struct {
		family string
		mode   Mode
		ops    []uint8
	}{
		{"netdev", Strict, []uint8{1, 5, 10, 11}},                         // dev, page-pool, queue, napi
		{"ethtool", Strict, []uint8{2, 4, 6, 11, 13, 15, 19, 21, 23, 24}}, // some ...-get operations
		{"nlctrl", Liberal, []uint8{cmdGetFamily}},
		{"tcp_metrics", Liberal, []uint8{1}},
	} {
		family := k.family(c.family)
		if family == 0 {
			t.Logf("no family %s here", c.family)
			continue
		}
		for _, op := range c.ops {
			m := k.policy(family, op)
			if m == nil {
				t.Logf("%s: no policy for %d", c.family, op)
				continue
			}
			m.Family = c.family
			r := requests{rand.New(rand.NewPCG(1, uint64(op)))}
			refused := 0
			for range 1000 {
				var e nlattr.Encoder
				r.attrs(&e, setOf(m.Attrs), 0)
				body, err := e.Finish()
				if err != nil {
					continue
				}
				tested++
				got := k.ask(family, op, 0, body, nil)
				want := verdict{offset: -1}
				var ve *ValidationError
				if errors.As(Validate(m, body, c.mode), &ve) {
					want = verdict{ve.Errno, ve.Msg, ve.Offset}
					refused++
				} else if !slices.Contains(texts, got.msg) || got.errno == 0 || c.mode == Liberal && got.msg == msgTrailing {
					continue // it is valid; what becomes of it is another matter
				}
				// The policy that is reported does not say up to which number it goes.
				if want.msg == msgUnknown && got.msg == msgUnsupported {
					want.msg = msgUnsupported
				}
				if got != want {
					t.Errorf("%s %d: %x\nkernel  %v\nwant %v", c.family, op, body, got, want)
				}
			}
			t.Logf("%s %d: %d refused", c.family, op, refused)
		}
	}
	if tested == 0 {
		t.Skip("none of the families is here")
	}
}
