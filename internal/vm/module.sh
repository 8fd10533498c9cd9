#!/bin/sh
# Builds a module of one C file for the kernel of the guest.
#
#	module.sh VERSION SOURCE FILE	such as 6.12.117+deb12-amd64 cmd/nlgen/testdata/module/nlgen_slots.c bin/nlgen_slots.ko
set -eu
here=$(dirname "$(realpath "$0")")
source=$(realpath "$2") file=$(realpath -m "$3")
name=$(basename "$source" .c)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
headers=$("$here/kbuild.sh" "$1" "$dir")
mkdir "$dir/module"
cp "$source" "$dir/module"
echo "obj-m := $name.o" >"$dir/module/Makefile"
make -s -C "$headers" "M=$dir/module" modules
install -D -m 644 "$dir/module/$name.ko" "$file"
