#!/bin/sh
# Builds netdevsim.ko for the kernel of the guest. Debian's kernel does not come with this module, a network device that is simulated with
# all that devlink and ethtool can say of one; its sources are in the package of the kernel's sources.
#
#	netdevsim.sh VERSION FOLDER	such as 6.12.117+deb12-amd64 bin
set -eu
here=$(dirname "$(realpath "$0")")
version=$1 out=$(realpath -m "$2")
paths=$("$here/kbuild.sh" "$version" drivers/net/netdevsim)
headers=${paths% *} source=${paths#* }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r "$source" "$dir/netdevsim"
make -s -j "$(nproc)" -C "$headers" "M=$dir/netdevsim" CONFIG_NETDEVSIM=m modules
install -D -m 644 -t "$out" "$dir/netdevsim/netdevsim.ko"
