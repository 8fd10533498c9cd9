// Package ipset tests the generated package of that name against the running kernel. The witness is ipset(8): each set that our package
// made or read is written as ipset save writes it, and has to be the very line that ipset writes.
//
// The package has no code of its own.
package ipset
