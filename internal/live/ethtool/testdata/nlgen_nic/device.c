// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The device, and links of its kind.

#include <linux/dim.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <net/netdev_queues.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>
#include <net/xdp_sock.h>
#include "nic.h"

static int nic_open(struct net_device *dev)
{
	phy_start(nic_of(dev)->phy);
	nic_open_queues(nic_of(dev));
	return 0;
}

static int nic_stop(struct net_device *dev)
{
	nic_close_queues(nic_of(dev));
	phy_stop(nic_of(dev)->phy);
	return 0;
}

// The cable is pulled out and put in again.
static int nic_change_carrier(struct net_device *dev, bool on)
{
	nic_of(dev)->unplugged = !on;
	phy_trigger_machine(nic_of(dev)->phy);
	return 0;
}

static netdev_tx_t nic_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

// The kernel wants a device with a driver above one that has a PHY. All links share it, and its virtual functions, which its bus counts.
static int nic_functions(struct device *parent) { return NIC_FUNCTIONS; }
static const struct bus_type nic_bus = { .name = "nlgen", .num_vf = nic_functions };
static struct device_driver nic_driver = { .name = "nlgen_nic", .bus = &nic_bus, .owner = THIS_MODULE };
static struct device *nic_parent;

static void nic_release(struct device *parent) { kfree(parent); }

static int nic_add_parent(void)
{
	int err;

	nic_parent = kzalloc(sizeof(*nic_parent), GFP_KERNEL);
	if (!nic_parent)
		return -ENOMEM;
	nic_parent->bus = &nic_bus;
	nic_parent->release = nic_release;
	nic_parent->dma_mask = &nic_parent->coherent_dma_mask;
	nic_parent->coherent_dma_mask = DMA_BIT_MASK(64);
	dev_set_name(nic_parent, "nlgen_nic");
	err = device_register(nic_parent);
	if (err)
		put_device(nic_parent);
	return err;
}

static const struct net_device_ops nic_ops = {
	.ndo_uninit = nic_free_queues, // when nobody's memory is bound to them any more
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = nic_xmit,
	.ndo_change_carrier = nic_change_carrier,
	.ndo_get_stats64 = nic_stats64,
	.ndo_setup_tc = nic_setup_tc,
	.ndo_bridge_getlink = nic_bridge_getlink,
	.ndo_bridge_setlink = nic_bridge_setlink,
	.ndo_get_phys_port_id = nic_phys_port_id,
	.ndo_set_vf_port = nic_set_vf_port,
	.ndo_get_vf_port = nic_get_vf_port,
	.ndo_get_vf_config = nic_vf_config,
	.ndo_get_vf_guid = nic_vf_guid,
};

static int nic_tunnel_port(struct net_device *dev, unsigned int table, unsigned int entry, struct udp_tunnel_info *info) { return 0; }

static const struct udp_tunnel_nic_info nic_tunnels = {
	.set_port = nic_tunnel_port,
	.unset_port = nic_tunnel_port,
	.tables = {
		{ .n_entries = 4, .tunnel_types = UDP_TUNNEL_TYPE_VXLAN },
		{ .n_entries = 2, .tunnel_types = UDP_TUNNEL_TYPE_GENEVE | UDP_TUNNEL_TYPE_VXLAN_GPE },
	},
};

// What a socket of AF_XDP can ask of a packet that it sends.
static u64 nic_timestamp(void *priv) { return 0; }
static void nic_checksum(u16 start, u16 offset, void *priv) {}
static const struct xsk_tx_metadata_ops nic_metadata = { .tmo_fill_timestamp = nic_timestamp, .tmo_request_checksum = nic_checksum };

static void nic_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &nic_ops;
	dev->ethtool_ops = &nic_ethtool_ops;
	dev->queue_mgmt_ops = &nic_queue_ops;
	dev->stat_ops = &nic_stat_ops;
	dev->xsk_tx_metadata_ops = &nic_metadata;
	dev->xdp_features = NETDEV_XDP_ACT_MASK;
	dev->xdp_zc_max_segs = 9;
	dev->mem_start = 0xa000;
	dev->mem_end = 0xafff;
	dev->base_addr = 0x2f0;
	dev->irq = 7;
	dev->dma = 3;
	dev->if_port = IF_PORT_100BASETX;
	dev->needs_free_netdev = true;
	dev->features |= NETIF_F_RX_UDP_TUNNEL_PORT | NETIF_F_HW_TC;
	dev->hw_features |= NETIF_F_RX_UDP_TUNNEL_PORT | NETIF_F_HW_TC;
	dev->udp_tunnel_nic_info = &nic_tunnels;
	dev->sysfs_groups[0] = &nic_group;
	eth_hw_addr_random(dev);
}

static int nic_clock_gettime(struct ptp_clock_info *info, struct timespec64 *ts)
{
	ktime_get_real_ts64(ts);
	return 0;
}

static int nic_clock_settime(struct ptp_clock_info *info, const struct timespec64 *ts) { return -EOPNOTSUPP; }
static int nic_clock_adjtime(struct ptp_clock_info *info, s64 delta) { return -EOPNOTSUPP; }
static int nic_clock_adjfine(struct ptp_clock_info *info, long ppm) { return -EOPNOTSUPP; }

static const struct ptp_clock_info nic_clock = {
	.owner = THIS_MODULE,
	.name = "nlgen clock",
	.max_adj = 1,
	.gettime64 = nic_clock_gettime,
	.settime64 = nic_clock_settime,
	.adjtime = nic_clock_adjtime,
	.adjfine = nic_clock_adjfine,
};

static void nic_dellink(struct net_device *dev, struct list_head *head)
{
	struct nic *nic = nic_of(dev);

	dev_close(dev);
	nic_detach_phy(nic);
	ptp_clock_unregister(nic->clock);
	net_dim_free_irq_moder(dev);
	unregister_netdevice_queue(dev, head);
}

static int nic_newlink(struct net *net, struct net_device *dev, struct nlattr *tb[], struct nlattr *data[], struct netlink_ext_ack *extack)
{
	struct nic *nic = nic_of(dev);
	int err;

	nic->dev = dev;
	SET_NETDEV_DEV(dev, nic_parent);
	nic_begin(nic);
	err = net_dim_init_irq_moder(dev, DIM_PROFILE_RX | DIM_PROFILE_TX, DIM_COALESCE_USEC | DIM_COALESCE_PKTS | DIM_COALESCE_COMPS,
				     DIM_CQ_PERIOD_MODE_START_FROM_EQE, DIM_CQ_PERIOD_MODE_START_FROM_EQE, NULL, NULL);
	if (err)
		return err;
	nic->clock_info = nic_clock;
	nic->clock = ptp_clock_register(&nic->clock_info, NULL);
	if (IS_ERR_OR_NULL(nic->clock)) {
		err = PTR_ERR(nic->clock) ?: -ENODEV;
		goto free;
	}
	err = register_netdevice(dev);
	if (err)
		goto unregister_clock;
	err = nic_attach_phy(nic);
	if (!err)
		return 0;
	unregister_netdevice(dev);
unregister_clock:
	ptp_clock_unregister(nic->clock);
free:
	net_dim_free_irq_moder(dev);
	return err;
}

static unsigned int nic_queues(void) { return NIC_QUEUES; }

static struct rtnl_link_ops nic_link_ops = {
	.kind = "nlgen_nic",
	.priv_size = sizeof(struct nic),
	.setup = nic_setup,
	.newlink = nic_newlink,
	.dellink = nic_dellink,
	.get_num_tx_queues = nic_queues,
	.get_num_rx_queues = nic_queues,
};

static int __init nic_init(void)
{
	int err = phy_driver_register(&nic_phy_driver, THIS_MODULE);

	if (err)
		return err;
	err = bus_register(&nic_bus);
	if (err)
		goto unregister_phy;
	err = driver_register(&nic_driver);
	if (err)
		goto unregister_bus;
	err = nic_add_parent();
	if (err)
		goto unregister_driver;
	err = nic_take_actions();
	if (err)
		goto remove_parent;
	err = rtnl_link_register(&nic_link_ops);
	if (!err)
		return 0;
	nic_leave_actions();
remove_parent:
	device_unregister(nic_parent);
unregister_driver:
	driver_unregister(&nic_driver);
unregister_bus:
	bus_unregister(&nic_bus);
unregister_phy:
	phy_driver_unregister(&nic_phy_driver);
	return err;
}

static void __exit nic_exit(void)
{
	rtnl_link_unregister(&nic_link_ops);
	nic_leave_actions();
	device_unregister(nic_parent);
	driver_unregister(&nic_driver);
	bus_unregister(&nic_bus);
	phy_driver_unregister(&nic_phy_driver);
}

module_init(nic_init);
module_exit(nic_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A network device that answers ethtool, to test with");
MODULE_ALIAS_RTNL_LINK("nlgen_nic");
