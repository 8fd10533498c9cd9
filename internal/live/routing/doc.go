// Package routing tests what decides where packets go against the running kernel: routes (rtroute) with their encapsulations, nexthop
// objects (rtnexthop), rules (rtrule), neighbours and their tables (rtneigh), numbers of namespaces (rtnsid), address labels
// (rtaddrlabel) and netconf (rtnetconf). The witnesses are ip(8) and bridge(8).
//
// The package has no code of its own.
package routing
