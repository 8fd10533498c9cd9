#!/bin/sh
# Builds ip6encaps.ko for the kernel of the guest: the encapsulations rpl and ioam6 of routes, which are part of the kernel's IPv6 where a
# kernel has them. Debian's has not; their sources are in the package of the kernel's sources.
#
#	ip6encaps.sh VERSION FOLDER	such as 6.12.117+deb12-amd64 bin
set -eu
here=$(dirname "$(realpath "$0")")
version=$1 out=$(realpath -m "$2")
paths=$("$here/kbuild.sh" "$version" net/ipv6)
headers=${paths% *} source=${paths#* }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r "$source" "$dir/ipv6"
cd "$dir"
cat >ipv6/Kbuild <<'end'
obj-m := ip6encaps.o
ip6encaps-y := init.o rpl.o rpl_iptunnel.o ioam6.o ioam6_iptunnel.o
ccflags-y := -DCONFIG_IPV6_RPL_LWTUNNEL -DCONFIG_IPV6_IOAM6_LWTUNNEL
end
# Two functions that the kernel keeps from modules are found with the help of probes.
cat >ipv6/init.c <<'end'
#include <linux/kprobes.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <net/ioam6.h>
#include <net/ip6_route.h>
#include <net/rpl.h>

static typeof(ip6_route_input) *route_input;
static typeof(ipv6_chk_rpl_srh_loop) *check_loop;

void ip6_route_input(struct sk_buff *skb)
{
	route_input(skb);
}

int ipv6_chk_rpl_srh_loop(struct net *net, const struct in6_addr *segs, unsigned char nsegs)
{
	return check_loop(net, segs, nsegs);
}

static void *find(const char *name)
{
	struct kprobe probe = { .symbol_name = name };

	if (register_kprobe(&probe))
		return NULL;
	unregister_kprobe(&probe);
	return probe.addr;
}

static int __init ip6encaps_init(void)
{
	route_input = find("ip6_route_input");
	check_loop = find("ipv6_chk_rpl_srh_loop");
	if (!route_input || !check_loop)
		return -ENOENT;
	return rpl_init() ?: ioam6_iptunnel_init();
}
module_init(ip6encaps_init);
MODULE_LICENSE("GPL");
end
make -s -j "$(nproc)" -C "$headers" "M=$dir/ipv6" modules
install -D -m 644 -t "$out" "$dir/ipv6/ip6encaps.ko"
