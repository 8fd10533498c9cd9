// SPDX-License-Identifier: MIT OR GPL-2.0-only
// What a device begins with, and what it was told.

#include <linux/ethtool_netlink.h>
#include "nic.h"

void nic_begin(struct nic *nic)
{
	int i;

	nic->messages = NETIF_MSG_DRV | NETIF_MSG_LINK;
	nic->flags = 2;
	nic->wol.supported = WAKE_PHY | WAKE_MAGIC | WAKE_MAGICSECURE;
	nic->channels = (struct ethtool_channels){ .max_rx = 3, .max_tx = 5, .max_other = 2, .max_combined = NIC_QUEUES, .combined_count = NIC_QUEUES };
	nic->rings = (struct ethtool_ringparam){ .rx_max_pending = 4096, .rx_mini_max_pending = 2048, .rx_jumbo_max_pending = 1024, .tx_max_pending = 512,
						 .rx_pending = 256, .tx_pending = 128 };
	nic->krings = (struct kernel_ethtool_ringparam){ .rx_buf_len = 2048, .cqe_size = 64, .tx_push_buf_max_len = 256, .tcp_data_split = ETHTOOL_TCP_DATA_SPLIT_ENABLED };
	linkmode_set_bit(ETHTOOL_LINK_MODE_100baseT_Full_BIT, nic->eee.supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_1000baseT_Full_BIT, nic->eee.supported);
	linkmode_copy(nic->eee.advertised, nic->eee.supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_1000baseT_Full_BIT, nic->eee.lp_advertised);
	nic->fec = (struct ethtool_fecparam){ .fec = ETHTOOL_FEC_RS | ETHTOOL_FEC_BASER, .active_fec = ETHTOOL_FEC_RS };
	nic->power = (struct ethtool_module_power_mode_params){ .policy = ETHTOOL_MODULE_POWER_MODE_POLICY_AUTO, .mode = ETHTOOL_MODULE_POWER_MODE_LOW };
	nic->mm = (struct ethtool_mm_state){ .verify_time = 10, .max_verify_time = 100, .verify_status = ETHTOOL_MM_VERIFY_STATUS_DISABLED,
					     .tx_min_frag_size = 60, .rx_min_frag_size = 124 };
	nic->plca = (struct phy_plca_cfg){ .version = 0x0a10, .node_id = 255, .node_cnt = 8, .to_tmr = 32, .burst_cnt = 0, .burst_tmr = 128 };
	nic->hfunc = ETH_RSS_HASH_TOP;
	for (i = 0; i < NIC_KEY; i++)
		nic->key[i] = i + 1;
	for (i = 0; i < NIC_INDIR; i++)
		nic->indir[i] = ethtool_rxfh_indir_default(i, NIC_QUEUES);
}

// What the driver was told, a line each.
static ssize_t state_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct nic *nic = netdev_priv(to_net_dev(d));
	const struct ethtool_mm_state *mm = &nic->mm;
	const struct phy_plca_cfg *plca = &nic->plca;
	int n = 0;

#define SHOW(key, value) n += sysfs_emit_at(buf, n, key " %lld\n", (long long)(value))
	SHOW("plca.version", plca->version);
	SHOW("plca.enabled", plca->enabled);
	SHOW("plca.node_id", plca->node_id);
	SHOW("plca.node_cnt", plca->node_cnt);
	SHOW("plca.to_tmr", plca->to_tmr);
	SHOW("plca.burst_cnt", plca->burst_cnt);
	SHOW("plca.burst_tmr", plca->burst_tmr);
	SHOW("plca.status", plca->enabled > 0);
	SHOW("mm.pmac_enabled", mm->pmac_enabled);
	SHOW("mm.tx_enabled", mm->tx_enabled);
	SHOW("mm.tx_active", mm->tx_active);
	SHOW("mm.tx_min_frag_size", mm->tx_min_frag_size);
	SHOW("mm.rx_min_frag_size", mm->rx_min_frag_size);
	SHOW("mm.verify_enabled", mm->verify_enabled);
	SHOW("mm.verify_status", mm->verify_status);
	SHOW("mm.verify_time", mm->verify_time);
	SHOW("mm.max_verify_time", mm->max_verify_time);
	SHOW("coalesce.tx_aggr_max_bytes", nic->kcoalesce.tx_aggr_max_bytes);
	SHOW("coalesce.tx_aggr_max_frames", nic->kcoalesce.tx_aggr_max_frames);
	SHOW("coalesce.tx_aggr_time_usecs", nic->kcoalesce.tx_aggr_time_usecs);
	SHOW("rings.tcp_data_split", nic->krings.tcp_data_split);
	SHOW("rings.rx_push", nic->krings.rx_push);
	SHOW("rings.tx_push_buf_len", nic->krings.tx_push_buf_len);
	SHOW("rings.tx_push_buf_len_max", nic->krings.tx_push_buf_max_len);
	SHOW("phy.rate_matching", nic->phy->rate_matching);
	SHOW("phy.mdix", nic->phy->mdix_ctrl);
	SHOW("firmware.expected", nic->cmis.expected);
	SHOW("firmware.written", nic->cmis.written);
	SHOW("firmware.sum", nic->cmis.sum);
	SHOW("tdr.first", nic->tdr.first);
	SHOW("tdr.last", nic->tdr.last);
	SHOW("tdr.step", nic->tdr.step);
	SHOW("tdr.pair", nic->tdr.pair);
#undef SHOW
	return n;
}
static DEVICE_ATTR_RO(state);

static struct attribute *nic_attrs[] = { &dev_attr_state.attr, NULL };
const struct attribute_group nic_group = { .name = "nlgen", .attrs = nic_attrs };
