#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build Debian's systemd with the patches in contrib/systemd, by the package's own
# rules, in a root of its own that has what the package says it takes. The packages
# are in build/systemd/packages afterwards, and in the cache, from where they are
# taken if nothing has changed. Nothing is installed.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -z "$host" ] || die "this takes Debian's source package and its tools: run it without TOOLROOT=host."
inside "$@"
cd "$repo"

suite=trixie
contrib=$repo/contrib/systemd
work=$build/systemd
root=$work/root
tree=$root/build/systemd
packages=$work/packages
messages=$log/systemd.log
sources=/var/cache/apt/archives/systemd	# in the cache of downloads
patches=("$contrib"/patches/*.patch)
# Without the tests, the manual, and debug information, which would be in packages of
# its own; and without link-time optimization, which takes long.
profiles=nocheck,nodoc,noinsttest
options="nocheck nodoc noautodbgsym optimize=-lto"
flags=-g0
make_dirs "$work" "$log"
lock "$work" systemd

# --- Debian's source

# Sets dsc, the file that names the others. apt checks sizes and hashes; the name is
# kept when all is there.
fetch() {
	local state=$work/apt apt
	dsc=$(cat "$sources/$suite" 2>/dev/null) && [ -e "$sources/$dsc" ] && return
	make_dirs "$state/lists/partial" "$sources"
	sed -nE "s/^deb (.*) ($suite|$suite-updates|$suite-security) main.*/deb-src \1 \2 main/p" /etc/apt/sources.list >"$state/sources.list"
	apt=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$state/lists"
		-o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o Acquire::Check-Valid-Until=false
		-o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::http::Timeout=30)
	say "systemd: asking Debian for the source of systemd in $suite (17 MB, and lists of 11 MB)"
	cd "$sources"
	{ apt-get "${apt[@]}" --error-on=any update && apt-get "${apt[@]}" source --only-source --download-only systemd; } >"$messages" 2>&1 ||
		blame "$messages" "the source of systemd could not be fetched from Debian (see $messages): check the network and run again."
	dsc=$(apt-cache "${apt[@]}" showsrc --only-source systemd | grep -o 'systemd_[^ ]*\.dsc$' | sort -V | tail -n 1)
	[ -e "$dsc" ] || die "Debian gave another source of systemd than $dsc: see $messages and run again."
	echo "$dsc" >"$suite.part"
	mv "$suite.part" "$suite"
	cd "$repo"
}

# --- A root with what the package takes to build

posting() { tail -n 1 "$messages" | cut -c 1-80; }

# shellcheck disable=SC2016
make_root() {
	local key
	key=$(sha256sum - "$sources/$dsc" <<<"$suite $profiles" | cut -c 1-12)
	[ "$(cat "$root/.key" 2>/dev/null)" != "$key" ] || return 0
	say "systemd: making a root with the tools that it takes, about three minutes (log in $messages)"
	rm -rf --one-file-system "$root"
	PROFILES=$profiles DSC=$sources/$dsc bootstrap --variant=buildd --format=directory \
		--customize-hook='cp "$DSC" "$1/tmp/systemd.dsc"' \
		--customize-hook='chroot "$1" apt-get build-dep --yes --no-install-recommends --build-profiles "$PROFILES" /tmp/systemd.dsc' \
		--customize-hook='rm "$1/tmp/systemd.dsc"' \
		"$suite" "$root" /etc/apt/sources.list >"$messages" 2>&1 &
	keep_posted $! "systemd, the root"
	wait $! || blame "$messages" "the root for building could not be made: see the end of $messages, mend that and run again."
	echo "$key" >"$root/.key"
}

# --- The packages

# Sets version and key, which has all that the packages are made of.
name_build() {
	version=${dsc#systemd_}
	version=${version%.dsc}+lsmaudit1
	key=$(cat "$sources/$dsc" "${patches[@]}" - <<<"$suite $profiles $options $flags" | sha256sum | cut -c 1-12)
}

unpack() {
	rm -rf --one-file-system "$tree" "$root/build"
	mkdir "$root/build"
	dpkg-source --no-check -x "$sources/$dsc" "$tree" >"$messages" 2>&1 ||
		blame "$messages" "Debian's source could not be unpacked (see $messages): remove $cache/apt/systemd and run again."
	mkdir -p "$tree/debian/patches"
	cp "${patches[@]}" "$tree/debian/patches"
	printf '%s\n' "${patches[@]##*/}" >>"$tree/debian/patches/series"
	# A version of its own, later than Debian's and earlier than its next.
	{ printf 'systemd (%s) %s; urgency=medium\n\n' "$version" "$suite"
		printf '  * Write audit records beside denials.\n\n'
		printf ' -- nobody <nobody@localhost>  %s\n\n' "$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Date)"
		cat "$tree/debian/changelog"; } >"$tree/changelog"
	mv "$tree/changelog" "$tree/debian/changelog"
	cd "$tree"
	dpkg-source --before-build . >>"$messages" 2>&1 ||
		die "a patch does not apply to ${dsc%.dsc}: see the end of $messages and mend it."
	cd "$repo"
	echo "$key" >"$root/build/.key"
}

# Goes on with one that was interrupted.
build_packages() {
	local start=$SECONDS
	say "systemd: building $version (log in $messages)"
	# lab/machine/run.sh has made the mounts private.
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
		DEB_BUILD_PROFILES="${profiles//,/ }" DEB_BUILD_OPTIONS="$options parallel=$(parallel)" \
		DEB_CFLAGS_APPEND="$flags" DEB_CXXFLAGS_APPEND="$flags" \
		sh -c 'cd /build/systemd && exec dpkg-buildpackage --build=any --no-sign --no-pre-clean' >>"$messages" 2>&1 &
	keep_posted $! systemd
	wait $! || blame "$messages" "systemd does not build: see the end of $messages."
	umount -R "$root/dev" "$root/proc"
	rm -rf "$cache/systemd/$key.part"
	mkdir "$cache/systemd/$key.part"
	mv "$root/build"/*.deb "$cache/systemd/$key.part"
	mv "$cache/systemd/$key.part" "$cache/systemd/$key"
	rm -rf --one-file-system "$root/build"
	say "systemd: built after $((SECONDS - start)) s"
}

make_dirs "$cache/systemd"
fetch
name_build
if [ ! -d "$cache/systemd/$key" ]; then
	say "systemd: this takes up to an hour on two cores the first time, and up to 2.5 GB in ${work#"$repo/"}"
	need_space "$work" 2500 "building systemd"
	make_root
	[ "$(cat "$root/build/.key" 2>/dev/null)" = "$key" ] || unpack
	build_packages
fi
rm -rf "$packages"
mkdir "$packages"
cp "$cache/systemd/$key"/*.deb "$packages"
echo "$version" >"$packages/.version"
say "systemd: $version, $(find "$packages" -name '*.deb' | wc -l) packages in ${packages#"$repo/"}"
