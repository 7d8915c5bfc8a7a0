#!/bin/sh
# make -j2 of tiny files: tiny-make.sh [COUNT]
set -eu

count=${1:-30}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
i=0
objects=
while [ "$i" -lt "$count" ]; do
	i=$((i + 1))
	echo "int tiny_$i(int x) { return x * $i + 1; }" >"tiny$i.c"
	objects="$objects tiny$i.o"
done
printf 'all:%s\n%%.o: %%.c\n\tcc -O0 -c $< -o $@\n' "$objects" >Makefile
make -s -j2
