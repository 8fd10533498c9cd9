// Package bridge holds tests of the families of bridges against the kernel of the machine they run on: ports, VLANs and their tunnels,
// the VLAN database, the multicast databases of bridges and VXLAN links. bridge is the witness.
//
// The package has no code of its own.
package bridge
