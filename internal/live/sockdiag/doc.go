// Package sockdiag tests the generated packages inetdiag, unixdiag, packetdiag and netlinkdiag against the running kernel. The witnesses
// are ss(8), /proc/net, and the sockets themselves: what getsockopt says of them.
//
// The package has no code of its own.
package sockdiag
