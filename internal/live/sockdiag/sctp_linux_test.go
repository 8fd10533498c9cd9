package sockdiag

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// Socket options of SCTP (linux/sctp.h).
const (
	sctpNodelay         = 3
	sctpAdaptationLayer = 7
	sctpStatus          = 14
	sctpPartialDelivery = 19
	sctpBindxAdd        = 100
	sctpAssocStats      = 112
)

type sctpReply = *inetdiag.SctpGetReply

// TestSCTP compares associations and endpoints with ss, with getsockopt and with what was set.
func TestSCTP(t *testing.T) {
	for name, at := range map[string]unix.Sockaddr{
		"ip4": &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 5000},
		"ip6": &unix.SockaddrInet6{Addr: [16]byte{15: 1}, Port: 5000},
	} {
		t.Run(name, func(t *testing.T) { testSCTP(t, at) })
	}
}

func testSCTP(t *testing.T, at unix.Sockaddr) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	family := uint8(unix.AF_INET)
	if _, ok := at.(*unix.SockaddrInet6); ok {
		family = unix.AF_INET6
	}
	listen := sctpSocket(t, family)
	must(t, unix.Bind(listen, at))
	if family == unix.AF_INET { // The listener has two addresses, and so have the associations with it.
		second := make([]byte, unix.SizeofSockaddrInet4)
		binary.NativeEndian.PutUint16(second, unix.AF_INET)
		binary.BigEndian.PutUint16(second[2:], 5000)
		copy(second[4:], []byte{127, 0, 0, 2})
		must(t, unix.SetsockoptString(listen, unix.IPPROTO_SCTP, sctpBindxAdd, string(second)))
	}
	must(t, unix.Listen(listen, 4))
	client := sctpSocket(t, family)
	must(t, unix.SetsockoptInt(client, unix.IPPROTO_SCTP, sctpNodelay, 1))
	must(t, unix.SetsockoptInt(client, unix.IPPROTO_SCTP, sctpAdaptationLayer, 77))
	must(t, unix.SetsockoptInt(client, unix.IPPROTO_SCTP, sctpPartialDelivery, 4096))
	must(t, unix.SetsockoptInt(client, unix.SOL_SOCKET, unix.SO_MARK, 78))
	must(t, unix.Connect(client, at))
	if _, err := unix.Write(client, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}

	tally := witness.NewTally(t)
	var mine sctpReply
	tally.Steady(func(tally *witness.Tally) {
		endpoints, associations := sctpDump(ctx, t, c, family, client)
		if len(endpoints) != 1 || len(associations) != 1 {
			t.Fatalf("the client has %d endpoints and %d associations", len(endpoints), len(associations))
		}
		mine = associations[0]
		witness.Known(t, "sctp", mine)
		compareStatus(t, tally, client, mine)
		compareSCTP(t, tally, client, endpoints[0], mine)
	})
	endpoints, associations := sctpDump(ctx, t, c, family, listen)
	if len(endpoints) != 1 || len(associations) != 1 {
		t.Fatalf("the listener has %d endpoints and %d associations", len(endpoints), len(associations))
	}
	theirs := associations[0]
	tally.Field("header state", mine.Header.IdiagState, float64(inetdiag.SctpStateEstablished))
	tally.Field("mark", mine.Mark, 78.0)
	tally.Field("cong", mine.Cong, "reno")
	tally.Field("tags", []uint32{mine.Info.Tag, mine.Info.PeerTag}, []any{float64(theirs.Info.PeerTag), float64(theirs.Info.Tag)})
	tally.Field("queue of the listener", theirs.Header.IdiagRqueue >= 1000, true)
	tally.Field("addresses", fmt.Sprint(addresses(mine.Peers)), fmt.Sprint(addresses(theirs.Locals)))
	tally.Report("sctp")

	// A do finds the association by its addresses and ports, and the cookie of its socket.
	header := inetdiag.InetDiagReqV2{SdiagFamily: family, SdiagProtocol: unix.IPPROTO_SCTP, IdiagExt: allExt, ID: mine.Header.ID}
	one, err := c.SctpGet(ctx, &inetdiag.SctpGetRequest{Header: header})
	if err != nil || one.Info == nil || one.Info.Tag != mine.Info.Tag {
		t.Errorf("get by id: %+v, %v", one, err)
	}
	header.ID.Sport++
	if _, err := c.SctpGet(ctx, &inetdiag.SctpGetRequest{Header: header}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("get of another port: %v", err)
	}
	// Only the listener is in a dump that asks for the states of listening and closed sockets; its association is not.
	list, err := c.SctpGetCollect(ctx, &inetdiag.SctpGetDumpRequest{Header: inetdiag.InetDiagReqV2{
		SdiagFamily: family, SdiagProtocol: unix.IPPROTO_SCTP, IdiagStates: 1 << inetdiag.TcpStateListen}})
	if err != nil || len(list) == 0 {
		t.Errorf("%d listeners: %v", len(list), err)
	}
	for _, x := range list {
		if x.Peers != nil || x.Info != nil {
			t.Errorf("a dump of listeners without extensions has %+v", x)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sctpSocket(t *testing.T, family uint8) int {
	t.Helper()
	fd, err := unix.Socket(int(family), unix.SOCK_STREAM, unix.IPPROTO_SCTP)
	if errors.Is(err, syscall.EPROTONOSUPPORT) {
		t.Skipf("this kernel has no SCTP: %v", err)
	}
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// sctpDump lists what belongs to a socket.
func sctpDump(ctx context.Context, t *testing.T, c *inetdiag.Client, family uint8, fd int) (endpoints, associations []sctpReply) {
	t.Helper()
	list, err := c.SctpGetCollect(ctx, &inetdiag.SctpGetDumpRequest{Header: inetdiag.InetDiagReqV2{
		SdiagFamily: family, SdiagProtocol: unix.IPPROTO_SCTP, IdiagExt: allExt, IdiagStates: allStates}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel does not list SCTP: %v", err)
	}
	must(t, err)
	var st unix.Stat_t
	must(t, unix.Fstat(fd, &st))
	for _, x := range list {
		switch {
		case x.Header.IdiagInode != uint32(st.Ino):
		case x.Peers == nil:
			endpoints = append(endpoints, x)
		default:
			associations = append(associations, x)
		}
	}
	return endpoints, associations
}

// addresses reads structs sockaddr_storage.
func addresses(b []byte) []string {
	var list []string
	for ; len(b) >= unix.SizeofSockaddrAny+16; b = b[128:] {
		switch binary.NativeEndian.Uint16(b) {
		case unix.AF_INET:
			list = append(list, netip.AddrFrom4([4]byte(b[4:8])).String())
		case unix.AF_INET6:
			list = append(list, netip.AddrFrom16([16]byte(b[8:24])).String())
		}
	}
	return list
}

// compareStatus compares with the socket's own word: SCTP_STATUS and SCTP_GET_ASSOC_STATS.
func compareStatus(t *testing.T, tally *witness.Tally, fd int, x sctpReply) {
	t.Helper()
	i, order := x.Info, binary.NativeEndian
	status := sockopt(t, fd, sctpStatus, 176)
	u16 := func(at int) float64 { return float64(order.Uint16(status[at:])) }
	u32 := func(at int) float64 { return float64(order.Uint32(status[at:])) }
	// SCTP_STATUS counts the states from SCTP_EMPTY.
	tally.Field("state", i.State+1, u32(4))
	tally.Field("rwnd", i.PeerRwnd, u32(8))
	tally.Field("unackdata", i.Unackdata, u16(12))
	tally.Field("penddata", i.Penddata, u16(14))
	tally.Field("instrms", i.Instrms, u16(16))
	tally.Field("outstrms", i.Outstrms, u16(18))
	tally.Field("maxseg", i.Maxseg, u32(20))
	tally.Field("p-address", fmt.Sprint(addresses(i.PAddress[:])), fmt.Sprint(addresses(status[28:156])))
	tally.Field("p-state", uint32(i.PState), u32(156))
	tally.Field("p-cwnd", i.PCwnd, u32(160))
	tally.Field("p-srtt", i.PSrtt, u32(164))
	tally.Field("p-rto", i.PRto, u32(168))

	stats := sockopt(t, fd, sctpAssocStats, 256)
	for n, f := range []struct {
		name string
		ours uint64
	}{
		{"isacks", i.Isacks}, {"osacks", i.Osacks}, {"opackets", i.Opackets}, {"ipackets", i.Ipackets}, {"rtxchunks", i.Rtxchunks},
		{"outofseqtsns", i.Outofseqtsns}, {"idupchunks", i.Idupchunks}, {"gapcnt", i.Gapcnt}, {"ouodchunks", i.Ouodchunks},
		{"iuodchunks", i.Iuodchunks}, {"oodchunks", i.Oodchunks}, {"iodchunks", i.Iodchunks}, {"octrlchunks", i.Octrlchunks},
		{"ictrlchunks", i.Ictrlchunks},
	} {
		tally.Field(f.name, f.ours, float64(order.Uint64(stats[len(stats)-8*(14-n):])))
	}
}

// sockopt reads an option of SCTP that is a struct of at most size bytes.
func sockopt(t *testing.T, fd, option, size int) []byte {
	t.Helper()
	b, n := make([]byte, size), uint32(size)
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.IPPROTO_SCTP, uintptr(option),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return b[:n]
}

// compareSCTP compares an endpoint and its association with the words that ss prints of them.
func compareSCTP(t *testing.T, tally *witness.Tally, fd int, endpoint, association sctpReply) {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Fstat(fd, &st))
	seen := 0
	for line := range strings.Lines(string(witness.Output(t, "ss", "-HSaieOmn", "--tos"))) {
		if !strings.Contains(line, fmt.Sprintf(" ino:%d ", st.Ino)) {
			continue
		}
		seen++
		x := endpoint
		if strings.HasPrefix(line, "`-") {
			x = association
		}
		shown := witness.Object{}
		for _, word := range strings.Fields(line[strings.Index(line, " ino:"):]) {
			if key, value, ok := strings.Cut(word, ":"); ok {
				shown[key] = value
			}
		}
		witness.Compare(tally, "ss", x, sctpView, shown)
	}
	if seen != 2 {
		tally.Errorf("ss shows %d lines of the socket, want 2", seen)
	}
}

// sctpView is how ss prints an SCTP socket: zeros are left out. The state is that of the association.
var sctpView = commonView(ofSCTP, witness.View[sctpReply]{
	"locals": func(x sctpReply) any { return strings.Join(addresses(x.Locals), ",") },
	"peers":  func(x sctpReply) any { return strings.Join(addresses(x.Peers), ",") },
	"tag":    func(x sctpReply) any { return fmt.Sprintf("%x", x.Info.Tag) },
	"ptag":   func(x sctpReply) any { return fmt.Sprintf("%x", x.Info.PeerTag) },
	"state": func(x sctpReply) any {
		switch x.Info.State {
		case inetdiag.SctpStateEstablished:
			return "ESTAB"
		case inetdiag.SctpStateShutdownAckSent:
			return "ACK_SENT"
		}
		return strings.ToUpper(strings.ReplaceAll(x.Info.State.String(), "-", "_"))
	},
	"rwnd":       number(func(i *inetdiag.SctpInfo) uint32 { return i.Rwnd }),
	"unackdata":  number(func(i *inetdiag.SctpInfo) uint16 { return i.Unackdata }),
	"penddata":   number(func(i *inetdiag.SctpInfo) uint16 { return i.Penddata }),
	"instrms":    number(func(i *inetdiag.SctpInfo) uint16 { return i.Instrms }),
	"outstrms":   number(func(i *inetdiag.SctpInfo) uint16 { return i.Outstrms }),
	"inqueue":    number(func(i *inetdiag.SctpInfo) uint32 { return i.Inqueue }),
	"outqueue":   number(func(i *inetdiag.SctpInfo) uint32 { return i.Outqueue }),
	"overerr":    number(func(i *inetdiag.SctpInfo) uint32 { return i.OverallError }),
	"maxburst":   number(func(i *inetdiag.SctpInfo) uint32 { return i.MaxBurst }),
	"maxseg":     number(func(i *inetdiag.SctpInfo) uint32 { return i.Maxseg }),
	"prwnd":      number(func(i *inetdiag.SctpInfo) uint32 { return i.PeerRwnd }),
	"pcapable":   number(func(i *inetdiag.SctpInfo) inetdiag.SctpCapable { return i.PeerCapable }),
	"psack":      number(func(i *inetdiag.SctpInfo) inetdiag.SctpSack { return i.PeerSack }),
	"autoclose":  number(func(i *inetdiag.SctpInfo) uint32 { return i.SAutoclose }),
	"adapind":    number(func(i *inetdiag.SctpInfo) uint32 { return i.SAdaptationInd }),
	"pdpoint":    number(func(i *inetdiag.SctpInfo) uint32 { return i.SPdPoint }),
	"nodelay":    number(func(i *inetdiag.SctpInfo) uint8 { return i.SNodelay }),
	"disfrag":    number(func(i *inetdiag.SctpInfo) uint8 { return i.SDisableFragments }),
	"v4mapped":   number(func(i *inetdiag.SctpInfo) uint8 { return i.SV4mapped }),
	"fraginterl": number(func(i *inetdiag.SctpInfo) uint8 { return i.SFragInterleave }),
})

func ofSCTP(x sctpReply) common {
	return common{header: &x.Header, mark: x.Mark, classID: x.ClassID, tos: x.Tos, tclass: x.Tclass, v6: x.Skv6only, shutdown: x.Shutdown,
		memory: x.Skmeminfo, cgroup: x.CgroupID, sockopt: x.Sockopt}
}

func number[N ~uint8 | ~uint16 | ~uint32](get func(*inetdiag.SctpInfo) N) func(sctpReply) any {
	return func(x sctpReply) any { return strconv.FormatUint(uint64(get(x.Info)), 10) }
}
