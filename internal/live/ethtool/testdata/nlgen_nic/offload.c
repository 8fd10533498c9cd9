// SPDX-License-Identifier: MIT OR GPL-2.0-only
// Work of packet schedulers, classifiers and flow tables: the device takes it from the kernel, and does nothing of it.

#include <net/flow_offload.h>
#include <net/pkt_cls.h>
#include <net/pkt_sched.h>
#include "nic.h"

#define NIC_ACTIONS 7000 // The device takes the actions with this number and with higher ones.

static bool nic_fresh; // nobody has asked yet what the last flow has counted

static void nic_count(struct flow_stats *stats)
{
	if (nic_fresh)
		flow_stats_update(stats, 7001, 71, 7, jiffies, FLOW_ACTION_HW_STATS_IMMEDIATE);
	nic_fresh = false;
}

static int nic_flow(enum tc_setup_type type, void *data, void *priv)
{
	struct flow_cls_offload *flower = data;
	struct tc_cls_matchall_offload *all = data;

	switch (type) {
	case TC_SETUP_CLSFLOWER:
		if (flower->command == FLOW_CLS_REPLACE) {
			NL_SET_ERR_MSG(flower->common.extack, "taken, and not done");
			nic_fresh = true;
		}
		if (flower->command == FLOW_CLS_STATS)
			nic_count(&flower->stats);
		return 0;
	case TC_SETUP_CLSMATCHALL:
		if (all->command == TC_CLSMATCHALL_REPLACE)
			nic_fresh = true;
		if (all->command == TC_CLSMATCHALL_STATS)
			nic_count(&all->stats);
		return 0;
	case TC_SETUP_CLSU32:
	case TC_SETUP_CLSBPF:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static LIST_HEAD(nic_blocks);

static int nic_block(struct net_device *dev, struct flow_block_offload *block)
{
	struct flow_block_cb *cb;

	block->driver_block_list = &nic_blocks;
	if (block->command == FLOW_BLOCK_BIND) {
		cb = flow_block_cb_alloc(nic_flow, dev, NULL, NULL);
		if (IS_ERR(cb))
			return PTR_ERR(cb);
		flow_block_cb_add(cb, block);
		list_add_tail(&cb->driver_list, &nic_blocks);
		return 0;
	}
	cb = flow_block_cb_lookup(block->block, nic_flow, dev);
	if (!cb)
		return -ENOENT;
	flow_block_cb_remove(cb, block);
	list_del(&cb->driver_list);
	return 0;
}

static int nic_mqprio(struct net_device *dev, struct tc_mqprio_qopt_offload *x)
{
	int i;

	netdev_reset_tc(dev);
	if (!x->qopt.num_tc)
		return 0;
	netdev_set_num_tc(dev, x->qopt.num_tc);
	for (i = 0; i < x->qopt.num_tc; i++)
		netdev_set_tc_queue(dev, i, x->qopt.count[i], x->qopt.offset[i]);
	x->qopt.hw = TC_MQPRIO_HW_OFFLOAD_TCS;
	return 0;
}

static int nic_taprio(struct tc_taprio_qopt_offload *x)
{
	if (x->cmd == TAPRIO_CMD_STATS)
		numbered(&x->stats, sizeof(x->stats), 601);
	if (x->cmd == TAPRIO_CMD_QUEUE_STATS)
		numbered(&x->queue_stats.stats, sizeof(x->queue_stats.stats), 611);
	return 0;
}

static int nic_htb(struct tc_htb_qopt_offload *x)
{
	return x->command == TC_HTB_CREATE || x->command == TC_HTB_DESTROY ? 0 : -EOPNOTSUPP;
}

int nic_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data)
{
	switch (type) {
	case TC_SETUP_BLOCK:
	case TC_SETUP_FT:
		return nic_block(dev, data);
	case TC_SETUP_QDISC_MQPRIO:
		return nic_mqprio(dev, data);
	case TC_SETUP_QDISC_TAPRIO:
		return nic_taprio(data);
	case TC_SETUP_QDISC_HTB:
		return nic_htb(data);
	case TC_SETUP_QDISC_CBS:
	case TC_SETUP_QDISC_ETF:
	case TC_SETUP_QDISC_PRIO:
	case TC_SETUP_QDISC_TBF:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

// Actions that no filter has yet are offered to whoever wants them, for no device.
static int nic_indirect(struct net_device *dev, struct Qdisc *sch, void *priv, enum tc_setup_type type, void *block, void *data,
			void (*cleanup)(struct flow_block_cb *cb))
{
	struct flow_offload_action *action = data;

	if (type != TC_SETUP_ACT || action->index < NIC_ACTIONS)
		return -EOPNOTSUPP;
	if (action->command == FLOW_ACT_REPLACE)
		nic_fresh = true;
	if (action->command == FLOW_ACT_STATS)
		nic_count(&action->stats);
	return 0;
}

static void nic_forget(void *priv) {}

int nic_take_actions(void) { return flow_indr_dev_register(nic_indirect, NULL); }
void nic_leave_actions(void) { flow_indr_dev_unregister(nic_indirect, NULL, nic_forget); }
