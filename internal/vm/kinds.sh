#!/bin/sh
# Builds modules of links for the kernel of the guest that Debian's kernel does not come with: kinds of links (amt, bareudp, pfcp, rmnet,
# virt_wifi) and a controller of CAN FD that QEMU emulates (ctucanfd). Their sources are in the package of the kernel's sources.
#
#	kinds.sh VERSION FOLDER	such as 6.12.117+deb12-amd64 bin/kinds
set -eu
here=$(dirname "$(realpath "$0")")
version=$1 out=$(realpath -m "$2")
series=$(echo "${version%-*}" | cut -d . -f 1,2)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
headers=$("$here/kbuild.sh" "$version" "$dir")
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download "linux-source-$series"
dpkg-deb --fsys-tarfile linux-source-*.deb | tar -x --wildcards '*/linux-source-*.tar.xz'
tar -xf usr/src/linux-source-*.tar.xz --strip-components 3 "linux-source-$series/drivers/net"
mkdir kinds
cp net/amt.c net/bareudp.c net/pfcp.c net/wireless/virtual/virt_wifi.c kinds
echo 'obj-m := amt.o bareudp.o pfcp.o virt_wifi.o' >kinds/Kbuild
make -s -C "$headers" "M=$dir/kinds" modules
make -s -C "$headers" "M=$dir/net/ethernet/qualcomm/rmnet" CONFIG_RMNET=m modules
make -s -C "$headers" "M=$dir/net/can/ctucanfd" CONFIG_CAN_CTUCANFD=m CONFIG_CAN_CTUCANFD_PCI=m modules
for module in kinds net/ethernet/qualcomm/rmnet net/can/ctucanfd; do
	install -D -m 644 -t "$out" "$dir/$module"/*.ko
done
