#!/usr/bin/env bats
# The tarball that CI systems install: it is complete, runs wherever it is unpacked, and says what it
# needs.

load lib

setup_file() {
	# As a user would, not as a part of make check.
	make -C "$BUILDDIR" binary-dist >"$BATS_FILE_TMPDIR/made" 2>&1 3>&- || {
		cat "$BATS_FILE_TMPDIR/made"
		return 1
	}
	tarball=$(echo "$BUILDDIR"/profd-*-linux-*.tar.gz)
	name=$(basename "$tarball" .tar.gz)
	mkdir "$BATS_FILE_TMPDIR/a place"
	tar -C "$BATS_FILE_TMPDIR/a place" -xzf "$tarball"
	export tarball name place="$BATS_FILE_TMPDIR/a place/$name"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	unset PROFD_LIBEXEC # that of the build
}

@test "binary-dist: the checksum fits, and is noticed where it does not" {
	(cd "$BUILDDIR" && sha256sum --quiet -c "$name.tar.gz.sha256")
	cp "$tarball" "$tarball.sha256" .
	printf x >>"$name.tar.gz"
	run sha256sum --quiet -c "$name.tar.gz.sha256"
	[ "$status" -ne 0 ]
}

@test "binary-dist: it records and measures where it was unpacked, also by a symbolic link" {
	ln -s "$place/bin/profd" profd
	"$place/bin/profd" record -q -o recorded -- "$BUILDDIR/share/workloads/cpu_intensive" >out
	grep -q 'main;count_collatz' recorded/cpu.folded
	# The helper is its own, not that of a build or an installation.
	strace -f -e trace=execve -o calls "$PWD/profd" bench -q -n 1 --warmup 0 --no-profile -o measured \
		-- "$BUILDDIR/share/workloads/cpu_intensive" 3>&-
	grep -q "execve(\"$place/bin/../libexec/profd/profd-helper\"\|execve(\"$place/libexec/profd/profd-helper\"" calls
	jq -e '.workloads[0].metrics[0].head > 0' measured/verdict.json
}

@test "binary-dist: profd itself needs the C library alone, of the version that is stated" {
	run readelf -dW "$place/bin/profd"
	for library in $(sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' <<<"$output"); do
		case $library in
		libc.so.6 | libm.so.6 | ld-linux*) ;;
		*) fail "it needs $library" ;;
		esac
	done
	# What objdump finds, not what the script did.
	newest=$(objdump -T "$place/bin/profd" "$place"/libexec/profd/* 2>/dev/null |
		grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
	grep -qx "	glibc ${newest#GLIBC_} or newer" "$place/README"
	grep -q "needs glibc ${newest#GLIBC_};" "$BATS_FILE_TMPDIR/made"
}

@test "binary-dist: pages, completions, schemas and the suite are there" {
	cd "$place"
	for file in COPYING share/man/man1/profd.1 share/man/man5/profd.yml.5 \
		share/bash-completion/completions/profd.bash share/zsh/site-functions/_profd \
		share/profd/schema/profd.schema.json share/profd/workloads/.profd.yml; do
		[ -s "$file" ] || fail "no $file"
	done
	cd share/profd/workloads
	"$place/bin/profd" config check
}

@test "binary-dist: the same build makes the same bytes" {
	cp "$tarball" first.tar.gz
	make -C "$BUILDDIR" binary-dist >/dev/null 2>&1 3>&-
	cmp first.tar.gz "$tarball"
}
