#!/bin/sh
# Builds a module for the kernel of the guest, of one C file or of all in a folder.
#
#	module.sh VERSION SOURCE FILE	such as 6.12.117+deb12-amd64 cmd/nlgen/testdata/module/nlgen_slots.c bin/nlgen_slots.ko
set -eu
here=$(dirname "$(realpath "$0")")
source=$(realpath "$2") file=$(realpath -m "$3")
name=$(basename "$source" .c)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
headers=$("$here/kbuild.sh" "$1")
mkdir "$dir/module"
echo "obj-m := $name.o" >"$dir/module/Makefile"
if [ -d "$source" ]; then
	cp "$source"/*.[ch] "$dir/module"
	echo "$name-y := $(cd "$source" && ls *.c | sed 's/c$/o/' | tr '\n' ' ')" >>"$dir/module/Makefile"
else
	cp "$source" "$dir/module"
fi
make -s -j "$(nproc)" -C "$headers" "M=$dir/module" modules
install -D -m 644 "$dir/module/$name.ko" "$file"
