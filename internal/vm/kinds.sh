#!/bin/sh
# Builds modules of links for the kernel of the guest that Debian's kernel does not come with: kinds of links (amt, bareudp, caif, pfcp,
# rmnet, virt_wifi), a simulated modem for those of wwan, and a controller of CAN FD that QEMU emulates (ctucanfd). Their sources are in the
# package of the kernel's sources. The guest loads them when it boots.
#
#	kinds.sh VERSION FOLDER	such as 6.12.117+deb12-amd64 bin
set -eu
here=$(dirname "$(realpath "$0")")
version=$1 out=$(realpath -m "$2")/boot
paths=$("$here/kbuild.sh" "$version" drivers/net)
headers=${paths% *} source=${paths#* }
caif=$("$here/kbuild.sh" "$version" net/caif)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir kinds
cp "$source/amt.c" "$source/bareudp.c" "$source/pfcp.c" "$source/wireless/virtual/virt_wifi.c" "$source/wwan/wwan_hwsim.c" kinds
cp -r "$source/ethernet/qualcomm/rmnet" "$source/can/ctucanfd" "${caif#* }" .
echo 'obj-m := amt.o bareudp.o pfcp.o virt_wifi.o wwan_hwsim.o' >kinds/Kbuild
make -s -j "$(nproc)" -C "$headers" "M=$dir/kinds" modules
make -s -j "$(nproc)" -C "$headers" "M=$dir/rmnet" CONFIG_RMNET=m modules
make -s -j "$(nproc)" -C "$headers" "M=$dir/caif" CONFIG_CAIF=m CONFIG_CAIF_NETDEV=m modules
make -s -j "$(nproc)" -C "$headers" "M=$dir/ctucanfd" CONFIG_CAN_CTUCANFD=m CONFIG_CAN_CTUCANFD_PCI=m modules
install -D -m 644 -t "$out" kinds/*.ko rmnet/*.ko caif/caif.ko caif/chnl_net.ko ctucanfd/*.ko
