#!/bin/sh
# Builds netdevsim.ko for the kernel of the guest. Debian's kernel does not come with this module, a network device that is simulated with
# all that devlink and ethtool can say of one; its sources are in the package of the kernel's sources.
#
#	netdevsim.sh VERSION FILE	such as 6.12.117+deb12-amd64 bin/netdevsim.ko
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
tar -xf usr/src/linux-source-*.tar.xz --wildcards '*/drivers/net/netdevsim/*' --strip-components 3
make -s -C "$headers" "M=$dir/netdevsim" CONFIG_NETDEVSIM=m modules
install -D -m 644 "$dir/netdevsim/netdevsim.ko" "$file"
