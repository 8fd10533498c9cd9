// Package nflog holds tests of generated/nflog against the kernel of the machine they run on: packets that nft's rules log are compared
// with what was sent.
//
// The package has no code of its own.
package nflog
