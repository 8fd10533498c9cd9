#!/bin/busybox sh
# The first process of the guest: makes a plain system, loads the modules, runs the script and says how it ended.
# /etc/vm/settings sets end (the word that ends an output), /etc/vm/modules and /etc/vm/shares list what is wanted.
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /etc /bin /sbin /usr/bin /usr/sbin
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp LANG=C.UTF-8 NLGEN_VM=1

mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
for kind in cgroup2:/sys/fs/cgroup bpf:/sys/fs/bpf debugfs:/sys/kernel/debug tracefs:/sys/kernel/tracing; do
	mount -t ${kind%%:*} ${kind%%:*} ${kind#*:} 2>/dev/null
done

for port in /sys/class/virtio-ports/*; do
	read -r name <"$port/name"
	ln -s "/dev/${port##*/}" "/dev/$name"
done
. /etc/vm/settings
# A port can be opened once, so these stay open until the end.
exec 7>/dev/vm.out 8>/dev/vm.err 9>/dev/vm.ctl
[ -e /dev/vm.in ] || ln -s null /dev/vm.in

hostname vm
# Otherwise each namespace begins with up to nine tunnel devices.
echo 2 >/proc/sys/net/core/fb_tunnels_only_for_init_net
while read -r module options; do
	error=$(insmod "/lib/modules/$module.ko" $options 2>&1) || echo "refused $module ${error#*: }" >&9
done </etc/vm/modules
/bin/busybox ip link set lo up

while read -r tag folder; do
	mkdir -p "$folder"
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro "$tag" "$folder" || echo "unshared $folder" >&9
done </etc/vm/shares

read -r uptime idle </proc/uptime
echo "ready $uptime" >&9
# This shell prefers its own commands to those in PATH; a function comes before both.
for tool in /usr/local/bin/*; do
	[ -x "$tool" ] && echo "${tool##*/}() { $tool \"\$@\"; }" >>/etc/vm/tools
done
sh -c 'if [ -e /etc/vm/tools ]; then . /etc/vm/tools; fi; . /etc/vm/script' </dev/vm.in >&7 2>&8 7>&- 8>&- 9>&-
code=$?
# The word that ends an output goes out behind all that the script wrote.
printf %s "$end" >&7
printf %s "$end" >&8
echo "exit $code" >&9
# The host ends the machine when it has read everything.
sleep 20
poweroff -f
