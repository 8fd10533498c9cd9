/*
 * The same work with libmnl, the thinnest library for C: it walks and validates attributes into a table of pointers.
 *
 *	mnl dump route|link|flow COUNT
 *	mnl rtt  route|link|genl COUNT
 */
#include "common.h"
#include <libmnl/libmnl.h>

static volatile uint64_t sink;

static int attr(const struct nlattr *a, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_type_valid(a, 63) >= 0)
		table[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

/* message reads what most programs want. */
static int message(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *t[64] = { 0 };
	size_t header = *(const size_t *)data;

	mnl_attr_parse(h, (unsigned)header, attr, t);
	for (int i = 0; i < 64; i++) {
		if (t[i] && mnl_attr_get_payload_len(t[i]) == 4)
			sink += mnl_attr_get_u32(t[i]);
		else if (t[i])
			sink += mnl_attr_get_payload_len(t[i]);
	}
	return MNL_CB_OK;
}

int main(int argc, char **argv)
{
	static char buf[65536];
	char req[128];

	if (argc != 4)
		return 2;
	int all = !strcmp(argv[1], "dump"), count = atoi(argv[3]);
	struct mnl_socket *s = mnl_socket_open(protocol(argv[2]));
	size_t len = request(req, argv[2], all), header = len - NLMSG_HDRLEN;
	unsigned port;
	uint64_t start;

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
		die("mnl_socket");
	if (!all) {
		header = !strcmp(argv[2], "route") ? sizeof(struct rtmsg) : !strcmp(argv[2], "genl") ? sizeof(struct genlmsghdr) : sizeof(struct ifinfomsg);
		((struct nlmsghdr *)req)->nlmsg_flags |= NLM_F_ACK;
	}
	port = mnl_socket_get_portid(s);
	start = now();
	for (int i = 0; i < count; i++) {
		int more = 1;

		((struct nlmsghdr *)req)->nlmsg_seq = (uint32_t)i + 1;
		if (mnl_socket_sendto(s, req, len) < 0)
			die("send");
		while (more > 0) {
			ssize_t n = mnl_socket_recvfrom(s, buf, sizeof(buf));

			if (n < 0)
				die("recv");
			more = mnl_cb_run(buf, (size_t)n, (uint32_t)i + 1, port, message, &header);
			if (more < 0)
				die("answer");
		}
	}
	report((double)(now() - start) / count, 0);
	return 0;
}
