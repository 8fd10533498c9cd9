// SPDX-License-Identifier: MIT
//
// A kernel module with two CAN controllers: nlgencan0 has limits of timing, compensates the delay of its transceiver and can end the bus with
// a resistor, nlgencan1 has lists of rates. A frame is not sent, but says in its first byte which state the errors on the bus have led to.
#include <linux/can/dev.h>
#include <linux/module.h>
#include <linux/netdevice.h>

static const struct can_bittiming_const timing = {
	.name = "nlgen_can",
	.tseg1_min = 2, .tseg1_max = 256, .tseg2_min = 2, .tseg2_max = 128, .sjw_max = 128, .brp_min = 1, .brp_max = 512, .brp_inc = 1,
};

static const struct can_bittiming_const data_timing = {
	.name = "nlgen_can data",
	.tseg1_min = 1, .tseg1_max = 32, .tseg2_min = 1, .tseg2_max = 16, .sjw_max = 16, .brp_min = 1, .brp_max = 64, .brp_inc = 1,
};

static const struct can_tdc_const compensation = {
	.tdcv_min = 1, .tdcv_max = 126, .tdco_min = 2, .tdco_max = 127, .tdcf_min = 3, .tdcf_max = 125,
};

static const u32 rates[] = { 125000, 500000, 1000000 };
static const u32 data_rates[] = { 2000000, 5000000, 8000000 };
static const u16 resistors[] = { CAN_TERMINATION_DISABLED, 60, 120 };

static int set_termination(struct net_device *dev, u16 ohms) { return 0; }
static int set_rate(struct net_device *dev) { return 0; }

static int set_mode(struct net_device *dev, enum can_mode mode)
{
	((struct can_priv *)netdev_priv(dev))->state = CAN_STATE_ERROR_ACTIVE;
	return 0;
}


static int get_errors(const struct net_device *dev, struct can_berr_counter *errors)
{
	errors->txerr = 11;
	errors->rxerr = 22;
	return 0;
}

// What the controller measures when it is told to.
static int get_delay(const struct net_device *dev, u32 *delay)
{
	*delay = 33;
	return 0;
}

static int can_open(struct net_device *dev)
{
	int err = open_candev(dev);

	if (!err)
		((struct can_priv *)netdev_priv(dev))->state = CAN_STATE_ERROR_ACTIVE;
	return err;
}

static int can_stop(struct net_device *dev)
{
	((struct can_priv *)netdev_priv(dev))->state = CAN_STATE_STOPPED;
	close_candev(dev);
	return 0;
}

static netdev_tx_t can_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct can_priv *can = netdev_priv(dev);
	enum can_state state = ((struct can_frame *)skb->data)->data[0];

	can->can_stats.bus_error++;
	can->can_stats.arbitration_lost += 2;
	if (state == CAN_STATE_BUS_OFF)
		can_bus_off(dev);
	if (state <= CAN_STATE_BUS_OFF && state != can->state)
		can_change_state(dev, NULL, state, state);
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops can_ops = {
	.ndo_open = can_open, .ndo_stop = can_stop, .ndo_start_xmit = can_xmit, .ndo_change_mtu = can_change_mtu,
};

static struct net_device *controllers[2];

static void remove(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (!controllers[i])
			continue;
		unregister_candev(controllers[i]);
		free_candev(controllers[i]);
	}
}

static int add(int i)
{
	struct net_device *dev = alloc_candev(sizeof(struct can_priv), 0);
	struct can_priv *can;
	int err;

	if (!dev)
		return -ENOMEM;
	snprintf(dev->name, sizeof(dev->name), "nlgencan%d", i);
	dev->netdev_ops = &can_ops;
	can = netdev_priv(dev);
	can->clock.freq = 80000000;
	can->ctrlmode_supported = CAN_CTRLMODE_FD;
	can->do_set_mode = set_mode;
	can->do_get_berr_counter = get_errors;
	if (i == 0) {
		can->bittiming_const = &timing;
		can->data_bittiming_const = &data_timing;
		can->tdc_const = &compensation;
		can->do_get_auto_tdcv = get_delay;
		can->ctrlmode_supported |= CAN_CTRLMODE_TDC_AUTO | CAN_CTRLMODE_TDC_MANUAL;
		can->termination_const = resistors;
		can->termination_const_cnt = ARRAY_SIZE(resistors);
		can->do_set_termination = set_termination;
	} else {
		can->bitrate_const = rates;
		can->bitrate_const_cnt = ARRAY_SIZE(rates);
		can->data_bitrate_const = data_rates;
		can->data_bitrate_const_cnt = ARRAY_SIZE(data_rates);
		can->bitrate_max = 8000000;
		can->do_set_bittiming = set_rate;
		can->do_set_data_bittiming = set_rate;
	}
	err = register_candev(dev);
	if (err)
		free_candev(dev);
	else
		controllers[i] = dev;
	return err;
}

static int __init nlgen_can_init(void)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(controllers) && !err; i++)
		err = add(i);
	if (err)
		remove();
	return err;
}

static void __exit nlgen_can_exit(void) { remove(); }

module_init(nlgen_can_init);
module_exit(nlgen_can_exit);
MODULE_DESCRIPTION("CAN controllers without a bus, for the tests of nlgen");
MODULE_LICENSE("Dual MIT/GPL");
