// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The settings: what the kernel hands over is kept.

#include <linux/net_tstamp.h>
#include "nic.h"

#define NIC_CONTEXTS 8

static u32 nic_get_messages(struct net_device *dev) { return nic_of(dev)->messages; }
static void nic_set_messages(struct net_device *dev, u32 messages) { nic_of(dev)->messages = messages; }
static u32 nic_get_flags(struct net_device *dev) { return nic_of(dev)->flags; }

static int nic_set_flags(struct net_device *dev, u32 flags)
{
	nic_of(dev)->flags = flags;
	return 0;
}

static void nic_get_channels(struct net_device *dev, struct ethtool_channels *x) { *x = nic_of(dev)->channels; }

static int nic_set_channels(struct net_device *dev, struct ethtool_channels *x)
{
	nic_of(dev)->channels = *x;
	return 0;
}

static void nic_get_pause(struct net_device *dev, struct ethtool_pauseparam *x) { *x = nic_of(dev)->pause; }

static int nic_set_pause(struct net_device *dev, struct ethtool_pauseparam *x)
{
	nic_of(dev)->pause = *x;
	return 0;
}

static int nic_get_eee(struct net_device *dev, struct ethtool_keee *x)
{
	*x = nic_of(dev)->eee;
	return 0;
}

static int nic_set_eee(struct net_device *dev, struct ethtool_keee *x)
{
	nic_of(dev)->eee = *x;
	return 0;
}

static int nic_get_link(struct net_device *dev, struct ethtool_link_ksettings *x)
{
	x->lanes = 1;
	return phy_ethtool_get_link_ksettings(dev, x);
}

// The PHY's work carries out what is set: whoever asks next is to see it done.
static int nic_set_link(struct net_device *dev, const struct ethtool_link_ksettings *x)
{
	int err = phy_ethtool_set_link_ksettings(dev, x);

	if (!err)
		flush_delayed_work(&dev->phydev->state_queue);
	return err;
}

static void nic_get_wol(struct net_device *dev, struct ethtool_wolinfo *wol) { *wol = nic_of(dev)->wol; }

static int nic_set_wol(struct net_device *dev, struct ethtool_wolinfo *wol)
{
	struct nic *nic = nic_of(dev);

	nic->wol.wolopts = wol->wolopts;
	memcpy(nic->wol.sopass, wol->sopass, sizeof(wol->sopass));
	return 0;
}

static int nic_get_coalesce(struct net_device *dev, struct ethtool_coalesce *x, struct kernel_ethtool_coalesce *k, struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);

	*x = nic->coalesce;
	*k = nic->kcoalesce;
	return 0;
}

static int nic_set_coalesce(struct net_device *dev, struct ethtool_coalesce *x, struct kernel_ethtool_coalesce *k, struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);

	nic->coalesce = *x;
	nic->kcoalesce = *k;
	return 0;
}

static void nic_get_rings(struct net_device *dev, struct ethtool_ringparam *x, struct kernel_ethtool_ringparam *k, struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);

	*x = nic->rings;
	*k = nic->krings;
}

static int nic_set_rings(struct net_device *dev, struct ethtool_ringparam *x, struct kernel_ethtool_ringparam *k, struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);

	nic->rings = *x;
	nic->krings = *k;
	return 0;
}

static int nic_get_fec(struct net_device *dev, struct ethtool_fecparam *fec)
{
	*fec = nic_of(dev)->fec;
	return 0;
}

static int nic_set_fec(struct net_device *dev, struct ethtool_fecparam *fec)
{
	struct nic *nic = nic_of(dev);

	nic->fec.fec = fec->fec;
	nic->fec.active_fec = fec->fec & ETHTOOL_FEC_RS ? ETHTOOL_FEC_RS : ETHTOOL_FEC_BASER;
	return 0;
}

static int nic_get_power(struct net_device *dev, struct ethtool_module_power_mode_params *power, struct netlink_ext_ack *extack)
{
	*power = nic_of(dev)->power;
	return 0;
}

static int nic_set_power(struct net_device *dev, const struct ethtool_module_power_mode_params *power, struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);

	nic->power.policy = power->policy;
	nic->power.mode = power->policy == ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH ? ETHTOOL_MODULE_POWER_MODE_HIGH : ETHTOOL_MODULE_POWER_MODE_LOW;
	return 0;
}

static int nic_get_mm(struct net_device *dev, struct ethtool_mm_state *mm)
{
	*mm = nic_of(dev)->mm;
	return 0;
}

static int nic_set_mm(struct net_device *dev, struct ethtool_mm_cfg *cfg, struct netlink_ext_ack *extack)
{
	struct ethtool_mm_state *mm = &nic_of(dev)->mm;

	mm->verify_time = cfg->verify_time;
	mm->verify_enabled = cfg->verify_enabled;
	mm->verify_status = cfg->verify_enabled ? ETHTOOL_MM_VERIFY_STATUS_SUCCEEDED : ETHTOOL_MM_VERIFY_STATUS_DISABLED;
	mm->tx_enabled = mm->tx_active = cfg->tx_enabled;
	mm->pmac_enabled = cfg->pmac_enabled;
	mm->tx_min_frag_size = cfg->tx_min_frag_size;
	return 0;
}

static int nic_ts_info(struct net_device *dev, struct kernel_ethtool_ts_info *info)
{
	struct nic *nic = nic_of(dev);

	info->so_timestamping = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
	info->phc_index = ptp_clock_index(nic->clock);
	info->tx_types = BIT(HWTSTAMP_TX_OFF) | BIT(HWTSTAMP_TX_ON) | BIT(HWTSTAMP_TX_ONESTEP_SYNC);
	info->rx_filters = BIT(HWTSTAMP_FILTER_NONE) | BIT(HWTSTAMP_FILTER_PTP_V2_EVENT);
	return 0;
}

static int nic_link_ext_state(struct net_device *dev, struct ethtool_link_ext_state_info *info)
{
	if (netif_carrier_ok(dev))
		return -ENODATA;
	info->link_ext_state = ETHTOOL_LINK_EXT_STATE_CABLE_ISSUE;
	info->cable_issue = ETHTOOL_LINK_EXT_SUBSTATE_CI_CABLE_TEST_FAILURE;
	return 0;
}

// How packets are spread over queues.

static int nic_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info, u32 *rules)
{
	if (info->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	info->data = NIC_QUEUES;
	return 0;
}

static u32 nic_key_size(struct net_device *dev) { return NIC_KEY; }
static u32 nic_indir_size(struct net_device *dev) { return NIC_INDIR; }

static int nic_get_rss(struct net_device *dev, struct ethtool_rxfh_param *rss)
{
	struct nic *nic = nic_of(dev);

	rss->hfunc = nic->hfunc;
	rss->input_xfrm = RXH_XFRM_SYM_XOR;
	if (rss->indir)
		memcpy(rss->indir, nic->indir, sizeof(nic->indir));
	if (rss->key)
		memcpy(rss->key, nic->key, sizeof(nic->key));
	return 0;
}

static int nic_set_rss(struct net_device *dev, struct ethtool_rxfh_param *rss, struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);

	if (rss->hfunc != ETH_RSS_HASH_NO_CHANGE)
		nic->hfunc = rss->hfunc;
	if (rss->indir)
		memcpy(nic->indir, rss->indir, sizeof(nic->indir));
	if (rss->key)
		memcpy(nic->key, rss->key, sizeof(nic->key));
	return 0;
}

// The kernel keeps what the contexts are like.
static int nic_take_context(struct net_device *dev, struct ethtool_rxfh_context *ctx, const struct ethtool_rxfh_param *rss, struct netlink_ext_ack *extack)
{
	return 0;
}

static int nic_remove_context(struct net_device *dev, struct ethtool_rxfh_context *ctx, u32 id, struct netlink_ext_ack *extack) { return 0; }

const struct ethtool_ops nic_ethtool_ops = {
	.cap_link_lanes_supported = 1,
	.cap_rss_ctx_supported = 1,
	.rxfh_per_ctx_key = 1,
	.rxfh_indir_space = NIC_INDIR,
	.rxfh_max_num_contexts = NIC_CONTEXTS,
	.supported_input_xfrm = RXH_XFRM_SYM_XOR,
	.supported_coalesce_params = ETHTOOL_COALESCE_ALL_PARAMS & ~(ETHTOOL_COALESCE_RX_PROFILE | ETHTOOL_COALESCE_TX_PROFILE),
	.supported_ring_params = GENMASK(5, 0),
	.get_link = ethtool_op_get_link,
	.get_link_ext_state = nic_link_ext_state,
	.get_link_ksettings = nic_get_link,
	.set_link_ksettings = nic_set_link,
	.get_msglevel = nic_get_messages,
	.set_msglevel = nic_set_messages,
	.get_wol = nic_get_wol,
	.set_wol = nic_set_wol,
	.get_priv_flags = nic_get_flags,
	.set_priv_flags = nic_set_flags,
	.get_coalesce = nic_get_coalesce,
	.set_coalesce = nic_set_coalesce,
	.get_ringparam = nic_get_rings,
	.set_ringparam = nic_set_rings,
	.get_channels = nic_get_channels,
	.set_channels = nic_set_channels,
	.get_pauseparam = nic_get_pause,
	.set_pauseparam = nic_set_pause,
	.get_pause_stats = nic_pause_stats,
	.get_eee = nic_get_eee,
	.set_eee = nic_set_eee,
	.get_fecparam = nic_get_fec,
	.set_fecparam = nic_set_fec,
	.get_fec_stats = nic_fec_stats,
	.get_module_power_mode = nic_get_power,
	.set_module_power_mode = nic_set_power,
	.get_module_eeprom_by_page = nic_get_eeprom,
	.set_module_eeprom_by_page = nic_set_eeprom,
	.reset = nic_reset,
	.get_mm = nic_get_mm,
	.set_mm = nic_set_mm,
	.get_mm_stats = nic_mm_stats,
	.get_ts_info = nic_ts_info,
	.get_ts_stats = nic_ts_stats,
	.get_rxnfc = nic_rxnfc,
	.get_rxfh_key_size = nic_key_size,
	.get_rxfh_indir_size = nic_indir_size,
	.get_rxfh = nic_get_rss,
	.set_rxfh = nic_set_rss,
	.create_rxfh_context = nic_take_context,
	.modify_rxfh_context = nic_take_context,
	.remove_rxfh_context = nic_remove_context,
	.get_sset_count = nic_sset_count,
	.get_strings = nic_strings,
	.get_ethtool_stats = nic_stats,
	.get_eth_phy_stats = nic_eth_phy_stats,
	.get_eth_mac_stats = nic_eth_mac_stats,
	.get_eth_ctrl_stats = nic_eth_ctrl_stats,
	.get_rmon_stats = nic_rmon_stats,
};
