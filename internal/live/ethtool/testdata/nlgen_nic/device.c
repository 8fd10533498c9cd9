// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The device, and links of its kind.

#include <linux/dim.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>
#include "nic.h"

static int nic_open(struct net_device *dev)
{
	phy_start(nic_of(dev)->phy);
	return 0;
}

static int nic_stop(struct net_device *dev)
{
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

// The kernel wants a device with a driver above one that has a PHY. All links share it.
static struct platform_device *nic_parent;
static int nic_parent_probe(struct platform_device *parent) { return 0; }
static struct platform_driver nic_parent_driver = { .driver = { .name = "nlgen_nic" } };

static const struct net_device_ops nic_ops = {
	.ndo_uninit = nic_free_queues, // when nobody's memory is bound to them any more
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = nic_xmit,
	.ndo_change_carrier = nic_change_carrier,
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

static void nic_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &nic_ops;
	dev->ethtool_ops = &nic_ethtool_ops;
	dev->queue_mgmt_ops = &nic_queue_ops;
	dev->needs_free_netdev = true;
	dev->features |= NETIF_F_RX_UDP_TUNNEL_PORT;
	dev->hw_features |= NETIF_F_RX_UDP_TUNNEL_PORT;
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
	SET_NETDEV_DEV(dev, &nic_parent->dev);
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
	nic_parent = platform_create_bundle(&nic_parent_driver, nic_parent_probe, NULL, 0, NULL, 0);
	err = PTR_ERR_OR_ZERO(nic_parent);
	if (err)
		goto unregister_phy;
	err = rtnl_link_register(&nic_link_ops);
	if (!err)
		return 0;
	platform_device_unregister(nic_parent);
	platform_driver_unregister(&nic_parent_driver);
unregister_phy:
	phy_driver_unregister(&nic_phy_driver);
	return err;
}

static void __exit nic_exit(void)
{
	rtnl_link_unregister(&nic_link_ops);
	platform_device_unregister(nic_parent);
	platform_driver_unregister(&nic_parent_driver);
	phy_driver_unregister(&nic_phy_driver);
}

module_init(nic_init);
module_exit(nic_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A network device that answers ethtool, to test with");
MODULE_ALIAS_RTNL_LINK("nlgen_nic");
