// Package nfacct tests the generated package of that name against the running kernel. The witness is nfacct(8).
//
// The package has no code of its own.
package nfacct
