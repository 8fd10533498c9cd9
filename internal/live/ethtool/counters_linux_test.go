package ethtool

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// counterTypes are the types of counters, by group.
var counterTypes = map[ethtool.StatsGroup]ethtool.StatsGrpStatMsg{
	ethtool.StatsGroupEthPhy: new(ethtool.StatsEthPhyAttrs), ethtool.StatsGroupEthMac: new(ethtool.StatsEthMacAttrs),
	ethtool.StatsGroupEthCtrl: new(ethtool.StatsEthCtrlAttrs), ethtool.StatsGroupRmon: new(ethtool.StatsRmonAttrs),
	ethtool.StatsGroupPhy: new(ethtool.StatsPhyAttrs),
}

// counters returns the counters of a message in the order of their numbers.
func counters(x ethtool.StatsGrpStatMsg) []nlattr.Opt[uint64] {
	var list []nlattr.Opt[uint64]
	for v, i := reflect.ValueOf(x).Elem(), 0; i < v.NumField(); i++ {
		if n, ok := v.Field(i).Interface().(nlattr.Opt[uint64]); ok {
			list = append(list, n)
		}
	}
	return list
}

// TestCounterNames holds the names of the counters against those that the kernel gives their numbers.
func TestCounterNames(t *testing.T) {
	l := newLab(t)
	c := witness.NewTally(t)
	for i, group := range l.names(ethtool.StringsetStatsStd, global) {
		x := counterTypes[ethtool.StatsGroup(i)]
		if x == nil {
			t.Errorf("we do not have the group %s", group)
			continue
		}
		names := l.names(ethtool.StringsetStatsEthPhy+ethtool.Stringset(i), global)
		if len(names) != len(counters(x)) {
			t.Errorf("%s: we have %d counters, the kernel %v", group, len(counters(x)), names)
			continue
		}
		for i, name := range names {
			if ours := reflect.TypeOf(x).Elem().Field(i).Name; strings.EqualFold(ours, name) {
				c.Fields++
			} else {
				c.Errorf("%s: counter %d is %s, not %s", group, i, name, ours)
			}
		}
	}
	c.Report("names of counters")
}

// TestStandardCounters reads the standard counters, of which the drivers of virtual links have none: each group is there, and empty.
func TestStandardCounters(t *testing.T) {
	l := newLab(t)
	c := witness.NewTally(t)
	l.sameCounters(c, "veth0")
	module := witness.List(t, "ethtool", "--json", "--show-module", "veth0")
	_, err := l.client.ModuleGet(l.Ctx, &ethtool.ModuleGetRequest{Header: of("veth0")})
	if len(module) != 1 || len(module[0]) != 1 || err != nil && !notSupported(err) {
		t.Errorf("a module: ours %v, ethtool's %v", err, module)
	}
	c.Report("counters")
}

// standard reads the standard counters of a link, all groups of them, of one MAC or of both together.
func (l *lab) standard(link string, src nlattr.Opt[ethtool.MacStatsSrc]) *ethtool.StatsGetReply {
	l.Helper()
	wanted := map[string]bool{}
	for _, name := range l.names(ethtool.StringsetStatsStd, global) {
		wanted[name] = true
	}
	reply, err := l.client.StatsGet(l.Ctx, &ethtool.StatsGetRequest{Header: of(link), Groups: bitset(wanted), Src: src})
	if err != nil {
		l.Fatal(err)
	}
	witness.Known(l.T, "counters", reply)
	return reply
}

// byName are the counters of a group under their names in the kernel's string sets.
func (l *lab) byName(group ethtool.StatsGrpAttrs) map[string]uint64 {
	l.Helper()
	ours := map[string]uint64{}
	for _, stat := range group.Stat {
		for i, v := range counters(stat) {
			if v.OK {
				ours[l.names(group.SsID.V, global)[i]] = v.V
			}
		}
	}
	return ours
}

// histogram is how many packets had which length, as ethtool prints it.
var histogram = witness.View[ethtool.StatsGrpHistAttrs]{
	"low":  func(x ethtool.StatsGrpHistAttrs) any { return x.HistBktLow },
	"high": func(x ethtool.StatsGrpHistAttrs) any { return x.HistBktHi },
	"val":  func(x ethtool.StatsGrpHistAttrs) any { return x.HistVal },
}

// sameCounters compares the standard counters of a link with what ethtool prints.
func (l *lab) sameCounters(c *witness.Tally, link string) {
	l.Helper()
	reply := l.standard(link, nlattr.Opt[ethtool.MacStatsSrc]{})
	theirs := witness.List(l.T, "ethtool", "--json", "-S", link, "--all-groups")[0]
	c.Field("ifname", reply.Header.DevName, theirs["ifname"])
	delete(theirs, "ifname")
	names := l.names(ethtool.StringsetStatsStd, global)
	for _, group := range reply.Grp {
		name := names[group.ID.V]
		object, ok := theirs[name].(witness.Object)
		if !ok {
			c.Errorf("ethtool has no group %s, but %v", name, theirs)
			continue
		}
		delete(theirs, name)
		for key, ours := range map[string][]ethtool.StatsGrpHistAttrs{"rx-pktsNtoM": group.HistRx, "tx-pktsNtoM": group.HistTx} {
			list, _ := object[key].([]any)
			c.Field(name+" "+key, len(ours), float64(len(list)))
			for i := range min(len(ours), len(list)) {
				witness.Compare(c, name+" "+key, ours[i], histogram, list[i].(witness.Object))
			}
			delete(object, key)
		}
		ours := l.byName(group)
		c.Field(name, len(ours), float64(len(object)))
		for counter, value := range object {
			c.Field(name+" "+counter, ours[counter], value)
		}
	}
	for name := range theirs {
		c.Errorf("we do not have the group %s", name)
	}
}
