// The headers that specs are compared with, as one C source. Older kernels do not have all of them.
// The C library comes first, since one of them includes it and the others make room for it then.
#include <netinet/in.h>
// NHA_OP_FLAG_DUMP_STATS is made of what only the kernel has.
#define BIT(n) (1u << (n))
#if __has_include(<linux/acct.h>)
#include <linux/acct.h>
#endif
#if __has_include(<linux/amt.h>)
#include <linux/amt.h>
#endif
#if __has_include(<linux/batman_adv.h>)
#include <linux/batman_adv.h>
#endif
#if __has_include(<linux/bpf.h>)
#include <linux/bpf.h>
#endif
#if __has_include(<linux/caif/if_caif.h>)
#include <linux/caif/if_caif.h>
#endif
#if __has_include(<linux/can/netlink.h>)
#include <linux/can/netlink.h>
#endif
#if __has_include(<linux/can/vxcan.h>)
#include <linux/can/vxcan.h>
#endif
#if __has_include(<linux/cfm_bridge.h>)
#include <linux/cfm_bridge.h>
#endif
#if __has_include(<linux/cgroupstats.h>)
#include <linux/cgroupstats.h>
#endif
#if __has_include(<linux/devlink.h>)
#include <linux/devlink.h>
#endif
#if __has_include(<linux/dpll.h>)
#include <linux/dpll.h>
#endif
#if __has_include(<linux/ethtool.h>)
#include <linux/ethtool.h>
#endif
#if __has_include(<linux/ethtool_netlink.h>)
#include <linux/ethtool_netlink.h>
#endif
#if __has_include(<linux/ethtool_netlink_generated.h>)
#include <linux/ethtool_netlink_generated.h>
#endif
#if __has_include(<linux/fib_rules.h>)
#include <linux/fib_rules.h>
#endif
#if __has_include(<linux/filter.h>)
#include <linux/filter.h>
#endif
#if __has_include(<linux/gen_stats.h>)
#include <linux/gen_stats.h>
#endif
#if __has_include(<linux/genetlink.h>)
#include <linux/genetlink.h>
#endif
#if __has_include(<linux/hsr_netlink.h>)
#include <linux/hsr_netlink.h>
#endif
#if __has_include(<linux/icmpv6.h>)
#include <linux/icmpv6.h>
#endif
#if __has_include(<linux/if.h>)
#include <linux/if.h>
#endif
#if __has_include(<linux/if_addr.h>)
#include <linux/if_addr.h>
#endif
#if __has_include(<linux/if_addrlabel.h>)
#include <linux/if_addrlabel.h>
#endif
#if __has_include(<linux/if_bonding.h>)
#include <linux/if_bonding.h>
#endif
#if __has_include(<linux/if_bridge.h>)
#include <linux/if_bridge.h>
#endif
#if __has_include(<linux/if_ether.h>)
#include <linux/if_ether.h>
#endif
#if __has_include(<linux/if_link.h>)
#include <linux/if_link.h>
#endif
#if __has_include(<linux/if_packet.h>)
#include <linux/if_packet.h>
#endif
#if __has_include(<linux/if_tun.h>)
#include <linux/if_tun.h>
#endif
#if __has_include(<linux/if_tunnel.h>)
#include <linux/if_tunnel.h>
#endif
#if __has_include(<linux/if_vlan.h>)
#include <linux/if_vlan.h>
#endif
#if __has_include(<linux/if_xdp.h>)
#include <linux/if_xdp.h>
#endif
#if __has_include(<linux/ife.h>)
#include <linux/ife.h>
#endif
#if __has_include(<linux/ila.h>)
#include <linux/ila.h>
#endif
#if __has_include(<linux/in.h>)
#include <linux/in.h>
#endif
#if __has_include(<linux/in6.h>)
#include <linux/in6.h>
#endif
#if __has_include(<linux/inet_diag.h>)
#include <linux/inet_diag.h>
#endif
#if __has_include(<linux/ioam6.h>)
#include <linux/ioam6.h>
#endif
#if __has_include(<linux/ioam6_iptunnel.h>)
#include <linux/ioam6_iptunnel.h>
#endif
#if __has_include(<linux/ip.h>)
#include <linux/ip.h>
#endif
#if __has_include(<linux/ip6_tunnel.h>)
#include <linux/ip6_tunnel.h>
#endif
#if __has_include(<linux/ipv6.h>)
#include <linux/ipv6.h>
#endif
#if __has_include(<linux/lwtunnel.h>)
#include <linux/lwtunnel.h>
#endif
#if __has_include(<linux/mctp.h>)
#include <linux/mctp.h>
#endif
#if __has_include(<linux/mpls.h>)
#include <linux/mpls.h>
#endif
#if __has_include(<linux/mpls_iptunnel.h>)
#include <linux/mpls_iptunnel.h>
#endif
#if __has_include(<linux/mptcp.h>)
#include <linux/mptcp.h>
#endif
#if __has_include(<linux/mptcp_pm.h>)
#include <linux/mptcp_pm.h>
#endif
#if __has_include(<linux/mroute.h>)
#include <linux/mroute.h>
#endif
#if __has_include(<linux/mrp_bridge.h>)
#include <linux/mrp_bridge.h>
#endif
#if __has_include(<linux/neighbour.h>)
#include <linux/neighbour.h>
#endif
#if __has_include(<linux/net_namespace.h>)
#include <linux/net_namespace.h>
#endif
#if __has_include(<linux/net_tstamp.h>)
#include <linux/net_tstamp.h>
#endif
#if __has_include(<linux/netconf.h>)
#include <linux/netconf.h>
#endif
#if __has_include(<linux/netdev.h>)
#include <linux/netdev.h>
#endif
#if __has_include(<linux/netfilter.h>)
#include <linux/netfilter.h>
#endif
#if __has_include(<linux/netfilter/ipset/ip_set.h>)
#include <linux/netfilter/ipset/ip_set.h>
#endif
#if __has_include(<linux/netfilter/ipset/ip_set_hash.h>)
#include <linux/netfilter/ipset/ip_set_hash.h>
#endif
#if __has_include(<linux/netfilter/nf_conntrack_common.h>)
#include <linux/netfilter/nf_conntrack_common.h>
#endif
#if __has_include(<linux/netfilter/nf_conntrack_sctp.h>)
#include <linux/netfilter/nf_conntrack_sctp.h>
#endif
#if __has_include(<linux/netfilter/nf_conntrack_tcp.h>)
#include <linux/netfilter/nf_conntrack_tcp.h>
#endif
#if __has_include(<linux/netfilter/nf_conntrack_tuple_common.h>)
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#endif
#if __has_include(<linux/netfilter/nf_log.h>)
#include <linux/netfilter/nf_log.h>
#endif
#if __has_include(<linux/netfilter/nf_nat.h>)
#include <linux/netfilter/nf_nat.h>
#endif
#if __has_include(<linux/netfilter/nf_synproxy.h>)
#include <linux/netfilter/nf_synproxy.h>
#endif
#if __has_include(<linux/netfilter/nf_tables.h>)
#include <linux/netfilter/nf_tables.h>
#endif
#if __has_include(<linux/netfilter/nf_tables_compat.h>)
#include <linux/netfilter/nf_tables_compat.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink.h>)
#include <linux/netfilter/nfnetlink.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_acct.h>)
#include <linux/netfilter/nfnetlink_acct.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_compat.h>)
#include <linux/netfilter/nfnetlink_compat.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_conntrack.h>)
#include <linux/netfilter/nfnetlink_conntrack.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_cttimeout.h>)
#include <linux/netfilter/nfnetlink_cttimeout.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_hook.h>)
#include <linux/netfilter/nfnetlink_hook.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_log.h>)
#include <linux/netfilter/nfnetlink_log.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_osf.h>)
#include <linux/netfilter/nfnetlink_osf.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_queue.h>)
#include <linux/netfilter/nfnetlink_queue.h>
#endif
#if __has_include(<linux/netfilter/xt_osf.h>)
#include <linux/netfilter/xt_osf.h>
#endif
#if __has_include(<linux/netlink.h>)
#include <linux/netlink.h>
#endif
#if __has_include(<linux/netlink_diag.h>)
#include <linux/netlink_diag.h>
#endif
#if __has_include(<linux/nexthop.h>)
#include <linux/nexthop.h>
#endif
#if __has_include(<linux/ovpn.h>)
#include <linux/ovpn.h>
#endif
#if __has_include(<linux/packet_diag.h>)
#include <linux/packet_diag.h>
#endif
#if __has_include(<linux/pkt_cls.h>)
#include <linux/pkt_cls.h>
#endif
#if __has_include(<linux/pkt_sched.h>)
#include <linux/pkt_sched.h>
#endif
#if __has_include(<linux/rpl.h>)
#include <linux/rpl.h>
#endif
#if __has_include(<linux/rpl_iptunnel.h>)
#include <linux/rpl_iptunnel.h>
#endif
#if __has_include(<linux/rtnetlink.h>)
#include <linux/rtnetlink.h>
#endif
#if __has_include(<linux/sched.h>)
#include <linux/sched.h>
#endif
#if __has_include(<linux/sctp.h>)
#include <linux/sctp.h>
#endif
#if __has_include(<linux/seg6.h>)
#include <linux/seg6.h>
#endif
#if __has_include(<linux/seg6_iptunnel.h>)
#include <linux/seg6_iptunnel.h>
#endif
#if __has_include(<linux/seg6_local.h>)
#include <linux/seg6_local.h>
#endif
#if __has_include(<linux/smc_diag.h>)
#include <linux/smc_diag.h>
#endif
#if __has_include(<linux/snmp.h>)
#include <linux/snmp.h>
#endif
#if __has_include(<linux/sock_diag.h>)
#include <linux/sock_diag.h>
#endif
#if __has_include(<linux/socket.h>)
#include <linux/socket.h>
#endif
#if __has_include(<linux/taskstats.h>)
#include <linux/taskstats.h>
#endif
#if __has_include(<linux/tc_act/tc_bpf.h>)
#include <linux/tc_act/tc_bpf.h>
#endif
#if __has_include(<linux/tc_act/tc_connmark.h>)
#include <linux/tc_act/tc_connmark.h>
#endif
#if __has_include(<linux/tc_act/tc_csum.h>)
#include <linux/tc_act/tc_csum.h>
#endif
#if __has_include(<linux/tc_act/tc_ct.h>)
#include <linux/tc_act/tc_ct.h>
#endif
#if __has_include(<linux/tc_act/tc_ctinfo.h>)
#include <linux/tc_act/tc_ctinfo.h>
#endif
#if __has_include(<linux/tc_act/tc_defact.h>)
#include <linux/tc_act/tc_defact.h>
#endif
#if __has_include(<linux/tc_act/tc_gact.h>)
#include <linux/tc_act/tc_gact.h>
#endif
#if __has_include(<linux/tc_act/tc_gate.h>)
#include <linux/tc_act/tc_gate.h>
#endif
#if __has_include(<linux/tc_act/tc_ife.h>)
#include <linux/tc_act/tc_ife.h>
#endif
#if __has_include(<linux/tc_act/tc_mirred.h>)
#include <linux/tc_act/tc_mirred.h>
#endif
#if __has_include(<linux/tc_act/tc_mpls.h>)
#include <linux/tc_act/tc_mpls.h>
#endif
#if __has_include(<linux/tc_act/tc_nat.h>)
#include <linux/tc_act/tc_nat.h>
#endif
#if __has_include(<linux/tc_act/tc_pedit.h>)
#include <linux/tc_act/tc_pedit.h>
#endif
#if __has_include(<linux/tc_act/tc_sample.h>)
#include <linux/tc_act/tc_sample.h>
#endif
#if __has_include(<linux/tc_act/tc_skbedit.h>)
#include <linux/tc_act/tc_skbedit.h>
#endif
#if __has_include(<linux/tc_act/tc_skbmod.h>)
#include <linux/tc_act/tc_skbmod.h>
#endif
#if __has_include(<linux/tc_act/tc_tunnel_key.h>)
#include <linux/tc_act/tc_tunnel_key.h>
#endif
#if __has_include(<linux/tc_act/tc_vlan.h>)
#include <linux/tc_act/tc_vlan.h>
#endif
#if __has_include(<linux/tc_ematch/tc_em_cmp.h>)
#include <linux/tc_ematch/tc_em_cmp.h>
#endif
#if __has_include(<linux/tc_ematch/tc_em_ipt.h>)
#include <linux/tc_ematch/tc_em_ipt.h>
#endif
#if __has_include(<linux/tc_ematch/tc_em_meta.h>)
#include <linux/tc_ematch/tc_em_meta.h>
#endif
#if __has_include(<linux/tc_ematch/tc_em_nbyte.h>)
#include <linux/tc_ematch/tc_em_nbyte.h>
#endif
#if __has_include(<linux/tc_ematch/tc_em_text.h>)
#include <linux/tc_ematch/tc_em_text.h>
#endif
#if __has_include(<linux/tcp.h>)
#include <linux/tcp.h>
#endif
#if __has_include(<linux/tcp_metrics.h>)
#include <linux/tcp_metrics.h>
#endif
#if __has_include(<linux/time_types.h>)
#include <linux/time_types.h>
#endif
#if __has_include(<linux/tls.h>)
#include <linux/tls.h>
#endif
#if __has_include(<linux/unix_diag.h>)
#include <linux/unix_diag.h>
#endif
#if __has_include(<linux/veth.h>)
#include <linux/veth.h>
#endif
#if __has_include(<linux/wireguard.h>)
#include <linux/wireguard.h>
#endif
#if __has_include(<linux/wwan.h>)
#include <linux/wwan.h>
#endif
#if __has_include(<linux/xfrm.h>)
#include <linux/xfrm.h>
#endif
