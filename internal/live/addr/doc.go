// Package addr tests the generated package rtaddr against the running kernel: addresses and their states, multicast and anycast groups,
// and what is told of them. The witnesses are ip-address(8), ip-maddress(8) and /proc.
//
// The package has no code of its own.
package addr
