#!/bin/sh
# Unpacks what builds modules for a kernel of Debian's into a folder, and prints where its headers are. Nothing is installed.
#
#	kbuild.sh VERSION FOLDER	such as 6.12.117+deb12-amd64 /tmp/kbuild
set -eu
version=$1 dir=$(realpath -m "$2")
release=${version%-*}
mkdir -p "$dir"
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download "linux-headers-$version" "linux-headers-$release-common" "linux-kbuild-$release" >&2
for deb in linux-headers-*.deb linux-kbuild-*.deb; do
	dpkg-deb -x "$deb" unpacked
done
headers=$dir/unpacked/usr/src/linux-headers-$version
sed -i "s#/usr/src/#$dir/unpacked/usr/src/#" "$headers/Makefile" "$dir/unpacked/usr/src/linux-headers-$release-common/Makefile"
rm -f "$headers/vmlinux" # Types for BPF want a tool, pahole, and nobody needs them here.
echo "$headers"
