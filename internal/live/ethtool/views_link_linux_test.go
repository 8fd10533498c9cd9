package ethtool

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// settings are the link modes, the connector, what wakes up, the messages and the state of a link: what ethtool prints without an
// option. A part that the driver knows nothing of is not printed.
func (l *lab) settings(link string) (map[string]string, error) {
	all := map[string]string{}
	for _, part := range []func(all map[string]string, link string) error{l.linkmodes, l.linkinfo, l.wol, l.debug, l.linkstate} {
		if err := part(all, link); err != nil && !notSupported(err) {
			return nil, err
		}
	}
	return all, nil
}

// Link modes with a place of their own: connectors, pause frames, and codes for the correction of errors.
var (
	portModes = []string{"TP", "AUI", "MII", "FIBRE", "BNC", "Backplane"}
	fecModes  = []string{"None", "RS", "BASER", "LLRS"}
	restModes = []string{"Autoneg", "Pause", "Asym_Pause"}
)

// modeWords are the link modes in a list that are neither of those.
func modeWords(names []string) string {
	return or(slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(portModes, name) || slices.Contains(fecModes, name) || slices.Contains(restModes, name)
	}), "Not reported")
}

// modeKeys adds what ethtool prints of a list of link modes.
func modeKeys(all map[string]string, whose, negotiates string, names []string) {
	has := func(name string) bool { return slices.Contains(names, name) }
	all[whose+" link modes"] = modeWords(names)
	all[negotiates+" auto-negotiation"] = map[bool]string{true: "Yes", false: "No"}[has("Autoneg")]
	pause := []string{}
	switch {
	case has("Pause") && has("Asym_Pause"):
		pause = append(pause, "Symmetric", "Receive-only")
	case has("Pause"):
		pause = append(pause, "Symmetric")
	case has("Asym_Pause"):
		pause = append(pause, "Transmit-only")
	}
	all[whose+" pause frame use"] = or(pause, "No")
	var fec []string
	for _, name := range fecModes {
		if has(name) {
			fec = append(fec, strings.Replace(name, "BASER", "BaseR", 1))
		}
	}
	all[whose+" FEC modes"] = or(fec, "Not reported")
}

// linkmodes is how fast a link is and could be.
func (l *lab) linkmodes(all map[string]string, link string) error {
	x, err := l.client.LinkmodesGet(l.Ctx, &ethtool.LinkmodesGetRequest{Header: of(link)})
	if err != nil {
		return err
	}
	witness.Known(l.T, "speed", x)
	supported, advertised := named(x.Ours)
	modeKeys(all, "Supported", "Supports", supported)
	modeKeys(all, "Advertised", "Advertised", advertised)
	var ports []string
	for _, name := range portModes {
		if slices.Contains(supported, name) {
			ports = append(ports, name)
		}
	}
	all["Supported ports"] = strings.Join(slices.Concat([]string{"["}, ports, []string{"]"}), " ")
	if _, peer := named(x.Peer); x.Peer != nil {
		modeKeys(all, "Link partner advertised", "Link partner advertised", peer)
	}
	all["Speed"] = fmt.Sprintf("%dMb/s", x.Speed.V)
	if x.Speed.V == 1<<32-1 {
		all["Speed"] = "Unknown!"
	}
	all["Duplex"] = map[ethtool.Duplex]string{ethtool.DuplexFull: "Full", ethtool.DuplexHalf: "Half", ethtool.DuplexUnknown: "Unknown! (255)"}[x.Duplex.V]
	all["Auto-negotiation"] = onOff(x.Autoneg)
	if x.Lanes.OK {
		all["Lanes"] = number(x.Lanes)
	}
	if x.MasterSlaveCfg.OK {
		all["master-slave cfg"] = map[ethtool.MasterSlaveCfg]string{
			ethtool.MasterSlaveCfgUnknown: "unknown", ethtool.MasterSlaveCfgMasterPreferred: "preferred master", ethtool.MasterSlaveCfgSlavePreferred: "preferred slave",
			ethtool.MasterSlaveCfgMasterForce: "forced master", ethtool.MasterSlaveCfgSlaveForce: "forced slave",
		}[x.MasterSlaveCfg.V]
	}
	if x.MasterSlaveState.OK {
		all["master-slave status"] = map[ethtool.MasterSlaveState]string{
			ethtool.MasterSlaveStateUnknown: "unknown", ethtool.MasterSlaveStateMaster: "master", ethtool.MasterSlaveStateSlave: "slave",
			ethtool.MasterSlaveStateErr: "resolution error",
		}[x.MasterSlaveState.V]
	}
	return nil
}

// linkinfo is the connector of a link.
func (l *lab) linkinfo(all map[string]string, link string) error {
	x, err := l.client.LinkinfoGet(l.Ctx, &ethtool.LinkinfoGetRequest{Header: of(link)})
	if err != nil {
		return err
	}
	witness.Known(l.T, "connector", x)
	all["Port"] = map[ethtool.Port]string{
		ethtool.PortTp: "Twisted Pair", ethtool.PortAui: "AUI", ethtool.PortMii: "MII", ethtool.PortFibre: "FIBRE", ethtool.PortBnc: "BNC", ethtool.PortOther: "Other",
	}[x.Port.V]
	all["PHYAD"] = number(x.Phyaddr)
	all["Transceiver"] = x.Transceiver.V.String()
	if x.Port.V != ethtool.PortTp {
		return nil
	}
	all["MDI-X"] = map[ethtool.Mdix]string{ethtool.MdixMdi: "off", ethtool.MdixMdiX: "on"}[x.TpMdix.V]
	switch x.TpMdixCtrl.V {
	case ethtool.MdixMdi:
		all["MDI-X"] = "off (forced)"
	case ethtool.MdixMdiX:
		all["MDI-X"] = "on (forced)"
	case ethtool.MdixAuto:
		all["MDI-X"] = or(strings.Fields(all["MDI-X"]), "Unknown") + " (auto)"
	default:
		all["MDI-X"] = or(strings.Fields(all["MDI-X"]), "Unknown")
	}
	return nil
}

// linkstate is whether a link is up, and if not, why.
func (l *lab) linkstate(all map[string]string, link string) error {
	x, err := l.client.LinkstateGet(l.Ctx, &ethtool.LinkstateGetRequest{Header: of(link)})
	if err != nil {
		return err
	}
	witness.Known(l.T, "state", x)
	all["Link detected"] = map[uint8]string{0: "no", 1: "yes"}[x.Link.V]
	if x.ExtState.OK {
		// The one state that a device of ours has.
		if x.ExtState.V != ethtool.LinkExtStateCableIssue || x.ExtSubstate.V != cableTestFailure {
			l.Errorf("%s: nobody knows how ethtool says %v, %v", link, x.ExtState.V, x.ExtSubstate.V)
		}
		all["Link detected"] += " (Cable issue, Cable test failure)"
	}
	if x.Sqi.OK {
		all["SQI"] = number(x.Sqi) + "/" + number(x.SqiMax)
	}
	return nil
}

// cableTestFailure is ETHTOOL_LINK_EXT_SUBSTATE_CI_CABLE_TEST_FAILURE, the second of the reasons why a cable is at fault.
const cableTestFailure = 2
