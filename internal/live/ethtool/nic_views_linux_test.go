package ethtool

import (
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// fecStat is a counter of errors as ethtool prints it: the sum comes first, then the lanes.
func fecStat(list []uint64) any {
	if len(list) == 0 {
		return nil
	}
	object := witness.Object{"total": list[0]}
	if len(list) > 1 {
		object["lanes"] = list[1:]
	}
	return object
}

// fecView is the correction of errors as ethtool prints it.
var fecView = witness.View[*ethtool.FecGetReply]{
	"ifname": func(x *ethtool.FecGetReply) any { return x.Header.DevName },
	"config": func(x *ethtool.FecGetReply) any {
		set, _ := bits(x.Modes)
		var names witness.Set
		if x.Auto.V != 0 {
			names = append(names, "Auto")
		}
		for _, name := range fecModes {
			if set[name] {
				names = append(names, strings.NewReplacer("BASER", "BaseR", "None", "Off").Replace(name))
			}
		}
		return names
	},
	"active": func(x *ethtool.FecGetReply) any {
		return []string{map[uint32]string{49: "Off", 50: "RS", 51: "BaseR", 74: "LLRS"}[x.Active.V]}
	},
	"statistics": func(x *ethtool.FecGetReply) any {
		return witness.Object{"corrected_blocks": fecStat(x.Stats.Corrected), "uncorrectable_blocks": fecStat(x.Stats.Uncorr), "corrected_bits": fecStat(x.Stats.CorrBits)}
	},
}

// sameFec compares how errors are corrected on a link.
func (l *lab) sameFec(c *witness.Tally, link string) {
	l.Helper()
	x, err := l.client.FecGet(l.Ctx, &ethtool.FecGetRequest{Header: of(link, ethtool.HeaderFlagsStats)})
	if err != nil {
		l.Fatal(err)
	}
	witness.Known(l.T, "correction", x)
	witness.Compare(c, "correction", x, fecView, witness.List(l.T, "ethtool", "--json", "-I", "--show-fec", link)[0])
}

// moduleView is the power of a pluggable module as ethtool prints it.
var moduleView = witness.View[*ethtool.ModuleGetReply]{
	"ifname": func(x *ethtool.ModuleGetReply) any { return x.Header.DevName },
}

// sameModule compares the power of a link's module.
func (l *lab) sameModule(c *witness.Tally, link string) {
	l.Helper()
	x, err := l.client.ModuleGet(l.Ctx, &ethtool.ModuleGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.Known(l.T, "module", x)
	witness.Compare(c, "module", x, moduleView, witness.List(l.T, "ethtool", "--json", "--show-module", link)[0])
}

// sameLines compares what ethtool prints, line by line.
func sameLines(c *witness.Tally, what string, ours []string, args ...string) {
	c.T.Helper()
	theirs, err := lines(c.T, args...)
	if err != nil {
		c.Errorf("%s: %v", what, err)
		return
	}
	c.Field(what+" lines", len(ours), float64(len(theirs)))
	for i := range min(len(ours), len(theirs)) {
		c.Field(fmt.Sprintf("%s, line %d", what, i), ours[i], theirs[i])
	}
}

// sameTunnels compares the ports that a link has been told of.
func (l *lab) sameTunnels(c *witness.Tally, link string) {
	l.Helper()
	x, err := l.client.TunnelInfoGet(l.Ctx, &ethtool.TunnelInfoGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	witness.Known(l.T, "tunnels", x)
	ours := []string{"Tunnel information for " + link + ":"}
	for i, table := range x.UdpPorts.Table {
		_, types := named(table.Types)
		ours = append(ours, fmt.Sprintf("UDP port table %d:", i), "Size: "+number(table.Size), "Types: "+strings.Join(types, ", "))
		if len(table.Entry) == 0 {
			ours = append(ours, "No entries")
			continue
		}
		ours = append(ours, fmt.Sprintf("Entries (%d):", len(table.Entry)))
		for _, e := range table.Entry {
			ours = append(ours, fmt.Sprintf("port %d, %v", e.Port.V, e.Type.V))
		}
	}
	sameLines(c, "tunnels", ours, "--show-tunnels", link)
}

// ownWords are settings of nic0 that ethtool does not show, under the names that the driver gives them.
func (l *lab) ownWords() map[string]string {
	l.Helper()
	get := func(err error) {
		l.Helper()
		if err != nil {
			l.Fatal(err)
		}
	}
	nic := of("nic0")
	plca, err := l.client.PlcaGetCfg(l.Ctx, &ethtool.PlcaGetCfgRequest{Header: nic})
	get(err)
	status, err := l.client.PlcaGetStatus(l.Ctx, &ethtool.PlcaGetStatusRequest{Header: nic})
	get(err)
	mm, err := l.client.MmGet(l.Ctx, &ethtool.MmGetRequest{Header: nic})
	get(err)
	coalesce, err := l.client.CoalesceGet(l.Ctx, &ethtool.CoalesceGetRequest{Header: nic})
	get(err)
	rings, err := l.client.RingsGet(l.Ctx, &ethtool.RingsGetRequest{Header: nic})
	get(err)
	modes, err := l.client.LinkmodesGet(l.Ctx, &ethtool.LinkmodesGetRequest{Header: nic})
	get(err)
	info, err := l.client.LinkinfoGet(l.Ctx, &ethtool.LinkinfoGetRequest{Header: nic})
	get(err)
	return map[string]string{
		"plca.version": number(plca.Version), "plca.enabled": number(plca.Enabled), "plca.node_id": number(plca.NodeID), "plca.node_cnt": number(plca.NodeCnt),
		"plca.to_tmr": number(plca.ToTmr), "plca.burst_cnt": number(plca.BurstCnt), "plca.burst_tmr": number(plca.BurstTmr), "plca.status": number(status.Status),
		"mm.pmac_enabled": number(mm.PmacEnabled), "mm.tx_enabled": number(mm.TxEnabled), "mm.tx_active": number(mm.TxActive),
		"mm.tx_min_frag_size": number(mm.TxMinFragSize), "mm.rx_min_frag_size": number(mm.RxMinFragSize), "mm.verify_enabled": number(mm.VerifyEnabled),
		"mm.verify_status": fmt.Sprint(uint8(mm.VerifyStatus.V)), "mm.verify_time": number(mm.VerifyTime), "mm.max_verify_time": number(mm.MaxVerifyTime),
		"coalesce.tx_aggr_max_bytes": number(coalesce.TxAggrMaxBytes), "coalesce.tx_aggr_max_frames": number(coalesce.TxAggrMaxFrames),
		"coalesce.tx_aggr_time_usecs": number(coalesce.TxAggrTimeUsecs),
		"rings.tcp_data_split":        fmt.Sprint(uint8(rings.TcpDataSplit.V)), "rings.rx_push": number(rings.RxPush),
		"rings.tx_push_buf_len": number(rings.TxPushBufLen), "rings.tx_push_buf_len_max": number(rings.TxPushBufLenMax),
		"phy.rate_matching": fmt.Sprint(uint8(modes.RateMatching.V)), "phy.mdix": fmt.Sprint(uint8(info.TpMdixCtrl.V)),
	}
}
