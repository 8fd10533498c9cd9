#!/bin/sh
# Builds bridge.ko for the kernel of the guest: the module as Debian's kernel has it, with media redundancy (MRP) and connectivity fault
# management (CFM) besides. It is loaded in place of the other one; its sources are in the package of the kernel's sources.
#
#	bridge.sh VERSION FILE	such as 6.12.117+deb12-amd64 bin/bridge.ko
set -eu
here=$(dirname "$(realpath "$0")")
version=$1 file=$(realpath -m "$2")
series=$(echo "${version%-*}" | cut -d . -f 1,2)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
headers=$("$here/kbuild.sh" "$version" "$dir")
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download "linux-source-$series"
dpkg-deb --fsys-tarfile linux-source-*.deb | tar -x --wildcards '*/linux-source-*.tar.xz'
# Headers of the kernel's lead to the sources by way of here.
net=unpacked/usr/src/linux-headers-${version%-*}-common/net
mkdir -p "$net"
tar -xf usr/src/linux-source-*.tar.xz -C "$net" --strip-components 2 "linux-source-$series/net/bridge"
# A kernel with drivers of switches wants one of them for rings; this bridge is to do without.
echo '#undef CONFIG_NET_SWITCHDEV' >"$net/bridge/software.h"
cat >>"$net/bridge/Makefile" <<'end'
ccflags-y += -DCONFIG_BRIDGE_MRP=1 -DCONFIG_BRIDGE_CFM=1
CFLAGS_br_mrp_switchdev.o := -include $(src)/software.h
end
make -s -C "$headers" "M=$dir/$net/bridge" CONFIG_BRIDGE_MRP=y CONFIG_BRIDGE_CFM=y CONFIG_NETFILTER= modules
strip -g "$net/bridge/bridge.ko"
install -D -m 644 "$net/bridge/bridge.ko" "$file"
