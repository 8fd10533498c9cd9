package ethtool

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// A view is what ethtool prints of one matter as lines of "key: value", and what we make of our replies in its words.
type view struct {
	name string
	args []string // of ethtool, before the link
	ours func(l *lab, link string) (map[string]string, error)
}

var views = []view{
	{"settings", nil, (*lab).settings},
	{"channels", []string{"-l"}, (*lab).channels},
	{"rings", []string{"-g"}, (*lab).rings},
	{"coalescing", []string{"-c"}, (*lab).coalesce},
	{"time stamps", []string{"-T"}, (*lab).tsinfo},
	{"pause frames", []string{"-I", "-a"}, (*lab).pause},
	{"energy", []string{"--show-eee"}, (*lab).eee},
	{"private flags", []string{"--show-priv-flags"}, (*lab).privflags},
}

// look compares each view of a link with what ethtool prints; what the kernel refuses us it refuses ethtool, too. It returns the names
// of the views that there are.
func (l *lab) look(c *witness.Tally, link string) (seen []string) {
	l.Helper()
	for _, v := range views {
		ours, err := v.ours(l, link)
		theirs, refused := text(l.T, append(v.args[:len(v.args):len(v.args)], link)...)
		switch {
		case notSupported(err) && refused != nil:
		case err != nil || refused != nil:
			c.Errorf("%s of %s: we get %v, ethtool %v", v.name, link, err, refused)
		default:
			same(c, link+" "+v.name, ours, theirs)
			seen = append(seen, v.name)
		}
	}
	return seen
}

// channels are the channels of a link.
func (l *lab) channels(link string) (map[string]string, error) {
	x, err := l.client.ChannelsGet(l.Ctx, &ethtool.ChannelsGetRequest{Header: of(link)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "channels", x)
	now := "Current hardware settings/"
	return map[string]string{
		"RX": number(x.RxMax), "TX": number(x.TxMax), "Other": number(x.OtherMax), "Combined": number(x.CombinedMax),
		now + "RX": number(x.RxCount), now + "TX": number(x.TxCount), now + "Other": number(x.OtherCount), now + "Combined": number(x.CombinedCount),
	}, nil
}

// rings are the rings of descriptors of a link.
func (l *lab) rings(link string) (map[string]string, error) {
	x, err := l.client.RingsGet(l.Ctx, &ethtool.RingsGetRequest{Header: of(link)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "rings", x)
	now := "Current hardware settings/"
	split := "n/a"
	if x.TcpDataSplit.OK {
		split = map[ethtool.TcpDataSplit]string{ethtool.TcpDataSplitDisabled: "off", ethtool.TcpDataSplitEnabled: "on"}[x.TcpDataSplit.V]
	}
	return map[string]string{
		"RX": number(x.RxMax), "RX Mini": number(x.RxMiniMax), "RX Jumbo": number(x.RxJumboMax), "TX": number(x.TxMax),
		now + "RX": number(x.Rx), now + "RX Mini": number(x.RxMini), now + "RX Jumbo": number(x.RxJumbo), now + "TX": number(x.Tx),
		"RX Buf Len": number(x.RxBufLen), "CQE Size": number(x.CqeSize), "TX Push": onOff(x.TxPush), "TCP data split": split,
	}, nil
}

// coalesce is the interrupt coalescing of a link.
func (l *lab) coalesce(link string) (map[string]string, error) {
	x, err := l.client.CoalesceGet(l.Ctx, &ethtool.CoalesceGetRequest{Header: of(link)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "coalescing", x)
	return map[string]string{
		"Adaptive RX": onOff(x.UseAdaptiveRx) + " TX: " + onOff(x.UseAdaptiveTx), "CQE mode RX": onOff(x.UseCqeModeRx) + " TX: " + onOff(x.UseCqeModeTx),
		"stats-block-usecs": number(x.StatsBlockUsecs), "sample-interval": number(x.RateSampleInterval),
		"pkt-rate-low": number(x.PktRateLow), "pkt-rate-high": number(x.PktRateHigh),
		"rx-usecs": number(x.RxUsecs), "rx-frames": number(x.RxMaxFrames), "rx-usecs-irq": number(x.RxUsecsIrq), "rx-frames-irq": number(x.RxMaxFramesIrq),
		"tx-usecs": number(x.TxUsecs), "tx-frames": number(x.TxMaxFrames), "tx-usecs-irq": number(x.TxUsecsIrq), "tx-frames-irq": number(x.TxMaxFramesIrq),
		"rx-usecs-low": number(x.RxUsecsLow), "rx-frame-low": number(x.RxMaxFramesLow), "tx-usecs-low": number(x.TxUsecsLow), "tx-frame-low": number(x.TxMaxFramesLow),
		"rx-usecs-high": number(x.RxUsecsHigh), "rx-frame-high": number(x.RxMaxFramesHigh), "tx-usecs-high": number(x.TxUsecsHigh), "tx-frame-high": number(x.TxMaxFramesHigh),
	}, nil
}

// tsinfo is which time stamps a link can take.
func (l *lab) tsinfo(link string) (map[string]string, error) {
	x, err := l.client.TsinfoGet(l.Ctx, &ethtool.TsinfoGetRequest{Header: of(link)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "time stamps", x)
	all := map[string]string{"PTP Hardware Clock": "none"}
	if x.PhcIndex.OK {
		all["PTP Hardware Clock"] = strconv.Itoa(int(x.PhcIndex.V))
	}
	for key, bits := range map[string]*ethtool.BitsetAttrs{
		"Capabilities": x.Timestamping, "Hardware Transmit Timestamp Modes": x.TxTypes, "Hardware Receive Filter Modes": x.RxFilters,
	} {
		_, set := named(bits)
		all[key] = or(set, "none")
	}
	return all, nil
}

// pause is whether a link stops for pause frames, and sends them. Whether the sides have agreed on it ethtool finds in the link modes.
func (l *lab) pause(link string) (map[string]string, error) {
	x, err := l.client.PauseGet(l.Ctx, &ethtool.PauseGetRequest{Header: of(link, ethtool.HeaderFlagsStats)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "pause frames", x)
	all := map[string]string{"Autonegotiate": onOff(x.Autoneg), "RX": onOff(x.Rx), "TX": onOff(x.Tx)}
	if x.Autoneg.V != 0 {
		modes, err := l.client.LinkmodesGet(l.Ctx, &ethtool.LinkmodesGetRequest{Header: of(link)})
		if err != nil {
			return nil, err
		}
		if modes.Peer != nil {
			ours, _ := bits(modes.Ours)
			peer, _ := bits(modes.Peer)
			both := ours["Pause"] && peer["Pause"]
			asymmetric := ours["Asym_Pause"] && peer["Asym_Pause"]
			all["RX negotiated"] = map[bool]string{true: "on", false: "off"}[both || asymmetric && ours["Pause"]]
			all["TX negotiated"] = map[bool]string{true: "on", false: "off"}[both || asymmetric && peer["Pause"]]
		}
	}
	if s := x.Stats; s != nil && s.TxFrames.OK {
		all["tx_pause_frames"], all["rx_pause_frames"] = fmt.Sprint(s.TxFrames.V), fmt.Sprint(s.RxFrames.V)
	}
	return all, nil
}

// eee is how a link saves energy.
func (l *lab) eee(link string) (map[string]string, error) {
	x, err := l.client.EeeGet(l.Ctx, &ethtool.EeeGetRequest{Header: of(link)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "energy", x)
	all := map[string]string{"EEE status": "disabled", "Tx LPI": "disabled"}
	if x.Enabled.V != 0 {
		all["EEE status"] = map[uint8]string{0: "enabled - inactive", 1: "enabled - active"}[x.Active.V]
	}
	if x.TxLpiEnabled.V != 0 {
		all["Tx LPI"] = fmt.Sprintf("%d (us)", x.TxLpiTimer.V)
	}
	supported, advertised := named(x.ModesOurs)
	_, peer := named(x.ModesPeer)
	all["Supported EEE link modes"] = modeWords(supported)
	all["Advertised EEE link modes"] = modeWords(advertised)
	all["Link partner advertised EEE link modes"] = modeWords(peer)
	return all, nil
}

// privflags are the flags of a driver's own.
func (l *lab) privflags(link string) (map[string]string, error) {
	x, err := l.client.PrivflagsGet(l.Ctx, &ethtool.PrivflagsGetRequest{Header: of(link)})
	if err != nil {
		return nil, err
	}
	witness.Known(l.T, "private flags", x)
	all := map[string]string{}
	set, _ := bits(x.Flags)
	for _, name := range l.names(ethtool.StringsetPrivFlags, of(link)) {
		all[name] = map[bool]string{true: "on", false: "off"}[set[name]]
	}
	return all, nil
}

// wol is what wakes a machine up, a letter each.
func (l *lab) wol(all map[string]string, link string) error {
	x, err := l.client.WolGet(l.Ctx, &ethtool.WolGetRequest{Header: of(link)})
	if err != nil {
		return err
	}
	witness.Known(l.T, "waking up", x)
	letters := func(names []string) string {
		s := ""
		for _, name := range names {
			s += map[string]string{
				"phy": "p", "ucast": "u", "mcast": "m", "bcast": "b", "arp": "a", "magic": "g", "magicsecure": "s", "filter": "f",
			}[name]
		}
		return or(strings.Fields(s), "d")
	}
	supported, set := named(x.Modes)
	all["Supports Wake-on"], all["Wake-on"] = letters(supported), letters(set)
	if x.Sopass != nil {
		all["SecureOn password"] = net.HardwareAddr(x.Sopass).String()
	}
	return nil
}

// debug is which messages a driver writes.
func (l *lab) debug(all map[string]string, link string) error {
	x, err := l.client.DebugGet(l.Ctx, &ethtool.DebugGetRequest{Header: of(link)})
	if err != nil {
		return err
	}
	witness.Known(l.T, "messages", x)
	_, set := named(x.Msgmask)
	on, _ := bits(x.Msgmask)
	mask := 0
	for i, name := range l.names(ethtool.StringsetMsgClasses, global) {
		if on[name] {
			mask |= 1 << i
		}
	}
	all["Current message level"] = strings.TrimSpace(fmt.Sprintf("0x%08x (%d) %s", mask, mask, strings.Join(set, " ")))
	return nil
}
