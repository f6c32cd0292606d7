#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The header and the examples as projects have them that know nothing of this kernel:
# with Debian 13's vmlinux.h, of a 6.12 without the kfuncs, and with Debian 12's libbpf
# 1.1, its headers (but for two examples) and its loader. In the guest they are to deny
# and to report like the others, and one whose kfuncs no kernel has to deny. One line for
# each check, the last line counts them.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -z "$host" ] || die "this takes Debian's packages: run it without TOOLROOT=host."
inside "$@"
cd "$repo"

work=$build/older
packages=/var/cache/apt/archives/older	# in the cache of downloads
results=$log/older.results
messages=$log/older.log
make_dirs "$work/apt/lists/partial" "$packages" "$log"
lock "$work" older

# The newest of these suites. apt checks sizes and hashes; what is there is kept.
fetch() {
	local state=$work/apt options
	! ls "$packages"/{linux-bpf-dev_6.12.,libbpf-dev_1%3a1.1.}*.deb >/dev/null 2>&1 || return 0
	sed -n 's|^deb \(.*\) trixie main.*|deb \1 trixie main\ndeb \1 bookworm main|p' /etc/apt/sources.list |
		head -n 2 >"$state/sources.list"
	options=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$state/lists"
		-o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o Acquire::Languages=none
		-o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::http::Timeout=30)
	say "older: fetching linux-bpf-dev of trixie and libbpf-dev of bookworm (2 MB, and lists of 19 MB)"
	cd "$packages"
	{ apt-get "${options[@]}" --error-on=any update &&
		apt-get "${options[@]}" download linux-bpf-dev/trixie libbpf-dev/bookworm; } >"$messages" 2>&1 ||
		blame "$messages" "the packages could not be fetched from Debian (see $messages): check the network and run again."
	cd "$repo"
}

fetch
"$lab/programs.sh"
rm -rf --one-file-system "$work/root" "$work"/*.o
for package in "$packages"/{linux-bpf-dev_6.12.,libbpf-dev_1%3a1.1.}*.deb; do
	dpkg-deb -x "$package" "$work/root"
	say "older: ${package##*/}"
done
old=$work/root/usr
vmlinux=$(find "$work/root" -name vmlinux.h)
make_dirs "$work/include/without"
cp "$vmlinux" "$work/include/"
cp "$vmlinux" "$work/include/without/"
! grep -q bpf_audit_ "$vmlinux" || die "$vmlinux knows the audit kfuncs: it is too new."

for source in lab/examples/*.bpf.c lab/test/header/{own,without}.bpf.c; do
	object=$work/$(basename "${source%.c}").o
	options=(-I "$work/include")
	case $source in
	# These take newer headers for bpf_for() and bpf_core_cast().
	*/read_only.bpf.c | */egress.bpf.c) options+=(-DBPF_AUDIT_CONTEXT_ONLY) ;;
	lab/test/header/* | */watch.bpf.c) options+=(-I "$old/include") ;;
	*) options+=(-I "$old/include" -DBPF_AUDIT_CONTEXT_ONLY) ;;
	esac
	"$lab/programs.sh" "$source" "$object" "${options[@]}"
done
"$lab/programs.sh" "$build/test/header/own.bpf.c" "$work/none.bpf.o" -I "$old/include"
gcc -O2 -Wall -Werror -I "$old/include" -o "$work/load" lab/examples/load.c \
	"$old/lib/$(gcc -print-multiarch)/libbpf.a" -lelf -lz

status=0
"$lab/machine/boot.sh" -n older lab/test/older.sh | tee "$results" || status=$?
conclude "$results" "$status"
