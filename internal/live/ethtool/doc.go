// Package ethtool tests the generated package of the same name on the running kernel: what the drivers of veth and tap links know is
// read and set, and compared with what ethtool prints, as JSON where it can, else as text; what they do not know is refused, with the
// kernel's words.
//
// The package has no code of its own.
package ethtool
