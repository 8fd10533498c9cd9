// Package policy compares specs of generic netlink families with what the running kernel says of them through nlctrl: which operations
// and multicast groups there are, who may call what, and which attributes each operation accepts.
//
// The kernel's answer is the set of policies that it checks requests with. So it says nothing of replies, of byte orders, of what is
// in binaries, and of the checks that come later. What the kernel names no policy for is not compared.
package policy
