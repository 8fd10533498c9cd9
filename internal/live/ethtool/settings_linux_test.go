package ethtool

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func u8(v uint8) nlattr.Opt[uint8]    { return nlattr.Some(v) }
func u32(v uint32) nlattr.Opt[uint32] { return nlattr.Some(v) }

// channels are the channels of a link in ethtool's words.
func (l *lab) channels(link string) map[string]string {
	l.Helper()
	x, err := l.client.ChannelsGet(l.Ctx, &ethtool.ChannelsGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.LogUnknown(l.T, "channels", x)
	now := "Current hardware settings/"
	return map[string]string{
		"RX": number(x.RxMax), "TX": number(x.TxMax), "Other": number(x.OtherMax), "Combined": number(x.CombinedMax),
		now + "RX": number(x.RxCount), now + "TX": number(x.TxCount), now + "Other": number(x.OtherCount), now + "Combined": number(x.CombinedCount),
	}
}

// coalesce is the interrupt coalescing of a link in ethtool's words.
func (l *lab) coalesce(link string) map[string]string {
	l.Helper()
	x, err := l.client.CoalesceGet(l.Ctx, &ethtool.CoalesceGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.LogUnknown(l.T, "coalescing", x)
	return map[string]string{
		"Adaptive RX": onOff(x.UseAdaptiveRx) + "  TX: " + onOff(x.UseAdaptiveTx), "CQE mode RX": onOff(x.UseCqeModeRx) + "  TX: " + onOff(x.UseCqeModeTx),
		"stats-block-usecs": number(x.StatsBlockUsecs), "sample-interval": number(x.RateSampleInterval),
		"pkt-rate-low": number(x.PktRateLow), "pkt-rate-high": number(x.PktRateHigh),
		"rx-usecs": number(x.RxUsecs), "rx-frames": number(x.RxMaxFrames), "rx-usecs-irq": number(x.RxUsecsIrq), "rx-frames-irq": number(x.RxMaxFramesIrq),
		"tx-usecs": number(x.TxUsecs), "tx-frames": number(x.TxMaxFrames), "tx-usecs-irq": number(x.TxUsecsIrq), "tx-frames-irq": number(x.TxMaxFramesIrq),
		"rx-usecs-low": number(x.RxUsecsLow), "rx-frame-low": number(x.RxMaxFramesLow), "tx-usecs-low": number(x.TxUsecsLow), "tx-frame-low": number(x.TxMaxFramesLow),
		"rx-usecs-high": number(x.RxUsecsHigh), "rx-frame-high": number(x.RxMaxFramesHigh), "tx-usecs-high": number(x.TxUsecsHigh), "tx-frame-high": number(x.TxMaxFramesHigh),
	}
}

// settings are the connector, the speed, the messages and the state of a link in the words of ethtool without an option.
func (l *lab) settings(link string) map[string]string {
	l.Helper()
	info, err := l.client.LinkinfoGet(l.Ctx, &ethtool.LinkinfoGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	modes, err := l.client.LinkmodesGet(l.Ctx, &ethtool.LinkmodesGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	state, err := l.client.LinkstateGet(l.Ctx, &ethtool.LinkstateGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.LogUnknown(l.T, "connector", info)
	witness.LogUnknown(l.T, "speed", modes)
	witness.LogUnknown(l.T, "state", state)
	advertised, supported := bits(modes.Ours)
	all := map[string]string{
		"Supported ports": "[  ]", "Supported link modes": "Not reported", "Supported pause frame use": "No", "Supports auto-negotiation": "No",
		"Supported FEC modes": "Not reported", "Advertised link modes": "Not reported", "Advertised pause frame use": "No",
		"Advertised auto-negotiation": "No", "Advertised FEC modes": "Not reported",
		"Speed": fmt.Sprintf("%dMb/s", modes.Speed.V), "Auto-negotiation": onOff(modes.Autoneg),
		"Duplex":        map[ethtool.Duplex]string{ethtool.DuplexFull: "Full", ethtool.DuplexHalf: "Half", ethtool.DuplexUnknown: "Unknown! (255)"}[modes.Duplex.V],
		"Port":          map[ethtool.Port]string{ethtool.PortTp: "Twisted Pair", ethtool.PortMii: "MII", ethtool.PortFibre: "FIBRE"}[info.Port.V],
		"PHYAD":         number(info.Phyaddr),
		"Transceiver":   info.Transceiver.V.String(),
		"Link detected": map[uint8]string{0: "no", 1: "yes"}[state.Link.V],
	}
	if len(advertised)+len(supported) > 0 {
		l.Errorf("%s has link modes: %v, %v", link, advertised, supported)
	}
	if modes.Speed.V == 1<<32-1 {
		all["Speed"] = "Unknown!"
	}
	if info.Port.V == ethtool.PortTp {
		all["MDI-X"] = map[ethtool.Mdix]string{
			ethtool.MdixInvalid: "Unknown", ethtool.MdixMdi: "off", ethtool.MdixMdiX: "on", ethtool.MdixAuto: "Unknown (auto)",
		}[info.TpMdix.V]
	}
	debug, err := l.client.DebugGet(l.Ctx, &ethtool.DebugGetRequest{Header: of(link)})
	if notSupported(err) {
		return all
	}
	if err != nil {
		l.Fatal(err)
	}
	set, _ := bits(debug.Msgmask)
	mask := 0
	for i, name := range l.names(ethtool.StringsetMsgClasses, global) {
		if set[name] {
			mask |= 1 << i
		}
	}
	all["Current message level"] = fmt.Sprintf("0x%08x (%d)", mask, mask)
	return all
}

// tsinfo is which time stamps a link can take in ethtool's words.
func (l *lab) tsinfo(link string) map[string]string {
	l.Helper()
	x, err := l.client.TsinfoGet(l.Ctx, &ethtool.TsinfoGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.LogUnknown(l.T, "time stamps", x)
	none := func(x *ethtool.BitsetAttrs) string {
		set, _ := bits(x)
		if len(set) == 0 {
			return "none"
		}
		return strings.Join(witness.SortedKeys(set), " ")
	}
	clock := "none"
	if x.PhcIndex.OK {
		clock = strconv.Itoa(int(x.PhcIndex.V))
	}
	return map[string]string{
		"PTP Hardware Clock": clock, "Hardware Transmit Timestamp Modes": none(x.TxTypes), "Hardware Receive Filter Modes": none(x.RxFilters),
	}
}

// TestSettings compares what there is to read of the links with what ethtool prints, changes it, and compares again.
func TestSettings(t *testing.T) {
	l := newLab(t)
	l.tap()
	c := witness.NewTally(t)
	compare := func(what string, ours map[string]string, args ...string) {
		t.Helper()
		theirs, err := text(t, args...)
		if err != nil {
			c.Errorf("%s: %v", what, err)
			return
		}
		for _, heading := range []string{"Pre-set maximums", "Capabilities"} {
			delete(theirs, heading)
		}
		same(c, what, ours, theirs)
	}
	all := func() {
		t.Helper()
		for _, link := range []string{"veth0", "tap0"} {
			compare(link+" channels", l.channels(link), "-l", link)
			compare(link, l.settings(link), link)
			compare(link+" time stamps", l.tsinfo(link), "-T", link)
		}
		compare("tap0 coalescing", l.coalesce("tap0"), "-c", "tap0")
	}
	all()
	for what, err := range map[string]error{
		"channels": l.client.ChannelsSet(l.Ctx, &ethtool.ChannelsSetRequest{Header: of("veth0"), RxCount: u32(2), TxCount: u32(3)}),
		"coalesce": l.client.CoalesceSet(l.Ctx, &ethtool.CoalesceSetRequest{Header: of("tap0"), RxMaxFrames: u32(5)}),
		"speed": l.client.LinkmodesSet(l.Ctx, &ethtool.LinkmodesSetRequest{
			Header: of("tap0"), Speed: u32(100), Duplex: nlattr.Some(ethtool.DuplexHalf), Autoneg: u8(0),
		}),
		"port": l.client.LinkinfoSet(l.Ctx, &ethtool.LinkinfoSetRequest{Header: of("tap0"), Port: nlattr.Some(ethtool.PortFibre), Phyaddr: u8(7)}),
		"messages": l.client.DebugSet(l.Ctx, &ethtool.DebugSetRequest{
			Header: of("tap0"), Msgmask: bitset(map[string]bool{"drv": true, "link": true}),
		}),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	all()
	channels := l.channels("veth0")
	c.Field("channels for receiving", channels["Current hardware settings/RX"], "2")
	c.Field("channels for sending", channels["Current hardware settings/TX"], "3")
	c.Field("frames", l.coalesce("tap0")["rx-frames"], "5")
	settings := l.settings("tap0")
	c.Field("speed", settings["Speed"]+" "+settings["Duplex"], "100Mb/s Half")
	c.Field("connector", settings["Port"]+" "+settings["PHYAD"], "FIBRE 7")
	c.Field("messages", settings["Current message level"], "0x00000005 (5)")
	c.Report("settings")
}

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
	wanted := map[string]bool{}
	for _, name := range l.names(ethtool.StringsetStatsStd, global) {
		wanted[name] = true
	}
	reply, err := l.client.StatsGet(l.Ctx, &ethtool.StatsGetRequest{Header: of("veth0"), Groups: bitset(wanted)})
	if err != nil {
		t.Fatal(err)
	}
	witness.LogUnknown(t, "counters", reply)
	theirs := witness.List(t, "ethtool", "--json", "-S", "veth0", "--all-groups")[0]
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
		ours := map[string]uint64{}
		for _, stat := range group.Stat {
			for i, v := range counters(stat) {
				if v.OK {
					ours[l.names(group.SsID.V, global)[i]] = v.V
				}
			}
		}
		c.Field(name, len(ours), float64(len(object)))
		for counter, value := range object {
			c.Field(name+" "+counter, ours[counter], value)
		}
	}
	for name := range theirs {
		c.Errorf("we do not have the group %s", name)
	}
	module := witness.List(t, "ethtool", "--json", "--show-module", "veth0")
	_, err = l.client.ModuleGet(l.Ctx, &ethtool.ModuleGetRequest{Header: of("veth0")})
	if len(module) != 1 || len(module[0]) != 1 || err != nil && !notSupported(err) {
		t.Errorf("a module: ours %v, ethtool's %v", err, module)
	}
	c.Report("counters")
}
