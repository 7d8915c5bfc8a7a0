#!/bin/sh
# Profiles or judges in any CI system, in one line:
#
#	contrib/profile.sh gate				is this change slower? (.profd.yml)
#	contrib/profile.sh bench [OPTION...]		measure and profile its workloads
#	contrib/profile.sh record -- COMMAND...		profile one command
#	contrib/profile.sh install			print where profd is, and install it before
#
# Results are in profd-out/: upload that folder, also when this fails. The status is profd's own.
# contrib/CI tells how the rest of a pipeline looks. What it reads from the environment:
#
#	PROFD		the profd to use. Else it is the one in PATH, or the one that was
#			installed before, or
#	PROFD_TARBALL	a path, or a URL with https, of what `make binary-dist` makes, and
#	PROFD_SHA256	its checksum, without which nothing is unpacked; or it is built from
#			the sources that this script is a part of
#	PROFD_PREFIX	where it is installed: ~/.cache/profd/tool unless set
#	PROFD_OUT	the folder of the results: profd-out unless set
set -eu

here=$(cd "$(dirname "$0")" && pwd)
prefix=${PROFD_PREFIX:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/profd/tool}

say() {
	echo "profile.sh: $*" >&2
}

# The checksum is what was asked for, not what lies beside the file.
unpack() { # tarball
	if [ -z "${PROFD_SHA256-}" ]; then
		say "PROFD_TARBALL needs PROFD_SHA256, the checksum in its .sha256"
		exit 2
	fi
	if ! echo "$PROFD_SHA256  $1" | sha256sum --status -c -; then
		say "$PROFD_TARBALL is not what PROFD_SHA256 says: $(sha256sum <"$1" | cut -d' ' -f1)"
		exit 2
	fi
	rm -rf "$prefix.new"
	mkdir -p "$prefix.new"
	tar -C "$prefix.new" --strip-components=1 -xzf "$1"
	rm -rf "$prefix"
	mv "$prefix.new" "$prefix"
	echo "$PROFD_SHA256" >"$prefix/checksum"
}

install_tarball() {
	case $PROFD_TARBALL in
	https://*)
		file=$(mktemp)
		trap 'rm -f "$file"' EXIT
		curl --proto =https --tlsv1.2 -fsSL --retry 3 -o "$file" -- "$PROFD_TARBALL" || {
			say "cannot download $PROFD_TARBALL"
			exit 2
		}
		unpack "$file"
		;;
	*://*)
		say "PROFD_TARBALL has to be a path, or begin with https://"
		exit 2
		;;
	*) unpack "$PROFD_TARBALL" ;;
	esac
}

install_sources() {
	top=$(dirname "$here")
	say "building profd from $top into $prefix"
	log=$(mktemp)
	if ! {
		"$here/install-packages" build &&
			{ [ -e "$top/configure" ] || (cd "$top" && autoreconf -fi); } &&
			mkdir -p "$prefix.build" && cd "$prefix.build" &&
			"$top/configure" --prefix="$prefix" && make -j "$(nproc)" install
	} >"$log" 2>&1 </dev/null; then
		tail -n 50 "$log" >&2
		say "cannot build profd"
		exit 2
	fi
	cd "$OLDPWD"
	rm -rf "$prefix.build" "$log"
}

# Sets $profd. What was installed before counts only if it is what is asked for now.
find_profd() {
	if [ -n "${PROFD-}" ]; then
		profd=$PROFD
		return 0
	fi
	if [ -z "${PROFD_TARBALL-}" ] && profd=$(command -v profd); then
		return 0
	fi
	profd=$prefix/bin/profd
	if [ -n "${PROFD_TARBALL-}" ]; then
		if [ "$(cat "$prefix/checksum" 2>/dev/null)" != "${PROFD_SHA256:-none}" ]; then
			install_tarball
		fi
	elif [ ! -x "$profd" ]; then
		install_sources
	fi
}

# A hosted runner is a machine of its own for one job, so that it may be opened: Ubuntu's setting, 4,
# lets nobody sample. Without sudo profd does what it can, and says so.
allow_sampling() {
	[ -n "${CI-}" ] && [ "$(id -u)" != 0 ] || return 0
	paranoid=$(cat /proc/sys/kernel/perf_event_paranoid 2>/dev/null) || return 0
	if [ "$paranoid" -gt 1 ] && command -v sudo >/dev/null; then
		sudo -n sysctl -q -w kernel.perf_event_paranoid=1 kernel.kptr_restrict=0 >/dev/null 2>&1 ||
			say "sudo may not set kernel.perf_event_paranoid, which is $paranoid"
	fi
}

case ${1-} in
install | gate | bench | record) ;;
*)
	sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
task=$1
shift
find_profd
if [ "$task" = install ]; then
	echo "$profd"
	exit 0
fi
allow_sampling
exec "$profd" "$task" --force -o "${PROFD_OUT:-profd-out}" "$@"
