// Package nftables holds tests of generated/nftables against the kernel of the machine they run on: rulesets that are made through it
// are read back and compared with what was asked for and with what nft lists, and what nft wrote is read and written again.
//
// The package has no code of its own.
package nftables
