// Package traffic makes packets for tests of what the kernel does with them: packets of connections of every kind, with all that a connection
// can have ([Packets]), and frames through a bridge ([NewBridge]).
package traffic
