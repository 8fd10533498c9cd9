package link

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// values are all values of an enum that have names.
func values[E ~uint8 | ~uint16 | ~uint32 | ~int8 | ~int32](limit int) (list []E) {
	for i := range limit {
		e := E(i)
		if name := fmt.Sprint(e); name != strconv.Itoa(i) && !strings.HasPrefix(name, "0x") {
			list = append(list, e)
		}
	}
	return list
}

// kindsOf is a link of a kind for each value of an enum.
func kindsOf[E ~uint8 | ~uint16 | ~uint32](name string, set func(e E) rtlink.LinkinfoDataMsg) (list []linkKind) {
	for _, e := range values[E](64) {
		list = append(list, linkKind{name: name, data: set(e)})
	}
	return list
}

// bondKinds are bonds with each value of what is said by one: the most of it goes with some modes only.
func bondKinds() (list []linkKind) {
	type bond = rtlink.LinkinfoBondAttrs
	type data = rtlink.LinkinfoDataMsg
	backup := nlattr.Some(rtlink.BondModeActivebackup)
	lacp := nlattr.Some(rtlink.BondMode8023ad)
	list = append(list, kindsOf("bond", func(e rtlink.BondMode) data { return &bond{Mode: nlattr.Some(e), Miimon: u32(100)} })...)
	list = append(list, kindsOf("bond", func(e rtlink.BondXmitHashPolicy) data {
		return &bond{Mode: lacp, Miimon: u32(100), XmitHashPolicy: nlattr.Some(e)}
	})...)
	list = append(list, kindsOf("bond", func(e rtlink.BondAdSelect) data { return &bond{Mode: lacp, Miimon: u32(100), AdSelect: nlattr.Some(e)} })...)
	list = append(list, kindsOf("bond", func(e rtlink.BondLacpRate) data {
		return &bond{Mode: lacp, Miimon: u32(100), AdLacpRate: nlattr.Some(e)}
	})...)
	list = append(list, kindsOf("bond", func(e rtlink.BondArpValidate) data {
		return &bond{Mode: backup, ArpInterval: u32(100), ArpValidate: nlattr.Some(e)}
	})...)
	list = append(list, kindsOf("bond", func(e rtlink.BondArpAllTargets) data {
		return &bond{Mode: backup, ArpInterval: u32(100), ArpAllTargets: nlattr.Some(e)}
	})...)
	list = append(list, kindsOf("bond", func(e rtlink.BondFailOverMac) data {
		return &bond{Mode: backup, Miimon: u32(100), FailOverMac: nlattr.Some(e)}
	})...)
	list = append(list, kindsOf("bond", func(e rtlink.BondPrimaryReselect) data {
		return &bond{Mode: backup, Miimon: u32(100), PrimaryReselect: nlattr.Some(e)}
	})...)
	return list
}

// valueKinds are links with each value of what has several.
func valueKinds() (list []linkKind) {
	type data = rtlink.LinkinfoDataMsg
	upper := func(kinds []linkKind, explicit bool) []linkKind {
		for i := range kinds {
			kinds[i].onLower, kinds[i].explicit = true, explicit
		}
		return kinds
	}
	list = append(list, upper(kindsOf("macvlan", func(e rtlink.MacvlanMode) data {
		return &rtlink.LinkinfoMacvlanAttrs{Mode: nlattr.Some(e), Flags: nlattr.Some(rtlink.MacvlanFlagsNodst)}
	}), true)...)
	list = append(list, upper([]linkKind{{name: "macvlan", data: &rtlink.LinkinfoMacvlanAttrs{
		Mode: nlattr.Some(rtlink.MacvlanModePassthru), Flags: nlattr.Some(rtlink.MacvlanFlagsNopromisc),
	}}}, true)...)
	list = append(list, upper(kindsOf("ipvlan", func(e rtlink.IpvlanMode) data { return &rtlink.LinkinfoIpvlanAttrs{Mode: nlattr.Some(e)} }), true)...)
	list = append(list, upper(kindsOf("macsec", func(e rtlink.MacsecValidation) data {
		return &rtlink.LinkinfoMacsecAttrs{Validation: nlattr.Some(e)}
	}), false)...)
	list = append(list, kindsOf("vxlan", func(e rtlink.VxlanDf) data {
		return &rtlink.LinkinfoVxlanAttrs{ID: u32(5), Port: u16(4795), Df: nlattr.Some(e)}
	})...)
	list = append(list, kindsOf("geneve", func(e rtlink.GeneveDf) data {
		return &rtlink.LinkinfoGeneveAttrs{ID: u32(5), Remote: addr("192.0.2.9"), Port: u16(6084), Df: nlattr.Some(e)}
	})...)
	for _, e := range values[rtlink.TunnelEncapType](16) {
		if e != rtlink.TunnelEncapTypeMpls { // MPLS is set by routes.
			list = append(list, linkKind{name: "ipip", explicit: true, data: &rtlink.LinkinfoIptunAttrs{
				Local: addr("192.0.2.1"), Remote: addr("192.0.2.14"), EncapType: nlattr.Some(e), EncapSport: u16(7000), EncapDport: u16(7001),
				EncapFlags: nlattr.Some(rtlink.TunnelEncapFlagsCsum | rtlink.TunnelEncapFlagsCsum6 | rtlink.TunnelEncapFlagsRemcsum),
			}})
		}
	}
	var flags rtlink.Ip6TnlFlags
	for _, f := range ip6tnlFlags {
		flags |= f
	}
	return append(list, linkKind{name: "ip6tnl", skip: []string{"Flags"}, data: &rtlink.LinkinfoIp6tnlAttrs{
		Local: addr("2001:db8::1"), Remote: addr("2001:db8::6"), Flags: nlattr.Some(flags),
	}})
}

// TestLinkValues makes a link with each value of what a kind of link has several of.
func TestLinkValues(t *testing.T) { eachLink(t, valueKinds()) }

// TestBondValues makes a bond with each value of what it has several of.
func TestBondValues(t *testing.T) { eachLink(t, bondKinds()) }

// eachLink makes links, one at a time, and compares every field with what was asked for and with what ip prints.
func eachLink(t *testing.T, kinds []linkKind) {
	t.Helper()
	n := witness.NewNamespace(t)
	lower, other := n.Veth("lower0", "lower1")
	n.Up(lower, other)
	c := witness.NewTally(t)
	lacking := map[string]error{}
	for _, kind := range kinds {
		req := &rtlink.NewlinkRequest{Ifname: nlattr.Some("test0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: kind.data}}
		if kind.explicit {
			req.Linkinfo.Kind = nlattr.Some(kind.name)
		}
		if kind.onLower {
			req.Link = u32(uint32(lower.Header.IfiIndex))
		}
		err := n.Links.Newlink(n.Ctx, req, nlconn.Create, nlconn.Exclusive)
		newer := strings.Contains(shown(kind.data), "AdSelect={prio") && errors.Is(err, syscall.EINVAL) // Linux 6.18 knows it.
		if errors.Is(err, errors.ErrUnsupported) || newer {
			lacking[kind.name] = err
			continue
		}
		if err != nil {
			t.Errorf("%s: %s: %v", kind.name, shown(kind.data), err)
			continue
		}
		link := n.Link("test0")
		c.Within(kind.name+shown(kind.data), req, link, append(kind.skip, "Header", "Kind")...)
		compareWithIP(n, c, "test0")
		if err := n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Header: link.Header}); err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range lacking {
		t.Logf("%s: %v", name, err)
	}
	c.Report("values")
}

// shown is what is set in the data of a link.
func shown(data rtlink.LinkinfoDataMsg) string {
	var words []string
	v := reflect.ValueOf(data).Elem()
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			words = append(words, fmt.Sprint(" ", v.Type().Field(i).Name, "=", v.Field(i)))
		}
	}
	return strings.Join(words, "")
}
