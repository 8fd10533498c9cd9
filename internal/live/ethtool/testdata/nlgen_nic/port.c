// SPDX-License-Identifier: MIT OR GPL-2.0-only
// What the device is as a port: of a switch in the card, which has two virtual functions, and of one outside, which knows profiles.

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <net/netlink.h>
#include <net/rtnetlink.h>
#include "nic.h"

int nic_bridge_getlink(struct sk_buff *skb, u32 pid, u32 seq, struct net_device *dev, u32 mask, int flags)
{
	struct nic *nic = nic_of(dev);

	return ndo_dflt_bridge_getlink(skb, pid, seq, dev, nic->bridge_mode, nic->learning_sync ? BR_LEARNING_SYNC : 0, BR_LEARNING_SYNC, flags, mask, NULL);
}

int nic_bridge_setlink(struct net_device *dev, struct nlmsghdr *header, u16 flags, struct netlink_ext_ack *extack)
{
	struct nlattr *spec = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_AF_SPEC);
	struct nlattr *port = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_PROTINFO);
	struct nlattr *value;

	value = spec ? nla_find_nested(spec, IFLA_BRIDGE_MODE) : NULL;
	if (value)
		nic_of(dev)->bridge_mode = nla_get_u16(value);
	value = port ? nla_find_nested(port, IFLA_BRPORT_LEARNING_SYNC) : NULL;
	if (value)
		nic_of(dev)->learning_sync = nla_get_u8(value);
	return 0;
}

int nic_phys_port_id(struct net_device *dev, struct netdev_phys_item_id *id)
{
	static const u8 text[] = { 0x6e, 0x6c, 0x67, 0x65, 0x6e };

	id->id_len = sizeof(text);
	memcpy(id->id, text, sizeof(text));
	return 0;
}

static struct nic_profile *nic_profile(struct net_device *dev, int vf) { return &nic_of(dev)->profiles[vf == PORT_SELF_VF ? NIC_FUNCTIONS : vf]; }

int nic_set_vf_port(struct net_device *dev, int vf, struct nlattr *port[])
{
	struct nic_profile *profile;

	if (vf != PORT_SELF_VF && (vf < 0 || vf >= NIC_FUNCTIONS))
		return -EINVAL;
	profile = nic_profile(dev, vf);
	memset(profile, 0, sizeof(*profile));
	if (port[IFLA_PORT_PROFILE])
		nla_strscpy(profile->name, port[IFLA_PORT_PROFILE], sizeof(profile->name));
	if (port[IFLA_PORT_INSTANCE_UUID])
		nla_memcpy(profile->instance, port[IFLA_PORT_INSTANCE_UUID], PORT_UUID_MAX);
	if (port[IFLA_PORT_HOST_UUID])
		nla_memcpy(profile->host, port[IFLA_PORT_HOST_UUID], PORT_UUID_MAX);
	profile->request = port[IFLA_PORT_REQUEST] ? nla_get_u8(port[IFLA_PORT_REQUEST]) : 0;
	profile->set = true;
	return 0;
}

// The switch outside answers what was asked for with what has the same number.
int nic_get_vf_port(struct net_device *dev, int vf, struct sk_buff *skb)
{
	struct nic_profile *profile = nic_profile(dev, vf);

	if (!profile->set)
		return -ENODATA;
	if (nla_put_string(skb, IFLA_PORT_PROFILE, profile->name) || nla_put(skb, IFLA_PORT_INSTANCE_UUID, PORT_UUID_MAX, profile->instance) ||
	    nla_put(skb, IFLA_PORT_HOST_UUID, PORT_UUID_MAX, profile->host) || nla_put_u8(skb, IFLA_PORT_REQUEST, profile->request) ||
	    nla_put_u16(skb, IFLA_PORT_RESPONSE, profile->request))
		return -EMSGSIZE;
	return 0;
}

int nic_vf_config(struct net_device *dev, int vf, struct ifla_vf_info *info)
{
	*info = (struct ifla_vf_info){ .vf = vf, .mac = { 2, 0, 0, 0, 0, vf }, .vlan = 5 + vf, .qos = 3, .vlan_proto = htons(ETH_P_8021Q), .spoofchk = 1,
				       .linkstate = IFLA_VF_LINK_STATE_ENABLE, .min_tx_rate = 10, .max_tx_rate = 100, .rss_query_en = 1, .trusted = 1 };
	return 0;
}

int nic_vf_guid(struct net_device *dev, int vf, struct ifla_vf_guid *node, struct ifla_vf_guid *port)
{
	node->vf = port->vf = vf;
	node->guid = 0x6e6c67656e000100 + vf;
	port->guid = 0x6e6c67656e000200 + vf;
	return 0;
}
