// SPDX-License-Identifier: MIT
//
// A kernel module that makes links look like devices that take work from the kernel: those of any kind whose names begin with nlgen, such
// as one end of a veth. They take the keys of TLS connections and the entries of a bridge's multicast database, and do nothing with them.
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/switchdev.h>
#include <net/tls.h>

#define TLS_FEATURES (NETIF_F_HW_TLS_TX | NETIF_F_HW_TLS_RX)

static int tls_add(struct net_device *dev, struct sock *sk, enum tls_offload_ctx_dir direction, struct tls_crypto_info *keys, u32 sequence)
{
	return 0;
}

static void tls_del(struct net_device *dev, struct tls_context *context, enum tls_offload_ctx_dir direction)
{
}

static int tls_resync(struct net_device *dev, struct sock *sk, u32 sequence, u8 *number, enum tls_offload_ctx_dir direction)
{
	return 0;
}

static const struct tlsdev_ops tls_ops = { .tls_dev_add = tls_add, .tls_dev_del = tls_del, .tls_dev_resync = tls_resync };

static bool ours(const struct net_device *dev)
{
	return str_has_prefix(dev->name, "nlgen");
}

// A link is told of when it has its name, but not yet what it can do.
static int on_link(struct notifier_block *block, unsigned long event, void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);

	if (event == NETDEV_POST_INIT && ours(dev)) {
		dev->tlsdev_ops = &tls_ops;
		dev->hw_features |= TLS_FEATURES | NETIF_F_RXCSUM;
		dev->features |= TLS_FEATURES | NETIF_F_RXCSUM;
		dev->wanted_features |= TLS_FEATURES | NETIF_F_RXCSUM;
	}
	return NOTIFY_DONE;
}

static int on_bridge(struct notifier_block *block, unsigned long event, void *data)
{
	struct switchdev_notifier_port_obj_info *info = data;

	if ((event != SWITCHDEV_PORT_OBJ_ADD && event != SWITCHDEV_PORT_OBJ_DEL) || info->obj->id != SWITCHDEV_OBJ_ID_PORT_MDB ||
	    !ours(switchdev_notifier_info_to_dev(&info->info)))
		return NOTIFY_DONE;
	info->handled = true;
	return notifier_from_errno(0);
}

static struct notifier_block links = { .notifier_call = on_link };
static struct notifier_block bridges = { .notifier_call = on_bridge };

static int __init nlgen_offload_init(void)
{
	int err = register_netdevice_notifier(&links);

	if (err)
		return err;
	err = register_switchdev_blocking_notifier(&bridges);
	if (err)
		unregister_netdevice_notifier(&links);
	return err;
}

static void __exit nlgen_offload_exit(void)
{
	unregister_switchdev_blocking_notifier(&bridges);
	unregister_netdevice_notifier(&links);
}

module_init(nlgen_offload_init);
module_exit(nlgen_offload_exit);
MODULE_DESCRIPTION("links that look like devices which take work from the kernel, for the tests of nlgen");
MODULE_LICENSE("Dual MIT/GPL");
