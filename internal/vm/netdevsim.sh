#!/bin/sh
# Builds netdevsim.ko for the kernel of the guest. Debian's kernel does not come with this module, a network device that is simulated with
# all that devlink and ethtool can say of one; its sources are in the package of the kernel's sources. That package and those of the
# headers are downloaded and unpacked into a temporary folder; nothing is installed.
#
#	netdevsim.sh VERSION FILE	such as 6.12.117+deb12-amd64 bin/netdevsim.ko
set -eu
version=$1 file=$(realpath -m "$2")
release=${version%-*}
series=$(echo "$release" | cut -d . -f 1,2)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download \
	"linux-headers-$version" "linux-headers-$release-common" "linux-kbuild-$release" "linux-source-$series"
for deb in linux-headers-*.deb linux-kbuild-*.deb; do
	dpkg-deb -x "$deb" root
done
dpkg-deb --fsys-tarfile linux-source-*.deb | tar -x --wildcards '*/linux-source-*.tar.xz'
tar -xf usr/src/linux-source-*.tar.xz --wildcards '*/drivers/net/netdevsim/*' --strip-components 3

headers=$dir/root/usr/src/linux-headers-$version
sed -i "s#/usr/src/#$dir/root/usr/src/#" "$headers/Makefile" "$dir/root/usr/src/linux-headers-$release-common/Makefile"
rm -f "$headers/vmlinux" # Types for BPF want a tool, pahole, and nobody needs them here.
make -s -C "$headers" "M=$dir/netdevsim" CONFIG_NETDEVSIM=m modules
install -D -m 644 "$dir/netdevsim/netdevsim.ko" "$file"
