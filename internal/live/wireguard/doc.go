// Package wireguard tests the generated package of the same name against a kernel that has WireGuard: devices and peers that are set
// are compared with what wg shows, a handshake between two devices included; recorded messages of wg are read and written again.
//
// The package has no code of its own.
package wireguard
