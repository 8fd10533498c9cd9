// Package nfqueue holds tests of generated/nfqueue against the kernel of the machine they run on: packets that nft's rules hand over
// are held, changed, accepted, dropped and sent through the hook again, and a UDP socket says what became of them.
//
// The package has no code of its own.
package nfqueue
