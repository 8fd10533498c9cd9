#!/bin/sh
# Builds bridge.ko for the kernel of the guest: the module as Debian's kernel has it, with media redundancy (MRP) and connectivity fault
# management (CFM) besides. The guest boots with it in place of the other one; its sources are in the package of the kernel's sources.
#
#	bridge.sh VERSION FOLDER	such as 6.12.117+deb12-amd64 bin
set -eu
here=$(dirname "$(realpath "$0")")
version=$1 out=$(realpath -m "$2")/boot
paths=$("$here/kbuild.sh" "$version" net/bridge)
headers=${paths% *} source=${paths#* }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r "$source" "$dir/bridge"
# A kernel with drivers of switches wants one of them for rings; this bridge is to do without.
echo '#undef CONFIG_NET_SWITCHDEV' >"$dir/bridge/software.h"
cat >>"$dir/bridge/Makefile" <<'end'
ccflags-y += -DCONFIG_BRIDGE_MRP=1 -DCONFIG_BRIDGE_CFM=1
CFLAGS_br_mrp_switchdev.o := -include $(src)/software.h
end
# One of the kernel's headers leads to the sources by way of its own folder.
ln -sfn "${source%/bridge}" "$(dirname "$headers")/linux-headers-${version%-*}-common/net"
make -s -j "$(nproc)" -C "$headers" "M=$dir/bridge" CONFIG_BRIDGE_MRP=y CONFIG_BRIDGE_CFM=y CONFIG_NETFILTER= modules
strip -g "$dir/bridge/bridge.ko"
install -D -m 644 -t "$out" "$dir/bridge/bridge.ko"
