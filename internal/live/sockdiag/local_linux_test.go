package sockdiag

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/generated/packetdiag"
	"github.com/nlgen/nlgen/generated/unixdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// procLines returns the fields of the lines of a file in /proc/net.
func procLines(t *testing.T, file string) [][]string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/net/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

// TestUnix compares sockets with /proc/net/unix and with what was made.
func TestUnix(t *testing.T) {
	ctx, conn := connect(t)
	c := unixdiag.New(conn)
	file := filepath.Join(t.TempDir(), "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: file, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	waiting, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: file, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	half, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: file, Net: "unix"})
	must(t, err)
	defer half.Close()
	must(t, half.CloseWrite())
	deaf, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: file, Net: "unix"})
	must(t, err)
	defer deaf.Close()
	must(t, deaf.CloseRead())
	abstract, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "@abstract", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	_, err = unix.Write(pair[0], make([]byte, 100))
	must(t, err)

	list, err := c.GetCollect(ctx, &unixdiag.GetDumpRequest{Header: unixdiag.UnixDiagReq{
		SdiagFamily: unix.AF_UNIX, UdiagStates: 0xffffffff, UdiagShow: 0x7f}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of AF_UNIX: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	tally := witness.NewTally(t)
	ours := map[uint32]*unixdiag.GetReply{}
	for _, x := range list {
		witness.Known(t, "unix", x)
		ours[x.Header.UdiagIno] = x
	}
	// Num: RefCount Protocol Flags Type St Inode Path
	for _, f := range procLines(t, "unix") {
		ino, err := strconv.ParseUint(f[6], 10, 32)
		x := ours[uint32(ino)]
		if err != nil || x == nil {
			continue // Those without an inode, and those that came in between.
		}
		tally.Field("type", fmt.Sprintf("%04x", uint8(x.Header.UdiagType)), f[4])
		name := ""
		if len(f) > 7 {
			name = f[7]
		}
		tally.Field("name", path(x), name)
	}
	listener := ours[inode(t, l)]
	if listener == nil || listener.Vfs.V.Ino == 0 || len(listener.Icons) != 3 || listener.Rqlen.V.Rqueue != 3 {
		t.Fatalf("the listener is %+v", listener)
	}
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		t.Fatal(err)
	}
	tally.Field("vfs inode", listener.Vfs.V.Ino, float64(st.Ino))
	tally.Field("vfs device", uint64(listener.Vfs.V.Dev), float64(unix.Major(st.Dev)<<20|unix.Minor(st.Dev)))
	tally.Field("state", listener.Header.UdiagState, "listen")
	tally.Field("uid", listener.Uid, float64(os.Geteuid()))
	if listener.Meminfo == nil || listener.Meminfo.Rcvbuf == 0 {
		t.Errorf("the listener's memory is %+v", listener.Meminfo)
	}
	var one, two unix.Stat_t
	if err := errors.Join(unix.Fstat(pair[0], &one), unix.Fstat(pair[1], &two)); err != nil {
		t.Fatal(err)
	}
	if x := ours[uint32(one.Ino)]; x == nil {
		t.Error("a socket of a pair is not listed")
	} else {
		tally.Field("peer", x.Peer, float64(two.Ino))
		tally.Field("pair's type", x.Header.UdiagType, "seqpacket")
	}
	got, err := c.Get(ctx, &unixdiag.GetRequest{Header: unixdiag.UnixDiagReq{SdiagFamily: unix.AF_UNIX,
		UdiagIno: listener.Header.UdiagIno, UdiagShow: unixdiag.ShowName, UdiagCookie0: ^uint32(0), UdiagCookie1: ^uint32(0)}})
	if err != nil || strings.TrimRight(string(got.Name), "\x00") != file {
		t.Errorf("get by inode: %+v, %v", got, err)
	}
	_, err = c.Get(ctx, &unixdiag.GetRequest{Header: unixdiag.UnixDiagReq{SdiagFamily: unix.AF_UNIX}})
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("get of no inode: %v", err)
	}
	lines := ssWords(t, "-x")
	if len(lines) != len(list) {
		t.Errorf("ss prints %d sockets, we see %d", len(lines), len(list))
	}
	for _, words := range lines {
		shown := ssObject(t, words, "type", "state", "recvq", "sendq", "local", "inode", "remote", "peer")
		number, err := strconv.ParseUint(shown["inode"].(string), 10, 32)
		if x := ours[uint32(number)]; err != nil || x == nil {
			t.Errorf("ss prints %v, we see no such socket", words)
		} else {
			witness.Compare(tally, "ss", x, unixView, shown)
		}
	}
	tally.Report("unix sockets")
}

// unixView is how ss prints a socket of AF_UNIX.
var unixView = witness.View[*unixdiag.GetReply]{
	"type": func(x *unixdiag.GetReply) any {
		return map[unixdiag.SockType]string{unixdiag.SockTypeStream: "u_str", unixdiag.SockTypeDgram: "u_dgr", unixdiag.SockTypeSeqpacket: "u_seq"}[x.Header.UdiagType]
	},
	"state": func(x *unixdiag.GetReply) any { return states[inetdiag.TcpState(x.Header.UdiagState)] },
	"recvq": func(x *unixdiag.GetReply) any { return fmt.Sprint(x.Rqlen.V.Rqueue) },
	"sendq": func(x *unixdiag.GetReply) any { return fmt.Sprint(x.Rqlen.V.Wqueue) },
	"local": func(x *unixdiag.GetReply) any {
		if len(x.Name) == 0 {
			return "*"
		}
		return path(x)
	},
	"inode": func(x *unixdiag.GetReply) any { return fmt.Sprint(x.Header.UdiagIno) },
	"remote": func(x *unixdiag.GetReply) any {
		return witness.Unseen("the name of the socket at the other end, which is told of that")
	},
	"peer":  func(x *unixdiag.GetReply) any { return fmt.Sprint(x.Peer.V) },
	"skmem": func(x *unixdiag.GetReply) any { return memory(*x.Meminfo) },
	"shutdown": func(x *unixdiag.GetReply) any {
		return arrow(x.Shutdown.V&unixdiag.ShutdownMaskRcv != 0, x.Shutdown.V&unixdiag.ShutdownMaskSend != 0)
	},
	"ino": func(x *unixdiag.GetReply) any { return fmt.Sprint(x.Vfs.V.Ino) },
	"dev": func(x *unixdiag.GetReply) any {
		dev := uint64(x.Vfs.V.Dev)
		return fmt.Sprintf("%d/%d", unix.Major(dev), unix.Minor(dev))
	},
	"peers": func(*unixdiag.GetReply) any { return "" }, // They follow as words.
	"words": func(x *unixdiag.GetReply) any {
		var set witness.Set
		for _, number := range x.Icons {
			set = append(set, fmt.Sprint(number))
		}
		return set
	},
}

// path is the name of a socket, as tools print it: the first zero of a name that is no file's is an @.
func path(x *unixdiag.GetReply) string {
	text := strings.TrimRight(string(x.Name), "\x00")
	if strings.HasPrefix(text, "\x00") {
		text = "@" + text[1:]
	}
	return text
}

// A packetCase is a socket of AF_PACKET: what is set, and how many bytes ss prints of its filter.
type packetCase struct {
	kind     int
	protocol uint16
	set      []func(fd int) error
}

// packetCases have all that such a socket tells.
func packetCases() []packetCase {
	const all = uint16(unix.ETH_P_ALL)<<8 | unix.ETH_P_ALL>>8 // network order
	join := func(kind uint16, addr ...byte) func(fd int) error {
		mreq := &unix.PacketMreq{Ifindex: 1, Type: kind, Alen: uint16(len(addr))}
		copy(mreq.Address[:], addr)
		return func(fd int) error {
			return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, mreq)
		}
	}
	set := func(name, value int) func(fd int) error { return option(unix.SOL_PACKET, name, value) }
	ring := func(name int) func(fd int) error {
		return func(fd int) error {
			return unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, name, &unix.TpacketReq{Block_size: 4096, Block_nr: 2, Frame_size: 2048, Frame_nr: 4})
		}
	}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 9}, {Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, Jf: 2, K: 17},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1}, {Code: unix.BPF_RET | unix.BPF_K, K: 0xffff}, {Code: unix.BPF_RET | unix.BPF_K}}
	return []packetCase{
		{unix.SOCK_RAW, all, []func(fd int) error{
			join(unix.PACKET_MR_PROMISC), join(unix.PACKET_MR_ALLMULTI), join(unix.PACKET_MR_MULTICAST, 1, 0, 0x5e, 0, 0, 1),
			join(unix.PACKET_MR_UNICAST, 2, 0, 0, 0, 0, 9), join(unix.PACKET_MR_UNICAST, 2, 0, 0, 0, 0, 9),
			set(unix.PACKET_AUXDATA, 1), set(unix.PACKET_ORIGDEV, 1), set(unix.PACKET_LOSS, 1), set(unix.PACKET_COPY_THRESH, 77),
			set(unix.PACKET_TIMESTAMP, unix.SOF_TIMESTAMPING_RAW_HARDWARE), set(unix.PACKET_RESERVE, 16),
			ring(unix.PACKET_RX_RING), ring(unix.PACKET_TX_RING), set(unix.PACKET_FANOUT, 7|unix.PACKET_FANOUT_CPU<<16),
			func(fd int) error {
				return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
			},
		}},
		{unix.SOCK_DGRAM, 0x0008, nil}, // IPv4
		{unix.SOCK_RAW, all, []func(fd int) error{set(unix.PACKET_VNET_HDR, 1)}},
		{unix.SOCK_RAW, all, []func(fd int) error{set(unix.PACKET_VERSION, unix.TPACKET_V3), func(fd int) error {
			return unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
				Block_size: 8192, Block_nr: 2, Frame_size: 2048, Frame_nr: 8, Retire_blk_tov: 60, Sizeof_priv: 16, Feature_req_word: 1})
		}}},
	}
}

// TestPacket compares sockets with what was made, with /proc/net/packet and with what ss prints.
func TestPacket(t *testing.T) {
	ctx, conn := connect(t)
	cases := map[uint32]packetCase{} // by inodes
	var first uint32
	for i, p := range packetCases() {
		fd, err := unix.Socket(unix.AF_PACKET, p.kind, 0)
		must(t, err)
		defer unix.Close(fd)
		must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: p.protocol, Ifindex: 1}))
		for _, set := range p.set {
			must(t, set(fd))
		}
		cases[fdInode(t, fd)] = p
		if i == 0 {
			first = fdInode(t, fd)
		}
	}
	list, err := packetdiag.New(conn).GetCollect(ctx, &packetdiag.GetDumpRequest{Header: packetdiag.PacketDiagReq{
		SdiagFamily: unix.AF_PACKET, PdiagShow: 0x3f}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of AF_PACKET: %v", err)
	}
	lines, shown := procLines(t, "packet"), map[any]witness.Object{} // by inodes
	for _, words := range ssWords(t, "-0", "-b") {
		x := ssObject(t, words, "type", "state", "recvq", "sendq", "local", "peer")
		shown[x["ino"]] = x
	}
	if err != nil || len(list) != len(cases) || len(lines) != len(cases) || len(shown) != len(cases) {
		t.Fatalf("%d sockets, /proc has %d, ss %d, %v", len(list), len(lines), len(shown), err)
	}
	tally := witness.NewTally(t)
	for _, x := range list {
		witness.Known(t, "message", x)
		number := fmt.Sprint(x.Header.PdiagIno)
		if p := cases[x.Header.PdiagIno]; p.kind != int(x.Header.PdiagType) || p.protocol>>8|p.protocol<<8 != x.Header.PdiagNum {
			t.Errorf("socket %s is %+v, made as %+v", number, x.Header, p)
		}
		// sk RefCnt Type Proto Iface R Rmem User Inode
		i := slices.IndexFunc(lines, func(f []string) bool { return f[8] == number })
		if i < 0 {
			t.Fatalf("/proc does not list %s", number)
		}
		tally.Field("type", strconv.Itoa(int(x.Header.PdiagType)), lines[i][2])
		tally.Field("protocol", fmt.Sprintf("%04x", x.Header.PdiagNum), lines[i][3])
		tally.Field("interface", strconv.Itoa(int(x.Info.Index)), lines[i][4])
		tally.Field("memory", strconv.Itoa(int(x.Meminfo.RmemAlloc)), lines[i][6])
		tally.Field("user", strconv.Itoa(int(x.Uid.V)), lines[i][7])
		witness.Compare(tally, "ss", x, packetView, shown[number])
		if x.Header.PdiagIno == first {
			compareMemberships(t, tally, x)
			tally.Field("time stamps", x.Info.Tstamp, float64(unix.SOF_TIMESTAMPING_RAW_HARDWARE))
			tally.Field("reserve", x.Info.Reserve, 16.0)
			if f := x.Filter; f == nil || len(f.Insns) != 5 || f.Insns[1] != (packetdiag.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, Jf: 2, K: 17}) {
				t.Errorf("the filter is %+v", f)
			}
		}
		if r := x.RxRing; r != nil && r.RetireTmo != 0 {
			tally.Field("private bytes", r.SizeofPriv, 16.0)
		}
	}
	tally.Report("packet sockets")
}

// compareMemberships compares what the first socket asks of lo with what was set.
func compareMemberships(t *testing.T, tally *witness.Tally, x *packetdiag.GetReply) {
	t.Helper()
	if x.Mclist == nil || len(x.Mclist.Entries) != 4 {
		t.Fatalf("asked of interfaces: %+v", x.Mclist)
	}
	asked := map[string]string{}
	for _, e := range x.Mclist.Entries {
		tally.Field("index", e.Index, 1.0)
		asked[e.Type.String()] = fmt.Sprint(e.Count, " ", net.HardwareAddr(e.Addr[:e.Alen]))
	}
	for kind, want := range map[string]string{"promisc": "1 ", "allmulti": "1 ", "multicast": "1 01:00:5e:00:00:01", "unicast": "2 02:00:00:00:00:09"} {
		tally.Field(kind, asked[kind], want)
	}
}

// packetView is how ss prints a socket of AF_PACKET.
var packetView = witness.View[*packetdiag.GetReply]{
	"type": func(x *packetdiag.GetReply) any {
		return map[uint8]string{unix.SOCK_RAW: "p_raw", unix.SOCK_DGRAM: "p_dgr"}[x.Header.PdiagType]
	},
	"state": func(*packetdiag.GetReply) any { return "UNCONN" }, // There is no other.
	"recvq": func(x *packetdiag.GetReply) any { return fmt.Sprint(x.Meminfo.RmemAlloc) },
	"sendq": func(x *packetdiag.GetReply) any { return fmt.Sprint(x.Meminfo.WmemAlloc) },
	"local": func(x *packetdiag.GetReply) any {
		protocol := fmt.Sprintf("[%d]", x.Header.PdiagNum)
		if x.Header.PdiagNum == unix.ETH_P_ALL {
			protocol = "*"
		}
		return protocol + ":" + map[uint32]string{1: "lo"}[x.Info.Index]
	},
	"peer": func(*packetdiag.GetReply) any { return "*" },
	"ino":  func(x *packetdiag.GetReply) any { return fmt.Sprint(x.Header.PdiagIno) },
	"sk": func(x *packetdiag.GetReply) any {
		return fmt.Sprintf("%x", uint64(x.Header.PdiagCookie1)<<32|uint64(x.Header.PdiagCookie0))
	},
	"ver":        func(x *packetdiag.GetReply) any { return fmt.Sprint(x.Info.Version) },
	"cpy_thresh": func(x *packetdiag.GetReply) any { return fmt.Sprint(x.Info.CopyThresh) },
	"flags": func(x *packetdiag.GetReply) any {
		text := "("
		for i, word := range []string{"running", "auxdata", "origdev", "vnethdr", "loss"} {
			if x.Info.Flags>>i&1 != 0 {
				text += " " + word
			}
		}
		return text + " )"
	},
	"ring_rx": func(x *packetdiag.GetReply) any { return ringText(x.RxRing) },
	"ring_tx": func(x *packetdiag.GetReply) any { return ringText(x.TxRing) },
	"fanout": func(x *packetdiag.GetReply) any {
		return fmt.Sprintf("(id:%d,type:%s)", x.Fanout.V&0xffff, map[uint32]string{unix.PACKET_FANOUT_CPU: "cpu"}[x.Fanout.V>>16])
	},
	"skmem": func(x *packetdiag.GetReply) any { return memory(*x.Meminfo) },
	"words": func(x *packetdiag.GetReply) any {
		set := witness.Set{"bpf", "filter", fmt.Sprintf("(%d):", len(x.Filter.Insns))}
		for _, i := range x.Filter.Insns {
			set = append(set, fmt.Sprintf("0x%02x", i.Code), fmt.Sprint(i.Jt), fmt.Sprint(i.Jf), fmt.Sprint(i.K, ","))
		}
		return set
	},
}

func ringText(r *packetdiag.PacketDiagRing) string {
	return fmt.Sprintf("(blk_size:%d,blk_nr:%d,frm_size:%d,frm_nr:%d,tmo:%d,features:%#x)", r.BlockSize, r.BlockNr, r.FrameSize, r.FrameNr, r.RetireTmo, r.Features)
}
