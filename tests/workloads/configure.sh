#!/bin/sh
# What a configure script does: hundreds of small commands, and now and then a compiler.
# configure.sh [COUNT]
set -eu

count=${1:-150}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
i=0
while [ "$i" -lt "$count" ]; do
	# shellcheck disable=SC2003 # that configure scripts use it is the point
	i=$(expr "$i" + 1)
	echo "checking for feature_$i... yes" >>config.log
	cat >conftest.c <<-END
		#include <stddef.h>
		int feature_$i(void) { return (int)sizeof(size_t) + $i; }
	END
	if sed -n "s/.*feature_\([0-9]*\).*/\1/p" conftest.c | grep -q "^$i\$"; then
		echo "#define HAVE_FEATURE_$i 1" >>confdefs.h
	fi
	case $i in
	*0) cc -c conftest.c -o conftest.o && rm -f conftest.o ;;
	esac
	[ -f config.log ] || exit 1
	rm -f conftest.c
done
sort confdefs.h | tail -n 1 >/dev/null
