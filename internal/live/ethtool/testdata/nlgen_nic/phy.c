// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The PHY, its driver and the bus that it is on.

#include <linux/ethtool_netlink.h>
#include "nic.h"

#define NIC_PHY_ID 0x4e4c0010
#define NIC_PHY_ADDR 3

static const char *const phy_counters[] = { "phy_idle_errors", "phy_resets" };

static struct nic *phy_nic(struct phy_device *phy) { return phy->priv; }

static int phy_features(struct phy_device *phy)
{
	static const int modes[] = {
		ETHTOOL_LINK_MODE_10baseT_Half_BIT, ETHTOOL_LINK_MODE_10baseT_Full_BIT, ETHTOOL_LINK_MODE_100baseT_Half_BIT,
		ETHTOOL_LINK_MODE_100baseT_Full_BIT, ETHTOOL_LINK_MODE_1000baseT_Full_BIT, ETHTOOL_LINK_MODE_10baseT1S_P2MP_Half_BIT,
		ETHTOOL_LINK_MODE_Autoneg_BIT, ETHTOOL_LINK_MODE_TP_BIT, ETHTOOL_LINK_MODE_MII_BIT, ETHTOOL_LINK_MODE_Pause_BIT, ETHTOOL_LINK_MODE_Asym_Pause_BIT,
	};

	linkmode_set_bit_array(modes, ARRAY_SIZE(modes), phy->supported);
	return 0;
}

static int phy_config(struct phy_device *phy)
{
	phy->master_slave_get = phy->master_slave_set ?: MASTER_SLAVE_CFG_MASTER_PREFERRED;
	phy->master_slave_state = phy->master_slave_get == MASTER_SLAVE_CFG_SLAVE_FORCE ? MASTER_SLAVE_STATE_SLAVE : MASTER_SLAVE_STATE_MASTER;
	return 0;
}

static int phy_status(struct phy_device *phy)
{
	phy->link = !phy_nic(phy)->unplugged;
	phy->mdix = phy->mdix_ctrl == ETH_TP_MDI ? ETH_TP_MDI : ETH_TP_MDI_X;
	phy->rate_matching = RATE_MATCH_PAUSE;
	linkmode_zero(phy->lp_advertising);
	if (phy->autoneg != AUTONEG_ENABLE)
		return 0;
	phy->speed = SPEED_1000;
	phy->duplex = DUPLEX_FULL;
	linkmode_set_bit(ETHTOOL_LINK_MODE_1000baseT_Full_BIT, phy->lp_advertising);
	linkmode_set_bit(ETHTOOL_LINK_MODE_Autoneg_BIT, phy->lp_advertising);
	return 0;
}

static int phy_test(struct phy_device *phy)
{
	phy_nic(phy)->tdr_wanted = phy_nic(phy)->tested = false;
	return 0;
}

static int phy_test_tdr(struct phy_device *phy, const struct phy_tdr_config *config)
{
	phy_nic(phy)->tdr = *config;
	phy_nic(phy)->tdr_wanted = true;
	phy_nic(phy)->tested = false;
	return 0;
}

static void phy_tell_tdr(struct phy_device *phy, const struct phy_tdr_config *c)
{
	u32 distance;
	int pair;

	ethnl_cable_test_pulse(phy, 1000);
	ethnl_cable_test_step(phy, c->first, c->last, c->step);
	for (distance = c->first; distance <= c->last; distance += c->step)
		for (pair = ETHTOOL_A_CABLE_PAIR_A; pair <= ETHTOOL_A_CABLE_PAIR_D; pair++)
			if (c->pair == PHY_PAIR_ALL || c->pair == pair)
				ethnl_cable_test_amplitude(phy, pair, (pair % 2 ? -1 : 1) * (int)(distance / 10 + pair));
}

static int phy_tested(struct phy_device *phy, bool *finished)
{
	struct nic *nic = phy_nic(phy);

	// A test is not over when it is first asked for its results, so that the event of its beginning comes before.
	*finished = nic->tested;
	nic->tested = true;
	if (!*finished)
		return 0;
	if (nic->tdr_wanted) {
		phy_tell_tdr(phy, &nic->tdr);
		return 0;
	}
	ethnl_cable_test_result(phy, ETHTOOL_A_CABLE_PAIR_A, ETHTOOL_A_CABLE_RESULT_CODE_OK);
	ethnl_cable_test_result(phy, ETHTOOL_A_CABLE_PAIR_B, ETHTOOL_A_CABLE_RESULT_CODE_OPEN);
	ethnl_cable_test_fault_length(phy, ETHTOOL_A_CABLE_PAIR_B, 1234);
	ethnl_cable_test_result_with_src(phy, ETHTOOL_A_CABLE_PAIR_C, ETHTOOL_A_CABLE_RESULT_CODE_SAME_SHORT, ETHTOOL_A_CABLE_INF_SRC_ALCD);
	ethnl_cable_test_fault_length_with_src(phy, ETHTOOL_A_CABLE_PAIR_C, 70000, ETHTOOL_A_CABLE_INF_SRC_ALCD);
	ethnl_cable_test_result(phy, ETHTOOL_A_CABLE_PAIR_D, ETHTOOL_A_CABLE_RESULT_CODE_CROSS_SHORT);
	return 0;
}

static int phy_get_plca(struct phy_device *phy, struct phy_plca_cfg *cfg)
{
	*cfg = phy_nic(phy)->plca;
	return 0;
}

static int phy_set_plca(struct phy_device *phy, const struct phy_plca_cfg *cfg)
{
	// What is negative stays as it is.
	const int *wanted = (const int *)cfg;
	int *kept = (int *)&phy_nic(phy)->plca;
	size_t i;

	for (i = 0; i < sizeof(*cfg) / sizeof(int); i++)
		if (wanted[i] >= 0)
			kept[i] = wanted[i];
	return 0;
}

static int phy_get_plca_status(struct phy_device *phy, struct phy_plca_status *status)
{
	status->pst = phy_nic(phy)->plca.enabled > 0;
	return 0;
}

static int phy_sset_count(struct phy_device *phy) { return ARRAY_SIZE(phy_counters); }

static void phy_strings(struct phy_device *phy, u8 *data)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(phy_counters); i++)
		ethtool_puts(&data, phy_counters[i]);
}

static void phy_stats(struct phy_device *phy, struct ethtool_stats *stats, u64 *data) { numbered(data, sizeof(*data) * ARRAY_SIZE(phy_counters), 7001); }

static void phy_standard_stats(struct phy_device *phy, struct ethtool_eth_phy_stats *ieee, struct ethtool_phy_stats *ours)
{
	numbered(ours, sizeof(*ours), 6001);
}

static void phy_link_stats(struct phy_device *phy, struct ethtool_link_ext_stats *stats) { stats->link_down_events = 11; }
static int phy_sqi(struct phy_device *phy) { return 5; }
static int phy_sqi_max(struct phy_device *phy) { return 7; }

struct phy_driver nic_phy_driver = {
	.phy_id = NIC_PHY_ID,
	.phy_id_mask = 0xffffffff,
	.name = "nlgen PHY",
	.flags = PHY_POLL_CABLE_TEST,
	.get_features = phy_features,
	.config_aneg = phy_config,
	.read_status = phy_status,
	.cable_test_start = phy_test,
	.cable_test_tdr_start = phy_test_tdr,
	.cable_test_get_status = phy_tested,
	.get_plca_cfg = phy_get_plca,
	.set_plca_cfg = phy_set_plca,
	.get_plca_status = phy_get_plca_status,
	.get_sset_count = phy_sset_count,
	.get_strings = phy_strings,
	.get_stats = phy_stats,
	.get_phy_stats = phy_standard_stats,
	.get_link_stats = phy_link_stats,
	.get_sqi = phy_sqi,
	.get_sqi_max = phy_sqi_max,
};

static int nic_mdio_read(struct mii_bus *bus, int addr, int reg)
{
	switch (reg) {
	case MII_PHYSID1:
		return NIC_PHY_ID >> 16;
	case MII_PHYSID2:
		return NIC_PHY_ID & 0xffff;
	case MII_BMSR:
		return BMSR_LSTATUS | BMSR_ANEGCAPABLE | BMSR_ANEGCOMPLETE;
	default:
		return 0;
	}
}

static int nic_mdio_write(struct mii_bus *bus, int addr, int reg, u16 value) { return 0; }

// The kernel reads the state of the link from the PHY itself.
static void nic_adjust_link(struct net_device *dev) {}

int nic_attach_phy(struct nic *nic)
{
	static int buses;
	int err;

	nic->bus = mdiobus_alloc();
	if (!nic->bus)
		return -ENOMEM;
	nic->bus->name = "nlgen MDIO bus";
	nic->bus->read = nic_mdio_read;
	nic->bus->write = nic_mdio_write;
	nic->bus->phy_mask = ~(u32)BIT(NIC_PHY_ADDR);
	snprintf(nic->bus->id, MII_BUS_ID_SIZE, "nlgen-%d", buses++);
	err = mdiobus_register(nic->bus);
	if (err)
		goto free;
	nic->phy = mdiobus_get_phy(nic->bus, NIC_PHY_ADDR);
	if (!nic->phy) {
		err = -ENODEV;
		goto unregister;
	}
	nic->phy->priv = nic;
	err = phy_connect_direct(nic->dev, nic->phy, nic_adjust_link, PHY_INTERFACE_MODE_INTERNAL);
	if (!err)
		return 0;
unregister:
	mdiobus_unregister(nic->bus);
free:
	mdiobus_free(nic->bus);
	return err;
}

void nic_detach_phy(struct nic *nic)
{
	phy_disconnect(nic->phy);
	mdiobus_unregister(nic->bus);
	mdiobus_free(nic->bus);
}
