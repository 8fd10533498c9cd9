// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The counters, and the names of those that only this device has.

#include <linux/ethtool_netlink.h>
#include <net/netdev_queues.h>
#include "nic.h"

static const char *const nic_counters[] = { "rx_first", "rx_second", "tx_third" };
static const char *const nic_flags[] = { "blink", "hum", "doze" };
static const char *const nic_tests[] = { "registers", "loopback" };

int nic_sset_count(struct net_device *dev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return ARRAY_SIZE(nic_counters);
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(nic_flags);
	case ETH_SS_TEST:
		return ARRAY_SIZE(nic_tests);
	default:
		return -EOPNOTSUPP;
	}
}

void nic_strings(struct net_device *dev, u32 set, u8 *data)
{
	const char *const *names = set == ETH_SS_STATS ? nic_counters : set == ETH_SS_PRIV_FLAGS ? nic_flags : nic_tests;
	int i;

	for (i = 0; i < nic_sset_count(dev, set); i++)
		ethtool_puts(&data, names[i]);
}

void nic_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data) { numbered(data, sizeof(*data) * ARRAY_SIZE(nic_counters), 8001); }

// COUNT defines the standard counters of a kind: those of the preemptable MAC begin with a number twice that of the express MAC.
#define COUNT(name, type, aggregate, first)                                                            \
	void nic_##name##_stats(struct net_device *dev, type *x)                                \
	{                                                                                              \
		if (x->src == ETHTOOL_MAC_STATS_SRC_AGGREGATE)                                         \
			aggregate(dev, x);                                                             \
		else                                                                                   \
			numbered(&x->stats, sizeof(x->stats), (first) * (x->src == ETHTOOL_MAC_STATS_SRC_PMAC ? 2 : 1)); \
	}

COUNT(eth_phy, struct ethtool_eth_phy_stats, ethtool_aggregate_phy_stats, 1001)
COUNT(eth_mac, struct ethtool_eth_mac_stats, ethtool_aggregate_mac_stats, 2001)
COUNT(eth_ctrl, struct ethtool_eth_ctrl_stats, ethtool_aggregate_ctrl_stats, 3001)
COUNT(pause, struct ethtool_pause_stats, ethtool_aggregate_pause_stats, 4001)

void nic_rmon_stats(struct net_device *dev, struct ethtool_rmon_stats *x, const struct ethtool_rmon_hist_range **ranges)
{
	static const struct ethtool_rmon_hist_range sizes[] = { { 0, 64 }, { 65, 127 }, { 128, 1518 }, { 1519, 9216 }, {} };

	*ranges = sizes;
	if (x->src == ETHTOOL_MAC_STATS_SRC_AGGREGATE)
		ethtool_aggregate_rmon_stats(dev, x);
	else
		numbered(&x->stats, sizeof(x->stats), x->src == ETHTOOL_MAC_STATS_SRC_PMAC ? 10002 : 5001);
}

void nic_fec_stats(struct net_device *dev, struct ethtool_fec_stats *x)
{
	numbered(x->corrected_blocks.lanes, 4 * sizeof(u64), 101);
	numbered(x->uncorrectable_blocks.lanes, 4 * sizeof(u64), 201);
	x->corrected_bits.total = 301;
}

void nic_mm_stats(struct net_device *dev, struct ethtool_mm_stats *x) { numbered(x, sizeof(*x), 401); }
void nic_ts_stats(struct net_device *dev, struct ethtool_ts_stats *x) { numbered(x, sizeof(*x), 501); }

void nic_stats64(struct net_device *dev, struct rtnl_link_stats64 *x) { numbered(x, sizeof(*x), 9001); }

static void nic_queue_stats_rx(struct net_device *dev, int queue, struct netdev_queue_stats_rx *x) { numbered(x, sizeof(*x), 1000 * queue + 101); }
static void nic_queue_stats_tx(struct net_device *dev, int queue, struct netdev_queue_stats_tx *x) { numbered(x, sizeof(*x), 1000 * queue + 201); }

// What queues have counted that there are no more.
static void nic_base_stats(struct net_device *dev, struct netdev_queue_stats_rx *rx, struct netdev_queue_stats_tx *tx)
{
	memset(rx, 0, sizeof(*rx));
	memset(tx, 0, sizeof(*tx));
}

const struct netdev_stat_ops nic_stat_ops = {
	.get_queue_stats_rx = nic_queue_stats_rx,
	.get_queue_stats_tx = nic_queue_stats_tx,
	.get_base_stats = nic_base_stats,
};
