#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make build/rust: a newer Rust beside that of the tool root, for processors whose kernel
# takes one (scripts/min-tool-version.sh), and to see what it says. build/rust/rustc is that
# of Debian's backports, build/rust/bindgen the next release's, which reads headers as
# clang 22 does: lab/machine/rust.sh

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -z "$host" ] || die "another Rust needs the tool root: run it without TOOLROOT=host."
inside "$@"

root=$build/rust
out_log=$log/rust.log
make_dirs "$log"
lock "$build" rust
key="$(cat /.key) 2"	# another where this makes something else
[ "$(cat "$root/.key" 2>/dev/null)" != "$key" ] || exit 0

need_space "$build" 1200 "unpacking another Rust"
say "rust: unpacking newer ones of Debian's (log in $out_log)"
rm -rf --one-file-system "$root" "$root.part"
mkdir -p "$root.part/usr"
lock "$cache" cache	# another's apt would not wait for the packages in it
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# unpack SUITE PACKAGE [OPTION...]
unpack() {
	apt-get -o Acquire::Retries=3 -o APT::Sandbox::User=root "${@:3}" download "$2/$1"
	dpkg-deb -x "$2"_*.deb .
	rm "$2"_*.deb
}
unpack_all() {
	local package lists=$root.part/lists options
	cd "$root.part"
	apt-get update
	for package in rustc libstd-rust-dev rust-src; do
		unpack "$suite-backports" "$package"
	done
	# The library that the compiler is in has its version in its name.
	package=$(apt-cache show "libstd-rust-dev/$suite-backports" | sed -nE 's/^Depends:.*(libstd-rust-[0-9.]+).*/\1/p' | head -n 1)
	unpack "$suite-backports" "$package"

	mkdir -p "$lists/partial"
	sed -n "s|^\(deb .*\) $suite main.*|\1 testing main|p" /etc/apt/sources.list | head -n 1 >testing.list
	options=(-o Dir::Etc::SourceList="$PWD/testing.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$lists"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Check-Valid-Until=false)	# a mirror's may be old
	apt-get "${options[@]}" update
	unpack testing bindgen "${options[@]}"
	rm -r "$lists" testing.list

	printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/rustc" >rustc
	printf '#!/bin/sh\nLIBCLANG_PATH=/usr/lib/llvm-22/lib exec %s "$@"\n' "$root/usr/bin/bindgen" >bindgen
	chmod +x rustc bindgen
}
(set -e; unpack_all) >"$out_log" 2>&1 &
wait $! ||
	blame "$out_log" "a newer Rust could not be had: see the end of $out_log, mend that and run again."
echo "$key" >"$root.part/.key"
mv "$root.part" "$root"
"$root/rustc" --version
"$root/bindgen" --version
