// SPDX-License-Identifier: MIT
//
// A kernel module with a netlink protocol of its own: numbered slots that hold a text. It has what a protocol can have: a request with
// and without an answer, a dump, a policy, extended acks, a multicast group. slots.yaml describes it.
#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#define SLOTS_PROTOCOL 30
#define SLOTS_GROUP 1
#define SLOTS 5000

enum { SLOTS_GET = NLMSG_MIN_TYPE, SLOTS_SET, SLOTS_CHANGED };
enum { SLOTS_A_UNSPEC, SLOTS_A_NUMBER, SLOTS_A_TEXT, __SLOTS_A_MAX };
#define SLOTS_A_MAX (__SLOTS_A_MAX - 1)

static const struct nla_policy policy[SLOTS_A_MAX + 1] = {
	[SLOTS_A_NUMBER] = NLA_POLICY_MAX(NLA_U32, SLOTS - 1),
	[SLOTS_A_TEXT] = { .type = NLA_NUL_STRING, .len = 31 },
};

// The protocol is there in each network namespace; the slots are the same in all.
static unsigned int slots_id;
struct slots_net {
	struct sock *sock;
};
static char slots[SLOTS][32];
static DEFINE_MUTEX(slots_lock);

static struct sock *slots_sock(struct net *net)
{
	return ((struct slots_net *)net_generic(net, slots_id))->sock;
}

static int slots_fill(struct sk_buff *skb, u32 portid, u32 seq, u16 type, u16 flags, u32 number)
{
	struct nlmsghdr *nlh = nlmsg_put(skb, portid, seq, type, 0, flags);

	if (!nlh)
		return -EMSGSIZE;
	if (nla_put_u32(skb, SLOTS_A_NUMBER, number) || nla_put_string(skb, SLOTS_A_TEXT, slots[number])) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

static int slots_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	mutex_lock(&slots_lock);
	for (; cb->args[0] < SLOTS; cb->args[0]++)
		if (slots[cb->args[0]][0] &&
		    slots_fill(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, SLOTS_GET, NLM_F_MULTI, cb->args[0]))
			break;
	mutex_unlock(&slots_lock);
	return skb->len;
}

static int slots_answer(struct sk_buff *to, struct nlmsghdr *nlh, u32 number)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	u32 portid = NETLINK_CB(to).portid;

	if (!skb)
		return -ENOMEM;
	slots_fill(skb, portid, nlh->nlmsg_seq, SLOTS_GET, 0, number);
	return nlmsg_unicast(slots_sock(sock_net(to->sk)), skb, portid);
}

static void slots_tell(struct net *net, u32 number)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return;
	slots_fill(skb, 0, 0, SLOTS_CHANGED, 0, number);
	nlmsg_multicast(slots_sock(net), skb, 0, SLOTS_GROUP, GFP_KERNEL);
}

static int slots_request(struct sk_buff *skb, struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SLOTS_A_MAX + 1];
	u32 number;
	int err;

	if (nlh->nlmsg_type == SLOTS_GET && (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		struct netlink_dump_control control = { .dump = slots_dump };

		return netlink_dump_start(slots_sock(sock_net(skb->sk)), skb, nlh, &control);
	}
	err = nlmsg_parse(nlh, 0, tb, SLOTS_A_MAX, policy, extack);
	if (err)
		return err;
	if (!tb[SLOTS_A_NUMBER]) {
		NL_SET_ERR_ATTR_MISS(extack, NULL, SLOTS_A_NUMBER);
		NL_SET_ERR_MSG(extack, "which slot is meant");
		return -EINVAL;
	}
	number = nla_get_u32(tb[SLOTS_A_NUMBER]);
	mutex_lock(&slots_lock);
	switch (nlh->nlmsg_type) {
	case SLOTS_GET:
		if (slots[number][0]) {
			err = slots_answer(skb, nlh, number);
		} else {
			NL_SET_ERR_MSG_ATTR(extack, tb[SLOTS_A_NUMBER], "slot is empty");
			err = -ENOENT;
		}
		break;
	case SLOTS_SET:
		memset(slots[number], 0, sizeof(slots[number]));
		if (tb[SLOTS_A_TEXT])
			nla_strscpy(slots[number], tb[SLOTS_A_TEXT], sizeof(slots[number]));
		slots_tell(sock_net(skb->sk), number);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	mutex_unlock(&slots_lock);
	return err;
}

static void slots_input(struct sk_buff *skb) { netlink_rcv_skb(skb, slots_request); }

static int __net_init slots_net_init(struct net *net)
{
	struct netlink_kernel_cfg cfg = { .groups = SLOTS_GROUP, .input = slots_input };
	struct slots_net *s = net_generic(net, slots_id);

	s->sock = netlink_kernel_create(net, SLOTS_PROTOCOL, &cfg);
	return s->sock ? 0 : -ENOMEM;
}

static void __net_exit slots_net_exit(struct net *net) { netlink_kernel_release(slots_sock(net)); }

static struct pernet_operations slots_net_ops = {
	.init = slots_net_init,
	.exit = slots_net_exit,
	.id = &slots_id,
	.size = sizeof(struct slots_net),
};

static int __init slots_init(void) { return register_pernet_subsys(&slots_net_ops); }
static void __exit slots_exit(void) { unregister_pernet_subsys(&slots_net_ops); }

module_init(slots_init);
module_exit(slots_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A netlink protocol to test with");
