// Package oracle holds tests that have another netlink library read what generated packages write, and write it again. They need no
// kernel.
//
// The package has no code of its own.
package oracle
