// Package ethtool tests the generated package of the same name on the running kernel: what the drivers of links know is read and set,
// and compared with what ethtool prints, as JSON where it can, else as text; what they do not know is refused, with the kernel's words.
//
// Virtual links (veth and tap) know a part of it, the network cards that QEMU emulates another. A link of our own module, nlgen_nic
// (testdata), knows all that the kernel of the virtual machine can ask for, with a PHY and a pluggable module: what of that ethtool
// does not print the driver tells by itself.
//
// The package has no code of its own.
package ethtool
