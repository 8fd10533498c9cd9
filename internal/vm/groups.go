package vm

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A Module is a kernel module and the options it is loaded with.
type Module struct {
	Name    string // with underscores, as the kernel spells it
	Options string // "max_bonds=0", several with a space between them
	File    string // of a module that the kernel's package does not have
}

// groups are lists of modules that belong together, by what a test is about. A group may hold other groups.
var groups = map[string]string{
	"core":   "dummy:numdummies=0 veth bridge 8021q vxlan macvlan vrf bonding:max_bonds=0",
	"link":   "@core macvtap ipvlan ipvtap ifb:numifbs=0 nlmon tun team hsr macsec geneve gtp vcan vxcan vsockmon batman_adv wireguard ppp_generic kvaser_pci ctucanfd_pci slcan",
	"nic":    "e1000e e100 virtio_net vmxnet3 libphy dimlib udp_tunnel",
	"team":   "team team_mode_activebackup team_mode_broadcast team_mode_loadbalance team_mode_random team_mode_roundrobin",
	"tunnel": "ip_gre ip6_gre ipip ip6_tunnel sit ip_vti ip6_vti xfrm_interface vxlan geneve fou fou6 l2tp_core l2tp_netlink l2tp_eth l2tp_ip l2tp_ip6",
	"route":  "mpls_router mpls_iptunnel mpls_gso vrf ila",
	"queue": "sch_cake sch_cbs sch_choke sch_codel sch_drr sch_etf sch_ets sch_fq sch_fq_pie sch_gred sch_hfsc sch_hhf sch_htb sch_ingress " +
		"sch_mqprio sch_multiq sch_netem sch_pie sch_plug sch_prio sch_qfq sch_red sch_sfb sch_sfq sch_skbprio sch_taprio sch_tbf sch_teql",
	"classify": "cls_basic cls_bpf cls_cgroup cls_flow cls_flower cls_fw cls_matchall cls_route cls_u32 em_canid em_cmp em_ipset em_ipt em_meta em_nbyte em_text em_u32 ts_kmp " +
		"ip_tables ip6_tables xt_addrtype xt_policy",
	"action": "act_bpf act_connmark act_csum act_ct act_ctinfo act_gact act_gate act_ife act_mirred act_mpls act_nat act_pedit act_police " +
		"act_meta_mark act_meta_skbprio act_meta_skbtcindex act_sample act_simple act_skbedit act_skbmod act_tunnel_key act_vlan psample",
	"tc":    "@queue @classify @action",
	"track": "nfnetlink nf_conntrack nf_conntrack_netlink nfnetlink_cttimeout nfnetlink_cthelper nf_conntrack_ftp",
	"filter": "@track nfnetlink_log nfnetlink_queue nfnetlink_acct nfnetlink_osf nfnetlink_hook nf_log_syslog nf_tables nft_compat nft_connlimit " +
		"nft_ct nft_dup_ipv4 nft_dup_ipv6 nft_dup_netdev nft_fib nft_fib_inet nft_fib_ipv4 nft_fib_ipv6 nft_fib_netdev nft_flow_offload " +
		"nft_fwd_netdev nft_hash nft_limit nft_log nft_masq nft_nat nft_numgen nft_osf nft_queue nft_quota nft_redir nft_reject " +
		"nft_reject_inet nft_reject_ipv4 nft_reject_ipv6 nft_reject_bridge nft_meta_bridge nft_socket nft_synproxy nft_tproxy nft_tunnel " +
		"nft_xfrm nft_chain_nat nf_flow_table nf_flow_table_inet xt_mark xt_nfacct xt_tcpudp",
	"set": "ip_set ip_set_bitmap_ip ip_set_bitmap_ipmac ip_set_bitmap_port ip_set_hash_ip ip_set_hash_ipmac ip_set_hash_ipmark " +
		"ip_set_hash_ipport ip_set_hash_ipportip ip_set_hash_ipportnet ip_set_hash_mac ip_set_hash_net ip_set_hash_netiface " +
		"ip_set_hash_netnet ip_set_hash_netport ip_set_hash_netportnet ip_set_list_set",
	"ipvs":   "ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_sh ip_vs_mh",
	"switch": "openvswitch vport_vxlan vport_gre vport_geneve",
	"cipher": "authenc crypto_null echainiv seqiv gcm ccm ctr cbc chacha20poly1305 crypto_user",
	"xfrm":   "@cipher xfrm_user xfrm_algo esp4 esp6 ah4 ah6 ipcomp ipcomp6 xfrm_interface af_key",
	"diag": "inet_diag tcp_diag udp_diag raw_diag unix_diag af_packet_diag netlink_diag mptcp_diag sctp_diag dccp_diag tipc_diag smc_diag vsock_diag " +
		"xsk_diag",
	"protocol": "tcp_bbr tcp_dctcp tcp_vegas sctp dccp smc tls gcm ghash_generic tipc qrtr phonet kcm vsock vsock_loopback can can_raw can_gw",
	"radio":    "cfg80211 mac80211 mac80211_hwsim:radios=2 ieee802154 mac802154 mac802154_hwsim ieee802154_6lowpan nfc nfcsim",
	"storage":  "configfs null_blk:nr_devices=0 nbd target_core_mod target_core_user sunrpc lockd nfsd",
	"rdma":     "ib_core ib_uverbs rdma_cm rdma_rxe ib_ipoib",
	"generic":  "@team @switch @radio wireguard fou l2tp_netlink macsec gtp hsr ip_vs smc tipc batman_adv drop_monitor psample wwan nbd nfsd",
	"all":      "@link @nic @team @tunnel @route @tc @filter @set @ipvs @switch @xfrm @diag @protocol @radio @storage @rdma @generic",
}

// Groups returns the names of the groups of modules.
func Groups() []string {
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ParseModules reads a list of modules with commas or spaces between them: names, names with options ("bonding:max_bonds=0"), groups
// ("@link") and files ("./netdevsim.ko"). Each module comes once, with the options it had first.
func ParseModules(list string) ([]Module, error) {
	var out []Module
	seen := map[string]bool{}
	var add func(list string) error
	add = func(list string) error {
		for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			if seen[word] {
				continue
			}
			seen[word] = true
			if group, ok := strings.CutPrefix(word, "@"); ok {
				members, ok := groups[group]
				if !ok {
					return fmt.Errorf("no group of modules is named %q; there are %s", word, strings.Join(Groups(), ", "))
				}
				if err := add(members); err != nil {
					return err
				}
				continue
			}
			name, options, _ := strings.Cut(word, ":")
			var file string
			if base, ok := strings.CutSuffix(name, ".ko"); ok {
				file, name = name, filepath.Base(base)
			}
			name = underscores(name)
			if !plain(name) || !plain(strings.NewReplacer("=", "", ":", "", ".", "").Replace(options)) {
				return fmt.Errorf("%q is not the name of a module", word)
			}
			if !slices.ContainsFunc(out, func(m Module) bool { return m.Name == name }) {
				out = append(out, Module{Name: name, Options: strings.ReplaceAll(options, ":", " "), File: file})
			}
		}
		return nil
	}
	if err := add(list); err != nil {
		return nil, err
	}
	return out, nil
}

// underscores spells the name of a module as the kernel does; its file may have dashes.
func underscores(name string) string { return strings.ReplaceAll(name, "-", "_") }

// plain reports whether a word needs no quotes in a shell.
func plain(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}
