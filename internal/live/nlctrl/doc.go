// Package nlctrl tests the generated package of that name against the running kernel: families of generic netlink, their operations,
// groups and policies. The witness is genl(8).
//
// The package has no code of its own.
package nlctrl
