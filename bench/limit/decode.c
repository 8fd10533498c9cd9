/*
 * Decoders of routes and links written by hand: one switch into one struct, every length checked. They are the limit for decoding.
 *
 *	decode route|link COUNT < MESSAGE     the bytes behind the netlink header
 */
#include "common.h"
#include <linux/if_link.h>

struct route {
	struct rtmsg header;
	uint32_t present, table, priority, oif, iif, metric;
	unsigned char dst[16], gateway[16], prefsrc[16];
	uint8_t dst_len, gateway_len, prefsrc_len;
	struct rta_cacheinfo cache;
};

struct link {
	struct ifinfomsg header;
	uint64_t present;
	char name[16], qdisc[32], kind[16], alias[256];
	uint32_t u32[128];
	uint8_t u8[128], address[32], broadcast[32], address_len, broadcast_len;
	struct rtnl_link_stats stats;
	struct rtnl_link_stats64 stats64;
	struct rtnl_link_ifmap map;
	uint32_t inet[64], inet6[64];
	uint64_t inet6_stats[64], icmp6_stats[16];
	struct ifla_cacheinfo cache;
};

static volatile uint64_t sink;

#define EACH(a, start, len) \
	for (const struct rtattr *a = (start), *end_##a = (const struct rtattr *)((const char *)a + (len)); \
	     (const char *)end_##a - (const char *)a >= 4 && a->rta_len >= 4 && a->rta_len <= (const char *)end_##a - (const char *)a; \
	     a = (const struct rtattr *)((const char *)a + RTA_ALIGN(a->rta_len)))

static inline size_t len_of(const struct rtattr *a) { return a->rta_len - 4u; }

static inline void u32(uint32_t *to, const struct rtattr *a)
{
	if (len_of(a) == 4)
		memcpy(to, RTA_DATA(a), 4);
}

static inline void addr(unsigned char *to, uint8_t *n, const struct rtattr *a)
{
	if (len_of(a) == 4 || len_of(a) == 16) {
		*n = (uint8_t)len_of(a);
		memcpy(to, RTA_DATA(a), *n);
	}
}

/* text copies a string, and bytes a struct that may be shorter or longer than it is known here. */
static inline void text(char *to, size_t size, const struct rtattr *a)
{
	size_t n = strnlen(RTA_DATA(a), len_of(a));

	if (n >= size)
		n = size - 1;
	memcpy(to, RTA_DATA(a), n);
	to[n] = 0;
}

static inline void bytes(void *to, size_t size, const struct rtattr *a)
{
	memcpy(to, RTA_DATA(a), len_of(a) < size ? len_of(a) : size);
}

__attribute__((noinline)) static int decode_route(struct route *r, const char *b, size_t n)
{
	if (n < sizeof(r->header))
		return -1;
	memset(r, 0, sizeof(*r));
	memcpy(&r->header, b, sizeof(r->header));
	EACH(a, (const struct rtattr *)(b + sizeof(r->header)), n - sizeof(r->header)) {
		r->present |= 1u << (a->rta_type & 31);
		switch (a->rta_type & NLA_TYPE_MASK) {
		case RTA_TABLE: u32(&r->table, a); break;
		case RTA_DST: addr(r->dst, &r->dst_len, a); break;
		case RTA_GATEWAY: addr(r->gateway, &r->gateway_len, a); break;
		case RTA_PREFSRC: addr(r->prefsrc, &r->prefsrc_len, a); break;
		case RTA_PRIORITY: u32(&r->priority, a); break;
		case RTA_OIF: u32(&r->oif, a); break;
		case RTA_IIF: u32(&r->iif, a); break;
		case RTA_CACHEINFO: bytes(&r->cache, sizeof(r->cache), a); break;
		}
	}
	return 0;
}

static void af_spec(struct link *l, const struct rtattr *spec)
{
	EACH(a, (const struct rtattr *)RTA_DATA(spec), len_of(spec)) {
		if (a->rta_type == AF_INET) {
			EACH(c, (const struct rtattr *)RTA_DATA(a), len_of(a)) {
				if (c->rta_type == IFLA_INET_CONF)
					bytes(l->inet, sizeof(l->inet), c);
			}
		} else if (a->rta_type == AF_INET6) {
			EACH(c, (const struct rtattr *)RTA_DATA(a), len_of(a)) {
				switch (c->rta_type) {
				case IFLA_INET6_CONF: bytes(l->inet6, sizeof(l->inet6), c); break;
				case IFLA_INET6_STATS: bytes(l->inet6_stats, sizeof(l->inet6_stats), c); break;
				case IFLA_INET6_ICMP6STATS: bytes(l->icmp6_stats, sizeof(l->icmp6_stats), c); break;
				case IFLA_INET6_CACHEINFO: bytes(&l->cache, sizeof(l->cache), c); break;
				}
			}
		}
	}
}

__attribute__((noinline)) static int decode_link(struct link *l, const char *b, size_t n)
{
	if (n < sizeof(l->header))
		return -1;
	memset(l, 0, sizeof(*l));
	memcpy(&l->header, b, sizeof(l->header));
	EACH(a, (const struct rtattr *)(b + sizeof(l->header)), n - sizeof(l->header)) {
		unsigned type = a->rta_type & NLA_TYPE_MASK;

		switch (type) {
		case IFLA_IFNAME: text(l->name, sizeof(l->name), a); break;
		case IFLA_QDISC: text(l->qdisc, sizeof(l->qdisc), a); break;
		case IFLA_IFALIAS: text(l->alias, sizeof(l->alias), a); break;
		case IFLA_ADDRESS: l->address_len = (uint8_t)len_of(a); bytes(l->address, sizeof(l->address), a); break;
		case IFLA_BROADCAST: l->broadcast_len = (uint8_t)len_of(a); bytes(l->broadcast, sizeof(l->broadcast), a); break;
		case IFLA_STATS: bytes(&l->stats, sizeof(l->stats), a); break;
		case IFLA_STATS64: bytes(&l->stats64, sizeof(l->stats64), a); break;
		case IFLA_MAP: bytes(&l->map, sizeof(l->map), a); break;
		case IFLA_AF_SPEC: af_spec(l, a); break;
		case IFLA_LINKINFO:
			EACH(c, (const struct rtattr *)RTA_DATA(a), len_of(a)) {
				if (c->rta_type == IFLA_INFO_KIND)
					text(l->kind, sizeof(l->kind), c);
			}
			break;
		default:
			if (type >= 128)
				break;
			if (len_of(a) == 4)
				u32(&l->u32[type], a);
			else if (len_of(a) == 1)
				l->u8[type] = *(const uint8_t *)RTA_DATA(a);
		}
		l->present |= 1ull << (type & 63);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static char buf[65536];
	static struct route r;
	static struct link l;
	uint64_t start;

	if (argc != 3)
		return 2;
	int count = atoi(argv[2]), route = !strcmp(argv[1], "route"), bad = 0;
	ssize_t n = read(0, buf, sizeof(buf));

	if (n <= 0)
		die("read");
	start = now();
	for (int i = 0; i < count; i++) {
		bad |= route ? decode_route(&r, buf, (size_t)n) : decode_link(&l, buf, (size_t)n);
		sink += r.oif + l.u32[IFLA_MTU];
	}
	start = now() - start;
	if (bad || (route ? r.oif == 0 : l.u32[IFLA_MTU] == 0)) {
		fprintf(stderr, "not decoded\n");
		return 1;
	}
	report((double)start / count, 1);
	return 0;
}
