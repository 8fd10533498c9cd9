// SPDX-License-Identifier: MIT
//
// A kernel module that makes links look like devices that take work from the kernel: those of any kind whose names begin with nlgen, such
// as one end of a veth. They take the keys of TLS connections, the entries of a bridge's multicast database, neighbours, nexthops and routes
// of IPv4, and do nothing with them.
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/fib_notifier.h>
#include <net/ip_fib.h>
#include <net/neighbour.h>
#include <net/net_namespace.h>
#include <net/netevent.h>
#include <net/nexthop.h>
#include <net/netns/generic.h>
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

static int on_neighbour(struct notifier_block *block, unsigned long event, void *data)
{
	struct neighbour *neighbour = data;

	if (event == NETEVENT_NEIGH_UPDATE && ours(neighbour->dev))
		neighbour->flags |= NTF_OFFLOADED;
	return NOTIFY_DONE;
}

static int on_nexthop(struct notifier_block *block, unsigned long event, void *data)
{
	struct nh_notifier_info *info = data;

	if (event == NEXTHOP_EVENT_REPLACE && info->type == NH_NOTIFIER_INFO_TYPE_SINGLE && info->nh->dev && ours(info->nh->dev))
		nexthop_set_hw_flags(info->net, info->id, true, false);
	return NOTIFY_DONE;
}

// A route is told of before it is in its table, so it is taken later.
struct route {
	struct work_struct work;
	struct net *net;
	netns_tracker tracker;
	struct fib_rt_info info;
};

static struct workqueue_struct *queue;

static void take_route(struct work_struct *work)
{
	struct route *route = container_of(work, struct route, work);

	rtnl_lock();
	fib_alias_hw_flags_set(route->net, &route->info);
	rtnl_unlock();
	fib_info_put(route->info.fi);
	put_net_track(route->net, &route->tracker);
	kfree(route);
}

// What notifies of each namespace.
struct space {
	struct net *net;
	struct notifier_block routes, nexthops;
};

static unsigned int space_id;

static int on_route(struct notifier_block *block, unsigned long event, void *data)
{
	struct fib_notifier_info *info = data;
	struct fib_entry_notifier_info *entry = container_of(info, struct fib_entry_notifier_info, info);
	struct space *space = container_of(block, struct space, routes);
	struct route *route;

	if (event != FIB_EVENT_ENTRY_REPLACE || info->family != AF_INET || entry->fi->nh || !entry->fi->fib_nh[0].fib_nh_dev ||
	    !ours(entry->fi->fib_nh[0].fib_nh_dev))
		return NOTIFY_DONE;
	route = kzalloc(sizeof(*route), GFP_ATOMIC);
	if (!route)
		return NOTIFY_DONE;
	fib_info_hold(entry->fi);
	route->net = get_net_track(space->net, &route->tracker, GFP_ATOMIC);
	route->info = (struct fib_rt_info){ .fi = entry->fi, .tb_id = entry->tb_id, .dst = cpu_to_be32(entry->dst), .dst_len = entry->dst_len,
					    .dscp = entry->dscp, .type = entry->type, .offload = 1 };
	INIT_WORK(&route->work, take_route);
	queue_work(queue, &route->work);
	return NOTIFY_DONE;
}

static int __net_init enter(struct net *net)
{
	struct space *space = net_generic(net, space_id);
	int err;

	space->net = net;
	space->routes.notifier_call = on_route;
	space->nexthops.notifier_call = on_nexthop;
	err = register_nexthop_notifier(net, &space->nexthops, NULL);
	if (err)
		return err;
	err = register_fib_notifier(net, &space->routes, NULL, NULL);
	if (err)
		unregister_nexthop_notifier(net, &space->nexthops);
	return err;
}

static void __net_exit leave(struct net *net)
{
	struct space *space = net_generic(net, space_id);

	unregister_fib_notifier(net, &space->routes);
	unregister_nexthop_notifier(net, &space->nexthops);
}

static struct pernet_operations spaces = { .init = enter, .exit = leave, .id = &space_id, .size = sizeof(struct space) };
static struct notifier_block neighbours = { .notifier_call = on_neighbour };
static struct notifier_block links = { .notifier_call = on_link };
static struct notifier_block bridges = { .notifier_call = on_bridge };

static int __init nlgen_offload_init(void)
{
	int err = -ENOMEM;

	queue = alloc_workqueue("nlgen_offload", 0, 0);
	if (!queue)
		return err;
	err = register_netdevice_notifier(&links);
	if (err)
		goto destroy_queue;
	err = register_switchdev_blocking_notifier(&bridges);
	if (err)
		goto unregister_links;
	err = register_pernet_subsys(&spaces);
	if (err)
		goto unregister_bridges;
	err = register_netevent_notifier(&neighbours);
	if (!err)
		return 0;
	unregister_pernet_subsys(&spaces);
unregister_bridges:
	unregister_switchdev_blocking_notifier(&bridges);
unregister_links:
	unregister_netdevice_notifier(&links);
destroy_queue:
	destroy_workqueue(queue);
	return err;
}

static void __exit nlgen_offload_exit(void)
{
	unregister_netevent_notifier(&neighbours);
	unregister_pernet_subsys(&spaces);
	unregister_switchdev_blocking_notifier(&bridges);
	unregister_netdevice_notifier(&links);
	destroy_workqueue(queue);
}

module_init(nlgen_offload_init);
module_exit(nlgen_offload_exit);
MODULE_DESCRIPTION("links that look like devices which take work from the kernel, for the tests of nlgen");
MODULE_LICENSE("Dual MIT/GPL");
