// SPDX-License-Identifier: MIT OR GPL-2.0-only
// A network device to test with: links of the kind nlgen_nic do nothing but answer. Each has a PHY on a bus of its own, a clock, a
// pluggable module, queues to which somebody's memory can be bound, and a switch to which the kernel can leave work. What can be set is
// kept and told again, and shown in
// /sys/class/net/LINK/nlgen/state, for those settings that a tool may not know; every counter has a value of its own, by which a reader
// that takes one for another is found out.

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/phy.h>
#include <linux/ptp_clock_kernel.h>

#define NIC_QUEUES 4
#define NIC_INDIR 8
#define NIC_KEY 40
#define NIC_FUNCTIONS 2

// What the pluggable module has been told.
struct cmis {
	u32 password, expected, written, sum; // of firmware: its length, what has come of it, and a sum of that
	u8 request[126], reply[122];
};

// What was asked for a port of a switch outside: who is behind it, and which rules are to hold for that.
struct nic_profile {
	bool set;
	u8 request, instance[PORT_UUID_MAX], host[PORT_UUID_MAX];
	char name[PORT_PROFILE_MAX];
};

struct nic {
	struct net_device *dev;
	struct mii_bus *bus;
	struct phy_device *phy;
	struct ptp_clock *clock;
	struct ptp_clock_info clock_info;
	struct page_pool *pools[NIC_QUEUES]; // of those queues that were restarted
	struct napi_struct napi;
	bool unplugged;

	u32 messages, flags;
	struct ethtool_wolinfo wol;
	struct ethtool_coalesce coalesce;
	struct kernel_ethtool_coalesce kcoalesce;
	struct ethtool_ringparam rings;
	struct kernel_ethtool_ringparam krings;
	struct ethtool_channels channels;
	struct ethtool_pauseparam pause;
	struct ethtool_keee eee;
	struct ethtool_fecparam fec;
	struct ethtool_module_power_mode_params power;
	struct ethtool_mm_state mm;
	struct cmis cmis;
	u8 hfunc, key[NIC_KEY];
	u32 indir[NIC_INDIR];

	struct phy_plca_cfg plca;
	struct phy_tdr_config tdr;
	bool tdr_wanted, tested;

	u16 bridge_mode;
	bool learning_sync;
	struct nic_profile profiles[NIC_FUNCTIONS + 1]; // the last one is the device's own
};

static inline struct nic *nic_of(struct net_device *dev) { return netdev_priv(dev); }

// numbered gives the counters of a struct the numbers from first on.
static inline void numbered(void *counters, size_t size, u64 first)
{
	u64 *counter = counters;
	size_t i;

	for (i = 0; i < size / sizeof(u64); i++)
		counter[i] = first + i;
}

extern const struct ethtool_ops nic_ethtool_ops;         // of settings.c
extern const struct attribute_group nic_group;           // of state.c
extern struct phy_driver nic_phy_driver;                 // of phy.c
extern const struct netdev_queue_mgmt_ops nic_queue_ops; // of queues.c
extern const struct netdev_stat_ops nic_stat_ops;        // of counters.c

void nic_begin(struct nic *nic);
int nic_attach_phy(struct nic *nic);
void nic_detach_phy(struct nic *nic);
void nic_open_queues(struct nic *nic);
void nic_close_queues(struct nic *nic);
void nic_free_queues(struct net_device *dev);

// Offloads, of offload.c.
int nic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data);
int nic_take_actions(void);
void nic_leave_actions(void);

// The port of a switch, of port.c.
int nic_bridge_getlink(struct sk_buff *skb, u32 pid, u32 seq, struct net_device *dev, u32 mask, int flags);
int nic_bridge_setlink(struct net_device *dev, struct nlmsghdr *header, u16 flags, struct netlink_ext_ack *extack);
int nic_phys_port_id(struct net_device *dev, struct netdev_phys_item_id *id);
int nic_set_vf_port(struct net_device *dev, int vf, struct nlattr *port[]);
int nic_get_vf_port(struct net_device *dev, int vf, struct sk_buff *skb);
int nic_vf_config(struct net_device *dev, int vf, struct ifla_vf_info *info);
int nic_vf_guid(struct net_device *dev, int vf, struct ifla_vf_guid *node, struct ifla_vf_guid *port);

// The pluggable module, of cmis.c.
int nic_get_eeprom(struct net_device *dev, const struct ethtool_module_eeprom *page, struct netlink_ext_ack *extack);
int nic_set_eeprom(struct net_device *dev, const struct ethtool_module_eeprom *page, struct netlink_ext_ack *extack);
int nic_reset(struct net_device *dev, u32 *flags);

// The counters, of counters.c.
int nic_sset_count(struct net_device *dev, int set);
void nic_strings(struct net_device *dev, u32 set, u8 *data);
void nic_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data);
void nic_eth_phy_stats(struct net_device *dev, struct ethtool_eth_phy_stats *x);
void nic_eth_mac_stats(struct net_device *dev, struct ethtool_eth_mac_stats *x);
void nic_eth_ctrl_stats(struct net_device *dev, struct ethtool_eth_ctrl_stats *x);
void nic_pause_stats(struct net_device *dev, struct ethtool_pause_stats *x);
void nic_rmon_stats(struct net_device *dev, struct ethtool_rmon_stats *x, const struct ethtool_rmon_hist_range **ranges);
void nic_fec_stats(struct net_device *dev, struct ethtool_fec_stats *x);
void nic_mm_stats(struct net_device *dev, struct ethtool_mm_stats *x);
void nic_ts_stats(struct net_device *dev, struct ethtool_ts_stats *x);
void nic_stats64(struct net_device *dev, struct rtnl_link_stats64 *x);
