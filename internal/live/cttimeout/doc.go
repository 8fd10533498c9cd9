// Package cttimeout tests the generated package of that name against the running kernel. The witness is nfct(8), which lists policies, and
// /proc/sys, which has the defaults.
//
// The package has no code of its own.
package cttimeout
