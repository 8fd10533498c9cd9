/*
 * The limit that the Go libraries are measured against: it sends a dump request
 * and receives the answer, and parses nothing but what tells the end.
 *
 *	limit dump route|link ROUNDS BUFFER
 *	limit rtt  route|link COUNT  BUFFER
 *
 * It prints one line of JSON: nanoseconds per round (or per request), messages
 * seen, and the peak resident set in KiB.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(void)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die("socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fd;
}

/* request fills in a get request and returns its length. */
static size_t request(char *buf, const char *object, int flags)
{
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	memset(buf, 0, 128);
	h->nlmsg_seq = 1;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	if (!strcmp(object, "route")) {
		struct rtmsg *r = NLMSG_DATA(h);

		h->nlmsg_type = RTM_GETROUTE;
		h->nlmsg_len = NLMSG_LENGTH(sizeof(*r));
		r->rtm_family = AF_INET;
	} else {
		struct ifinfomsg *r = NLMSG_DATA(h);

		h->nlmsg_type = RTM_GETLINK;
		h->nlmsg_len = NLMSG_LENGTH(sizeof(*r));
		if (!(flags & NLM_F_DUMP))
			r->ifi_index = 1;
	}
	return h->nlmsg_len;
}

/* drain receives one dump and returns the number of bytes of it. */
static uint64_t drain(int fd, char *buf, size_t size)
{
	uint64_t bytes = 0;

	for (;;) {
		ssize_t n = recv(fd, buf, size, MSG_TRUNC);
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;

		if (n < 0)
			die("recv");
		if ((size_t)n > size) {
			fprintf(stderr, "truncated\n");
			exit(1);
		}
		/* A dump's DONE stands at the end of the last datagram or alone. */
		if (h->nlmsg_type == NLMSG_DONE)
			return bytes;
		if (h->nlmsg_type == NLMSG_ERROR) {
			fprintf(stderr, "refused\n");
			exit(1);
		}
		bytes += (uint64_t)n;
		if (n >= 20) {
			const struct nlmsghdr *last = (const struct nlmsghdr *)(buf + n - 20);

			if (last->nlmsg_type == NLMSG_DONE && last->nlmsg_len == 20)
				return bytes;
		}
	}
}

int main(int argc, char **argv)
{
	char req[128];
	struct rusage ru;
	uint64_t start, bytes = 0;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (argc != 5) {
		fprintf(stderr, "usage: limit dump|rtt route|link COUNT BUFFER\n");
		return 2;
	}
	int count = atoi(argv[3]);
	size_t size = (size_t)atoi(argv[4]);
	char *buf = malloc(size);
	int fd = open_socket();
	int dump = !strcmp(argv[1], "dump");
	size_t len = request(req, argv[2], dump ? NLM_F_DUMP : 0);

	if (!buf || size < 64)
		die("buffer");
	memset(buf, 0, size);
	start = now();
	for (int i = 0; i < count; i++) {
		if (sendto(fd, req, len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
			die("sendto");
		if (dump)
			bytes = drain(fd, buf, size);
		else
			bytes = (uint64_t)recv(fd, buf, size, MSG_TRUNC);
	}
	start = now() - start;
	getrusage(RUSAGE_SELF, &ru);
	printf("{\"ns\":%llu,\"bytes\":%llu,\"rss\":%ld}\n",
	       (unsigned long long)(start / (uint64_t)count), (unsigned long long)bytes, ru.ru_maxrss);
	return 0;
}
