/* What the programs of this folder share: a clock, a socket, requests, and the line that they print. */
#ifndef COMMON_H
#define COMMON_H

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* report prints what measure.Sample reads: nanoseconds for one operation, and the items in it. */
static inline void report(double ns, uint64_t items)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	printf("{\"ns\":%.2f,\"items\":%llu,\"rss\":%ld}\n", ns, (unsigned long long)items, ru.ru_maxrss);
}

/* protocol is the netlink protocol of an object: route, link, flow, genl. */
static inline int protocol(const char *object)
{
	if (!strcmp(object, "flow"))
		return NETLINK_NETFILTER;
	return !strcmp(object, "genl") ? NETLINK_GENERIC : NETLINK_ROUTE;
}

/*
 * request fills in a request for an object and returns its length: all IPv4 routes, all links, all flows; or the route to an
 * address, lo, nlctrl's own family.
 */
static inline size_t request(char *buf, const char *object, int dump)
{
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	memset(buf, 0, 128);
	h->nlmsg_seq = 1;
	h->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0);
	if (!strcmp(object, "route")) {
		struct rtmsg *r = NLMSG_DATA(h);
		struct rtattr *a = (struct rtattr *)(r + 1);

		h->nlmsg_type = RTM_GETROUTE;
		h->nlmsg_len = NLMSG_LENGTH(sizeof(*r));
		r->rtm_family = AF_INET;
		if (!dump) {
			r->rtm_dst_len = 32;
			a->rta_type = RTA_DST;
			a->rta_len = RTA_LENGTH(4);
			memcpy(RTA_DATA(a), "\177\0\0\1", 4);
			h->nlmsg_len += RTA_SPACE(4);
		}
	} else if (!strcmp(object, "flow")) {
		h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
		h->nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	} else if (!strcmp(object, "genl")) {
		struct genlmsghdr *g = NLMSG_DATA(h);
		struct rtattr *a = (struct rtattr *)(g + 1);

		h->nlmsg_type = GENL_ID_CTRL;
		g->cmd = CTRL_CMD_GETFAMILY;
		g->version = 2;
		a->rta_type = CTRL_ATTR_FAMILY_NAME;
		a->rta_len = RTA_LENGTH(7);
		memcpy(RTA_DATA(a), "nlctrl", 7);
		h->nlmsg_len = NLMSG_LENGTH(sizeof(*g)) + RTA_SPACE(7);
	} else {
		struct ifinfomsg *r = NLMSG_DATA(h);

		h->nlmsg_type = RTM_GETLINK;
		h->nlmsg_len = NLMSG_LENGTH(sizeof(*r));
		if (!dump)
			r->ifi_index = 1;
	}
	return h->nlmsg_len;
}

/* A table of its own for the routes that programs add, and the interface that they go through: without it they are gone. */
#define WRITE_TABLE 1000
#define WRITE_LINK "w0"

/* newroute fills in a request that adds the nth route through an interface, and returns its length. */
static inline size_t newroute(char *buf, int n, unsigned link, int flags)
{
	struct nlmsghdr *h = (struct nlmsghdr *)buf;
	struct rtmsg *r = NLMSG_DATA(h);
	struct rtattr *a = (struct rtattr *)(r + 1);
	unsigned char dst[4] = { 10, (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n };
	uint32_t table = WRITE_TABLE;

	memset(buf, 0, NLMSG_LENGTH(sizeof(*r)));
	h->nlmsg_type = RTM_NEWROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | flags;
	h->nlmsg_seq = (uint32_t)n + 1;
	r->rtm_family = AF_INET;
	r->rtm_dst_len = 32;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_scope = RT_SCOPE_LINK;
	r->rtm_type = RTN_UNICAST;
	a->rta_type = RTA_DST;
	a->rta_len = RTA_LENGTH(4);
	memcpy(RTA_DATA(a), dst, 4);
	a = (struct rtattr *)((char *)a + RTA_SPACE(4));
	a->rta_type = RTA_OIF;
	a->rta_len = RTA_LENGTH(4);
	memcpy(RTA_DATA(a), &link, 4);
	a = (struct rtattr *)((char *)a + RTA_SPACE(4));
	a->rta_type = RTA_TABLE;
	a->rta_len = RTA_LENGTH(4);
	memcpy(RTA_DATA(a), &table, 4);
	h->nlmsg_len = (uint32_t)((char *)a + RTA_SPACE(4) - buf);
	return h->nlmsg_len;
}

#endif
