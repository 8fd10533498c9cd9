// Package vm runs a shell script as root on a Linux kernel of its own, in a virtual machine, and hands back what it printed and its
// exit status.
//
// The guest is a kernel with its modules, as a Debian package brings them, and an archive that is built for each run: busybox, the
// modules that are asked for, tools of the host with their libraries, and an init script. Folders of the host are shown read-only.
// There is no disk image, no network and no need for root or for KVM: QEMU translates the guest's code.
//
// Input and output go over serial ports of the guest, byte for byte:
//
//	script ── stdin ─── port vm.in ─── Config.Stdin
//	       ├─ stdout ── port vm.out ── Config.Stdout
//	       └─ stderr ── port vm.err ── Config.Stderr
//	init   ── words ─── port vm.ctl ── Result
//
// The package knows QEMU, Debian's packages and the layout of a kernel; it knows nothing about tests or netlink. Command vmtest
// runs tests with it.
package vm
