package link

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Numbers of generic families without a spec here, which make and move links (linux/openvswitch.h, net/nl802154.h).
const (
	ovsDatapathNew, ovsDatapathDel, ovsDatapathName, ovsDatapathUpcall = 1, 2, 1, 2
	ovsVportNew, ovsVportType, ovsVportName, ovsVportUpcall            = 1, 2, 3, 5
	ovsVportNetdev                                                     = 1
	nl802154SetPhyNamespace, nl802154Phy, nl802154NamespaceDescriptor  = 20, 1, 29
)

// foreign is a request of a family without a spec.
type foreign func(e *nlattr.Encoder)

func (f foreign) EncodeTo(e *nlattr.Encoder) { f(e) }

// exec carries out an operation of such a family. The test is skipped if the kernel does not have the family.
func (f foreign) exec(n *witness.Namespace, c *nlconn.Conn, family string, version uint8, command uint16) {
	n.T.Helper()
	op := &nlconn.Operation{Family: &nlconn.Family{Name: family, Protocol: nlconn.ProtocolGeneric, Generic: true, Version: version},
		Name: family, Request: command, Reply: command}
	err := nlconn.Exec(n.Ctx, c, op, f)
	if errors.Is(err, os.ErrNotExist) {
		n.T.Skip(err)
	}
	if err != nil {
		n.T.Fatal(err)
	}
}

// TestLinkOpenvswitch compares the link of a datapath of Open vSwitch and one that is a port of it with what ip prints. Such links are
// made by the family ovs_datapath; that of links refuses to.
func TestLinkOpenvswitch(t *testing.T) {
	n := witness.NewNamespace(t)
	port := n.Plain("port0")
	header := func(e *nlattr.Encoder, index int32) { e.Append(binary.NativeEndian.AppendUint32(nil, uint32(index))) }
	foreign(func(e *nlattr.Encoder) {
		header(e, 0)
		e.String(ovsDatapathName, "switch0")
		e.Uint32(ovsDatapathUpcall, 0)
	}).exec(n, n.Conn, "ovs_datapath", 2, ovsDatapathNew)
	datapath := n.Link("switch0")
	defer foreign(func(e *nlattr.Encoder) { header(e, datapath.Header.IfiIndex) }).exec(n, n.Conn, "ovs_datapath", 2, ovsDatapathDel)
	foreign(func(e *nlattr.Encoder) {
		header(e, datapath.Header.IfiIndex)
		e.String(ovsVportName, "port0")
		e.Uint32(ovsVportType, ovsVportNetdev)
		e.Uint32(ovsVportUpcall, 0)
	}).exec(n, n.Conn, "ovs_vport", 1, ovsVportNew)
	n.Up(datapath, port)
	c := witness.NewTally(t)
	c.Field("kind", n.Link("switch0").Linkinfo.Kind, "openvswitch")
	c.Field("kind of the master", n.Link("port0").Linkinfo.SlaveKind, "openvswitch")
	c.Field("master", n.Link("port0").Master, float64(datapath.Header.IfiIndex))
	compareWithIP(n, c, "switch0")
	compareWithIP(n, c, "port0")
	c.Report("openvswitch")

	err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Ifname: nlattr.Some("switch1"),
		Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("openvswitch")}}, nlconn.Create)
	witness.Refused(t, "a datapath made as a link", err, syscall.EOPNOTSUPP, "rt-link: newlink: EOPNOTSUPP: operation not supported")
	err = n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: datapath.Header.IfiIndex}})
	witness.Refused(t, "a datapath deleted as a link", err, syscall.EOPNOTSUPP, "rt-link: dellink: EOPNOTSUPP: operation not supported")
}

// TestLinkLowpan makes a link for IPv6 over IEEE 802.15.4 on one of the simulated radios, and compares both with what ip prints. The
// radios are in the first namespace of the virtual machine; the test borrows one.
func TestLinkLowpan(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("simulated radios are in the first namespace, which tests leave alone but in the virtual machine")
	}
	n := witness.NewNamespace(t)
	const first = "/proc/1/ns/net"
	_, outside := witness.Dial(t, nlconn.WithNamespace(first))
	// move takes the radio of a Conn's namespace to another one.
	move := func(c *nlconn.Conn, to string) {
		t.Helper()
		ns, err := os.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		defer ns.Close()
		foreign(func(e *nlattr.Encoder) {
			e.Uint32(nl802154Phy, 0)
			e.Uint32(nl802154NamespaceDescriptor, uint32(ns.Fd()))
		}).exec(n, c, "nl802154", 1, nl802154SetPhyNamespace)
	}
	move(outside, "/proc/thread-self/ns/net")
	defer move(n.Conn, first)
	var radio *rtlink.GetlinkReply
	for name, link := range n.Dump() {
		if strings.HasPrefix(name, "wpan") {
			radio = link
		}
	}
	if radio == nil {
		t.Fatal("the radio has no link")
	}
	req := &rtlink.NewlinkRequest{Ifname: nlattr.Some("lowpan0"), Link: u32(uint32(radio.Header.IfiIndex)),
		Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("lowpan")}}
	if err := n.Links.Newlink(n.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	defer n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("lowpan0")})
	link := n.Link("lowpan0")
	n.Up(radio, link)
	c := witness.NewTally(t)
	c.Within("lowpan", req, link)
	c.Field("type", link.Header.IfiType, 825.0)
	c.Field("type of the radio", radio.Header.IfiType, 804.0)
	compareWithIP(n, c, "lowpan0")
	compareWithIP(n, c, radio.Ifname.V)
	c.Report("lowpan")

	req.Ifname, req.Link = nlattr.Some("lowpan1"), u32(uint32(n.Link("lo").Header.IfiIndex))
	witness.Refused(t, "a link on what is no radio", n.Links.Newlink(n.Ctx, req, nlconn.Create), syscall.EINVAL,
		"rt-link: newlink: EINVAL: invalid argument")
}

// TestLinkRefusals asks for what takes hardware or another kernel: links over InfiniBand, ports of a switch, the network of MCTP.
func TestLinkRefusals(t *testing.T) {
	n := witness.NewNamespace(t)
	link := n.Plain("refused0")
	if link.AfSpec != nil && link.AfSpec.Mctp != nil {
		t.Fatalf("this kernel has MCTP: %+v", link.AfSpec.Mctp)
	}
	header := rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
	err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, AfSpec: &rtlink.AfSpecAttrs{Mctp: &rtlink.MctpAttrs{Net: u32(5)}}})
	witness.Refused(t, "MCTP", err, syscall.EAFNOSUPPORT, "rt-link: setlink: EAFNOSUPPORT: address family not supported by protocol")

	create := func(data rtlink.LinkinfoDataMsg, lower nlattr.Opt[uint32]) error {
		return n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Ifname: nlattr.Some("refused1"), Link: lower,
			Linkinfo: &rtlink.LinkinfoAttrs{Data: data}}, nlconn.Create)
	}
	index := u32(uint32(link.Header.IfiIndex))
	const unknown = `rt-link: newlink: EOPNOTSUPP: "Unknown device type"`
	witness.Refused(t, "a port of a switch", create(&rtlink.LinkinfoDsaAttrs{Conduit: index}, nlattr.Opt[uint32]{}), syscall.EOPNOTSUPP, unknown)
	ipoib := &rtlink.LinkinfoIpoibAttrs{Pkey: u16(0x8001), Mode: nlattr.Some(rtlink.IpoibModeDatagram)}
	err = create(ipoib, index)
	if errors.Is(err, syscall.EOPNOTSUPP) {
		witness.Refused(t, "InfiniBand", err, syscall.EOPNOTSUPP, unknown)
		return
	}
	witness.Refused(t, "InfiniBand over what is none", err, syscall.ENODEV, "rt-link: newlink: ENODEV: no such device")
	witness.Refused(t, "InfiniBand over nothing", create(ipoib, nlattr.Opt[uint32]{}), syscall.EINVAL, "rt-link: newlink: EINVAL: invalid argument")
}
