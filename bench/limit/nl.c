/*
 * The same work with libnl and libnl-route. A cache of routes takes quadratic time; so the dump of routes parses objects and drops
 * them.
 *
 *	nl dump route|link COUNT
 *	nl rtt  link       COUNT
 */
#include "common.h"
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

static int parse(struct nl_msg *msg, void *arg)
{
	struct rtnl_route *r = NULL;

	(void)arg;
	if (rtnl_route_parse(nlmsg_hdr(msg), &r) == 0)
		rtnl_route_put(r);
	return NL_OK;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int all = !strcmp(argv[1], "dump"), route = !strcmp(argv[2], "route"), count = atoi(argv[3]);
	struct nl_sock *s = nl_socket_alloc();
	uint64_t start;

	if (!s || nl_connect(s, NETLINK_ROUTE))
		die("nl_connect");
	nl_socket_set_msg_buf_size(s, 65536);
	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, parse, NULL);
	start = now();
	for (int i = 0; i < count; i++) {
		if (route) {
			struct rtmsg r = { .rtm_family = AF_INET };

			if (nl_send_simple(s, RTM_GETROUTE, NLM_F_DUMP, &r, sizeof(r)) < 0 || nl_recvmsgs_default(s) < 0)
				die("dump");
		} else if (all) {
			struct nl_cache *c = NULL;

			if (rtnl_link_alloc_cache(s, AF_UNSPEC, &c))
				die("cache");
			nl_cache_free(c);
		} else {
			struct rtnl_link *l = NULL;

			if (rtnl_link_get_kernel(s, 1, NULL, &l))
				die("link");
			rtnl_link_put(l);
		}
	}
	report((double)(now() - start) / count, 0);
	return 0;
}
