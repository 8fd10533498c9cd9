#!/bin/sh
# Fetches what builds modules for a kernel of Debian's, and prints where its headers are. They are unpacked once, into the folder for
# caches; nothing is installed. A path behind the version is a folder of the kernel's sources that is wanted, too: it is printed behind
# the headers.
#
#	kbuild.sh VERSION [PATH]	such as 6.12.117+deb12-amd64 drivers/net/netdevsim
set -eu
version=$1
release=${version%-*} series=$(echo "$version" | cut -d . -f 1,2)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/nlgen/vm/kbuild-$version
mkdir -p "$dir"
new=$(mktemp -d "$dir/new-XXXXXX")
trap 'rm -rf "$new"' EXIT
cd "$new"
fetch() { apt-get -qq -o APT::Sandbox::User=root download "$@" >&2; }

if [ ! -d "$dir/headers" ]; then
	fetch "linux-headers-$version" "linux-headers-$release-common" "linux-kbuild-$release"
	for deb in *.deb; do
		dpkg-deb -x "$deb" headers
	done
	sed -i "s#/usr/src/#$dir/headers/usr/src/#" headers/usr/src/*/Makefile
	rm -f headers/usr/src/*/vmlinux # Types for BPF want a tool, pahole, and nobody needs them here.
	mv -T headers "$dir/headers" || [ -d "$dir/headers" ]
fi
path=${2-}
# What is unpacked may hold a part of what is wanted next, so a file says what is complete.
complete=$dir/source/.$(echo "$path" | tr / .)
if [ -n "$path" ] && [ ! -e "$complete" ]; then
	if [ ! -e "$dir/linux-source.tar.xz" ]; then
		fetch "linux-source-$series"
		dpkg-deb --fsys-tarfile linux-source-*.deb | tar -xO --wildcards '*/linux-source-*.tar.xz' >linux-source.tar.xz
		mv linux-source.tar.xz "$dir"
	fi
	mkdir -p "$dir/source"
	tar -xf "$dir/linux-source.tar.xz" -C "$dir/source" --strip-components 1 "linux-source-$series/$path"
	touch "$complete"
fi
echo "$dir/headers/usr/src/linux-headers-$version${path:+ $dir/source/$path}"
