package ethtool

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// grouped are the names of ethtool that mean several features of the kernel, or one under another name. A name ends in * for all that
// begin so.
var grouped = map[string][]string{
	"rx-checksumming":              {"rx-checksum"},
	"tx-checksumming":              {"tx-checksum-*"},
	"scatter-gather":               {"tx-scatter-gather*"},
	"tcp-segmentation-offload":     {"tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation", "tx-tcp-accecn-segmentation"},
	"generic-segmentation-offload": {"tx-generic-segmentation"},
	"generic-receive-offload":      {"rx-gro"},
	"large-receive-offload":        {"rx-lro"},
	"rx-vlan-offload":              {"rx-vlan-hw-parse"},
	"tx-vlan-offload":              {"tx-vlan-hw-insert"},
	"ntuple-filters":               {"rx-ntuple-filter"},
	"receive-hashing":              {"rx-hashing"},
}

// A feature is how ethtool --json -k shows one.
type feature struct{ active, fixed, requested bool }

// features reads the features of a link through our package.
func (l *lab) features(link string) map[string]feature {
	l.Helper()
	reply, err := l.client.FeaturesGet(l.Ctx, &ethtool.FeaturesGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.Known(l.T, "features", reply)
	return l.inTheirWords(reply)
}

func (l *lab) inTheirWords(reply *ethtool.FeaturesGetReply) map[string]feature {
	hw, _ := bits(reply.Hw)
	wanted, _ := bits(reply.Wanted)
	active, _ := bits(reply.Active)
	nochange, _ := bits(reply.Nochange)
	all := map[string]feature{}
	for _, name := range l.names(ethtool.StringsetFeatures, global) {
		// What is fixed is as it is; what was requested does not matter then.
		fixed := !hw[name] || nochange[name]
		all[name] = feature{active: active[name], fixed: fixed, requested: wanted[name]}
	}
	return all
}

// names reads a string set.
func (l *lab) names(id ethtool.Stringset, header *ethtool.HeaderAttrs) []string {
	l.Helper()
	reply, err := l.client.StrsetGet(l.Ctx, &ethtool.StrsetGetRequest{
		Header:     header,
		Stringsets: &ethtool.StringsetsAttrs{Stringset: []ethtool.StringsetAttrs{{ID: nlattr.Some(id)}}},
	})
	if err != nil {
		l.Fatalf("names of %v: %v", id, err)
	}
	if reply.Stringsets == nil || len(reply.Stringsets.Stringset) != 1 || reply.Stringsets.Stringset[0].ID.V != id {
		l.Fatalf("asked for the names of %v, got %+v", id, reply.Stringsets)
	}
	set := reply.Stringsets.Stringset[0]
	var list []string
	if set.Strings != nil {
		for i, s := range set.Strings.String {
			if int(s.Index.V) != i {
				l.Errorf("name %d of %v has the index %d", i, id, s.Index.V)
			}
			list = append(list, s.Value.V)
		}
	}
	if int(set.Count.V) != len(list) {
		l.Errorf("%v has %d names, and counts %d", id, len(list), set.Count.V)
	}
	return list
}

// sameFeatures compares the features of a link with what ethtool shows, both ways.
func (l *lab) sameFeatures(c *witness.Tally, link string) {
	l.Helper()
	ours := l.features(link)
	theirs := witness.List(l.T, "ethtool", "--json", "-k", link)[0]
	shown := map[string]bool{}
	for key, value := range theirs {
		if key == "ifname" {
			c.Field("ifname", link, value)
			continue
		}
		patterns, ok := grouped[key]
		if !ok {
			patterns = []string{key}
		}
		var sum feature
		found := 0
		for name, f := range ours {
			if slices.ContainsFunc(patterns, func(p string) bool {
				return name == p || strings.HasSuffix(p, "*") && strings.HasPrefix(name, p[:len(p)-1])
			}) {
				found++
				shown[name] = true
				sum = feature{sum.active || f.active, f.fixed, f.requested}
			}
		}
		if found == 0 {
			c.Errorf("%s: no feature of ours is known to be %v", key, value)
			continue
		}
		object := value.(witness.Object)
		c.Field(key+".active", sum.active, object["active"])
		if object["fixed"] == nil {
			c.Unseen[key+".fixed"] = "ethtool sums up several features there"
			continue
		}
		c.Field(key+".fixed", sum.fixed, object["fixed"])
		c.Field(key+".requested", sum.requested, object["requested"])
	}
	for name := range ours {
		// A feature without a name is a number that the kernel has given up.
		if !shown[name] && name != "" {
			c.Errorf("%s: ethtool does not show it: %+v", name, ours[name])
		}
	}
}

// TestFeatures compares the features of links with what ethtool shows, switches some by name, and reads the replies.
func TestFeatures(t *testing.T) {
	l := newLab(t)
	l.tap()
	c := witness.NewTally(t)
	l.sameFeatures(c, "veth0")
	l.sameFeatures(c, "tap0")

	// One off, one on.
	change := map[string]bool{"tx-sctp-segmentation": false, "rx-gro": true}
	reply, err := l.client.FeaturesSet(l.Ctx, &ethtool.FeaturesSetRequest{Header: of("veth0"), Wanted: bitset(change)})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(t, "reply", reply)
	set, listed := bits(reply.Active)
	c.Field("changed", witness.Set(slices.Collect(maps.Keys(listed))), []any{"tx-sctp-segmentation", "rx-gro"})
	c.Field("switched on", witness.Set(slices.Collect(maps.Keys(set))), []any{"rx-gro"})
	_, listed = bits(reply.Wanted)
	c.Field("wanted in vain", witness.Set(slices.Collect(maps.Keys(listed))), []any{})
	after := l.features("veth0")
	for name, on := range change {
		c.Field("active "+name, after[name].active, on)
	}
	l.sameFeatures(c, "veth0")

	// Scatter-gather off takes segmentation along: that was not asked for, and is told.
	reply, err = l.client.FeaturesSet(l.Ctx, &ethtool.FeaturesSetRequest{Header: of("veth0"), Wanted: bitset(map[string]bool{
		"tx-scatter-gather": false, "tx-scatter-gather-fraglist": false,
	})})
	if err != nil {
		t.Fatal(err)
	}
	_, listed = bits(reply.Active)
	if !listed["tx-scatter-gather"] || !listed["tx-generic-segmentation"] {
		t.Errorf("without scatter-gather there is no segmentation; what has changed is %v", listed)
	}
	l.sameFeatures(c, "veth0")

	// Asked not to, the kernel sends no reply.
	quiet, err := l.client.FeaturesSet(l.Ctx, &ethtool.FeaturesSetRequest{
		Header: of("veth0", ethtool.HeaderFlagsOmitReply), Wanted: bitset(map[string]bool{"tx-scatter-gather": true}),
	})
	if err != nil || quiet != nil {
		t.Errorf("a request without reply: %+v, %v", quiet, err)
	}
	c.Field("tx-scatter-gather", l.features("veth0")["tx-scatter-gather"].active, true)
	c.Report("features")
}

// TestCompact reads bitsets in both forms, which must say the same.
func TestCompact(t *testing.T) {
	l := newLab(t)
	c := witness.NewTally(t)
	long, err := l.client.FeaturesGet(l.Ctx, &ethtool.FeaturesGetRequest{Header: of("veth0")})
	if err != nil {
		t.Fatal(err)
	}
	short, err := l.client.FeaturesGet(l.Ctx, &ethtool.FeaturesGetRequest{Header: of("veth0", ethtool.HeaderFlagsCompactBitsets)})
	if err != nil {
		t.Fatal(err)
	}
	names := l.names(ethtool.StringsetFeatures, global)
	for what, pair := range map[string][2]*ethtool.BitsetAttrs{
		"hw": {long.Hw, short.Hw}, "wanted": {long.Wanted, short.Wanted},
		"active": {long.Active, short.Active}, "nochange": {long.Nochange, short.Nochange},
	} {
		set, _ := bits(pair[0])
		x := pair[1]
		c.Field(what+".nomask", x.Nomask, pair[0].Nomask)
		c.Field(what+".size", x.Size, float64(len(names)))
		c.Field(what+".words", len(x.Value), float64((len(names)+31)/32))
		for i, name := range names {
			on := x.Value[i/32]>>(i%32)&1 != 0
			if name == "" {
				if on {
					c.Errorf("%s: bit %d is set and has no name", what, i)
				}
				continue
			}
			c.Field(what+"."+name, on, set[name])
		}
	}
	// And written in the short form: the mask says that one bit is meant.
	at := slices.Index(names, "tx-nocache-copy")
	if at < 0 {
		t.Fatal("tx-nocache-copy is no feature")
	}
	words := make([]uint32, (len(names)+31)/32)
	words[at/32] = 1 << (at % 32)
	reply, err := l.client.FeaturesSet(l.Ctx, &ethtool.FeaturesSetRequest{
		Header: of("veth0", ethtool.HeaderFlagsCompactBitsets),
		Wanted: &ethtool.BitsetAttrs{Size: nlattr.Some(uint32(len(names))), Value: words, Mask: words},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Field("changed in short form", slices.Equal(reply.Active.Value, words) && slices.Equal(reply.Active.Mask, words), true)
	c.Field("tx-nocache-copy", l.features("veth0")["tx-nocache-copy"].active, true)
	c.Report("both forms of bitsets")
}

// TestNames reads all string sets, and compares those that ethtool prints.
func TestNames(t *testing.T) {
	l := newLab(t)
	c := witness.NewTally(t)
	reply, err := l.client.StrsetGet(l.Ctx, &ethtool.StrsetGetRequest{Header: global, CountsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(t, "string sets", reply)
	seen := map[ethtool.Stringset]bool{}
	for _, set := range reply.Stringsets.Stringset {
		seen[set.ID.V] = true
		list := l.names(set.ID.V, global)
		c.Field(set.ID.V.String(), len(list), float64(set.Count.V))
		if strings.Trim(set.ID.V.String(), "0123456789") == "" {
			t.Errorf("string set %d has no name; it begins with %q", set.ID.V, list[0])
		}
	}
	for id := ethtool.StringsetFeatures; id <= ethtool.StringsetStatsRmon; id++ {
		switch id {
		case ethtool.StringsetPhyStats:
		default:
			if !seen[id] {
				t.Errorf("the kernel has no string set %v", id)
			}
		}
	}
	// The numbers of the groups of counters are their places in a string set, whose names the string sets of the counters have, too.
	for i, name := range l.names(ethtool.StringsetStatsStd, global) {
		ours := ethtool.StatsGroup(i).String()
		c.Field("group", ours, strings.Replace(name, "phydev", "phy", 1))
	}
	for i, name := range l.names(ethtool.StringsetUdpTunnelTypes, global) {
		c.Field("tunnel", ethtool.UdpTunnelType(i).String(), name)
	}
	for i, name := range l.names(ethtool.StringsetRssHashFuncs, global) {
		c.Field("hash function", ethtool.RssHfunc(1<<i).String(), name)
	}
	// Those of a device: its counters.
	theirs, err := text(t, "-S", "veth0")
	if err != nil {
		t.Fatal(err)
	}
	delete(theirs, "NIC statistics")
	var keys []any
	for key := range theirs {
		keys = append(keys, key)
	}
	c.Field("counters of veth0", witness.Set(l.names(ethtool.StringsetStats, of("veth0"))), keys)
	c.Fields += len(keys)
	all, err := l.client.StrsetGetCollect(l.Ctx, &ethtool.StrsetGetDumpRequest{CountsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	devices := map[string]bool{}
	for _, x := range all {
		devices[x.Header.DevName.V] = true
	}
	if !devices["veth0"] || !devices["veth1"] || !devices["lo"] {
		t.Errorf("the dump is about %v", devices)
	}
	c.Report("string sets")
}

// TestNICNames compares the names that only a device has with what ethtool prints of it.
func TestNICNames(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	for _, x := range []struct {
		set  ethtool.Stringset
		args []string
	}{
		{ethtool.StringsetStats, []string{"-S", "nic0"}},
		{ethtool.StringsetPrivFlags, []string{"--show-priv-flags", "nic0"}},
		{ethtool.StringsetPhyStats, []string{"--phy-statistics", "nic0"}},
	} {
		theirs, err := text(t, x.args...)
		if err != nil {
			t.Fatal(err)
		}
		var keys []any
		for key := range theirs {
			keys = append(keys, key)
		}
		c.Field(x.set.String(), witness.Set(l.names(x.set, of("nic0"))), keys)
	}
	// The names of tests ethtool prints only with their results, and this driver has none.
	c.Field("tests", witness.Set(l.names(ethtool.StringsetTest, of("nic0"))), []any{"registers", "loopback"})
	c.Report("names of nic0")
}
