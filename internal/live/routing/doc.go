// Package routing holds tests of the smaller families of routing against the kernel of the machine they run on: neighbours and
// their tables, rules, nexthop objects, numbers of namespaces, address labels, netconf. ip and bridge are the witnesses.
//
// The package has no code of its own.
package routing
