/*
 * The limit that the libraries are measured against: it sends requests and receives answers, and parses nothing but what tells
 * the end.
 *
 *	limit dump  route|link|flow COUNT     dumps, received into a buffer of 64 KiB
 *	limit rtt   route|link|genl COUNT     single requests
 *	limit add   every|last ROUTES         routes added with an ack each, or one a datagram of 64
 *	limit drain x ROUTES                  queued notifications of as many routes
 *	limit storm x ROUTES                  notifications that are received while another process adds the routes
 */
#include "common.h"

enum { BUFFER = 65536, BATCH = 64 };

static int open_socket(int proto)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, proto);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die("socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	return fd;
}

static void put(int fd, const char *buf, size_t len)
{
	if (send(fd, buf, len, 0) != (ssize_t)len)
		die("send");
}

static ssize_t get(int fd, char *buf)
{
	ssize_t n = recv(fd, buf, BUFFER, MSG_TRUNC);

	if (n < 0)
		die("recv");
	if (n > BUFFER) {
		fprintf(stderr, "truncated\n");
		exit(1);
	}
	return n;
}

/* dump receives one dump. Its DONE stands at the end of the last datagram or alone. */
static void dump(int fd, char *buf)
{
	for (;;) {
		ssize_t n = get(fd, buf);
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
		const struct nlmsghdr *last = (const struct nlmsghdr *)(buf + n - 20);

		if (h->nlmsg_type == NLMSG_ERROR) {
			fprintf(stderr, "refused\n");
			exit(1);
		}
		if (h->nlmsg_type == NLMSG_DONE || (n >= 20 && last->nlmsg_type == NLMSG_DONE && last->nlmsg_len == 20))
			return;
	}
}

/* add adds routes from messages that were made before, in datagrams of 64, and returns the time. */
static uint64_t add(int fd, char *buf, int routes, int every)
{
	unsigned link = if_nametoindex(WRITE_LINK);
	char *all = malloc((size_t)routes * 64);
	size_t *end = malloc(((size_t)routes + 1) * sizeof(*end));
	uint64_t start;

	if (!all || !end || !link)
		die("add");
	end[0] = 0;
	for (int i = 0; i < routes; i++) {
		int ack = every || i % BATCH == BATCH - 1 || i == routes - 1;

		end[i + 1] = end[i] + newroute(all + end[i], i, link, ack ? NLM_F_ACK : 0);
	}
	start = now();
	for (int i = 0; i < routes; i += BATCH) {
		int upto = i + BATCH < routes ? i + BATCH : routes;

		put(fd, all + end[i], end[upto] - end[i]);
		for (int acks = every ? upto - i : 1; acks > 0; acks--) {
			const struct nlmsgerr *e = NLMSG_DATA((struct nlmsghdr *)buf);

			get(fd, buf);
			if (e->error) {
				errno = -e->error;
				die("add");
			}
		}
	}
	return now() - start;
}

int main(int argc, char **argv)
{
	static char buf[BUFFER];
	char req[128];
	uint64_t start;

	if (argc != 4) {
		fprintf(stderr, "usage: limit dump|rtt|add|drain|storm WHAT COUNT\n");
		return 2;
	}
	int count = atoi(argv[3]);
	memset(buf, 0, sizeof(buf));
	if (!strcmp(argv[1], "add")) {
		report((double)add(open_socket(NETLINK_ROUTE), buf, count, !strcmp(argv[2], "every")), (uint64_t)count);
	} else if (!strcmp(argv[1], "drain") || !strcmp(argv[1], "storm")) {
		int fd = open_socket(NETLINK_ROUTE), size = 512 << 20, group = RTNLGRP_IPV4_ROUTE;

		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
		    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			die("subscribe");
		start = now();
		if (!strcmp(argv[1], "drain")) {
			add(open_socket(NETLINK_ROUTE), buf, count, 0);
			start = now();
		} else if (!fork()) {
			add(open_socket(NETLINK_ROUTE), buf, count, 0);
			_exit(0);
		}
		for (int i = 0; i < count; i++)
			get(fd, buf);
		report((double)(now() - start), (uint64_t)count);
	} else {
		int all = !strcmp(argv[1], "dump");
		int fd = open_socket(protocol(argv[2]));
		size_t len = request(req, argv[2], all);

		start = now();
		for (int i = 0; i < count; i++) {
			put(fd, req, len);
			if (all)
				dump(fd, buf);
			else
				get(fd, buf);
		}
		report((double)(now() - start) / count, 0);
	}
	return 0;
}
