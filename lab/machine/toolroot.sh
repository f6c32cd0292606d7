#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make the tool root: Debian with every tool that the build, the guest and the
# checks need, unpacked in build/toolroot. It is made once by mmdebstrap and
# kept in the cache, beside the packages it is made of.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

suite=trixie
layout=1	# what this script itself does to the root; raise it on a change

[ -z "$host" ] || { say "TOOLROOT=host: using this machine's tools"; exit; }

mapfile -t packages < <(sed '/^#/d; /^$/d' "$lab/machine/packages")
key=$(sha256sum <<<"$layout $suite ${MIRROR:-} ${packages[*]}" | cut -c 1-12)
root=$build/toolroot
tar=$cache/toolroot-$key.tar

[ "$(cat "$root/.key" 2>/dev/null)" != "$key" ] || exit 0

# Once, by whoever runs this.
[ -n "${LAB_LOOKED:-}" ] || "$lab/machine/needs.sh" "$tar"
export LAB_LOOKED=yes
become_root "$@"
make_dirs "$log" "$cache/apt/partial"
lock "$build" toolroot
lock "$cache" cache

remove() { rm -rf --one-file-system "$@"; }

# Put build/toolroot.part in place. Its key is in it, so it's whole or absent.
install() {
	echo "$key" >"$root.part/.key"
	remove "$root.old"
	[ ! -d "$root" ] || mv "$root" "$root.old"
	mv "$root.part" "$root"
	remove "$root.old"
}

from_cache() {
	[ -e "$tar.sha256" ] || return 1
	need_space "$build" 2600 "unpacking the tool root"
	say "tool root: checking and unpacking $tar"
	if ! (cd "$cache" && sha256sum --quiet --check "${tar##*/}.sha256") >"$log/toolroot.log" 2>&1; then
		say "tool root: $tar is damaged, making it anew"
		rm -f "$tar" "$tar.sha256"
		return 1
	fi
	mkdir "$root.part"
	tar -xf "$tar" -C "$root.part" --numeric-owner --xattrs --xattrs-include='*' 2>>"$log/toolroot.log" ||
		blame "$log/toolroot.log" "unpacking the tool root failed: see the end of $log/toolroot.log, mend that and run again."
}

install_mmdebstrap() {
	say "tool root: installing mmdebstrap on this machine"
	local get=(apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends mmdebstrap debian-archive-keyring)
	export DEBIAN_FRONTEND=noninteractive
	"${get[@]}" >"$log/toolroot.log" 2>&1 ||
		{ apt-get update && "${get[@]}"; } >>"$log/toolroot.log" 2>&1 ||
		die "mmdebstrap could not be installed (see $log/toolroot.log): check the network, or install it yourself, and run again."
}

posting() {
	printf '%s (%s of packages in the cache)' \
		"$(grep -E '^(I: |Unpacking|Setting up)' "$log/toolroot.log" | tail -n 1 | sed 's/^I: //')" "$(du -sh "$cache/apt" | cut -f 1)"
}

# Both keep the packages in the cache's archive folder, so that one is fetched once even if
# the run is killed; apt checks it against its index.

# shellcheck disable=SC2016
by_mmdebstrap() {
	local keyring keyrings=()
	# On another distribution, mmdebstrap without gpg finds no key of Debian's by itself.
	for keyring in /etc/apt/trusted.gpg.d /usr/share/keyrings/debian-archive-keyring.gpg; do
		[ ! -e "$keyring" ] || keyrings+=("--keyring=$keyring")
	done
	env -u MAKEFLAGS TMPDIR=/tmp mmdebstrap --mode=root --variant=apt --format=directory \
		--skip=download/empty --skip=essential/unlink --skip=cleanup/apt/cache \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "30"' \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" && mount --bind "$CACHE_APT" "$1/var/cache/apt/archives"' \
		--customize-hook='umount "$1/var/cache/apt/archives"' \
		"${keyrings[@]}" --include="$(IFS=,; echo "${packages[*]}")" \
		"$suite" "$root.part" ${MIRROR:+"$MIRROR"}
}

# Where there is no mmdebstrap. Its own way to choose packages knows no alternatives, so
# apt installs ours. A user namespace, which may make no devices, is an LXC to it.
by_debootstrap() {
	local files
	container=lxc debootstrap --force-check-gpg --variant=minbase --include=ca-certificates --cache-dir="$CACHE_APT" \
		"$suite" "$root.part" ${MIRROR:+"$MIRROR"}
	for files in dev sys; do mount --rbind "/$files" "$root.part/$files"; done
	mount -t proc proc "$root.part/proc"
	mount --bind "$CACHE_APT" "$root.part/var/cache/apt/archives"
	cp /etc/resolv.conf "$root.part/etc/resolv.conf"
	local apt=(env -u MAKEFLAGS DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
		apt-get -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o APT::Keep-Downloaded-Packages=1)
	chroot "$root.part" "${apt[@]}" update
	chroot "$root.part" "${apt[@]}" install -y --no-install-recommends "${packages[@]}"
}

from_debian() {
	local by=by_mmdebstrap
	# A copy in the cache that is damaged has been counted on until now.
	need_space "$build" 2600 "making the tool root"
	need_space "$cache" 3400 "keeping the tool root and its packages"
	if ! command -v mmdebstrap >/dev/null; then
		# lab/machine/needs.sh has seen that one of these can be.
		if command -v debootstrap >/dev/null; then by=by_debootstrap; else install_mmdebstrap; fi
	fi
	say "tool root: making it from Debian $suite by ${by#by_}, about two minutes (log in $log/toolroot.log)"
	export CACHE_APT=$cache/apt
	# Its mounts and processes end with it, however it ends.
	setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
		bash -euc "$(declare -p packages suite root); $(declare -f "$by"); $by" >"$log/toolroot.log" 2>&1 &
	keep_posted $! "tool root"
	wait $! || explain

	# linux-source comes from backports: the root's own source, suite changed.
	sed -n "s|^\(deb .*\) $suite main.*|\1 $suite-backports main|p" "$root.part/etc/apt/sources.list" |
		head -n 1 >"$root.part/etc/apt/sources.list.d/backports.list"
	[ -s "$root.part/etc/apt/sources.list.d/backports.list" ] ||
		die "the new tool root names no source for $suite, so backports can't be added: check MIRROR."

	say "tool root: keeping a copy in $cache"
	rm -f "$tar.sha256"
	tar -cf "$tar.part" -C "$root.part" --numeric-owner --xattrs --xattrs-include='*' . 2>>"$log/toolroot.log" ||
		blame "$log/toolroot.log" "the copy in the cache could not be written: see the end of $log/toolroot.log, mend that and run again."
	mv "$tar.part" "$tar"
	(cd "$cache" && sha256sum "${tar##*/}" >"$tar.sha256.part") ||
		die "the copy in the cache could not be written: make room in $cache and run again."
	mv "$tar.sha256.part" "$tar.sha256"
	find "$cache" -maxdepth 1 -name 'toolroot-*' ! -name "toolroot-$key.*" -delete	# of older package lists
}

explain() {
	! grep -qE 'NO_PUBKEY|Missing key|unknown key|No keyring installed' "$log/toolroot.log" ||
		die "this machine has no key of Debian $suite, or of your MIRROR (see $log/toolroot.log): install Debian's keyring ($(how_to_install debian-archive-keyring debian-keyring debian-archive-keyring debian-archive-keyring)), or a newer one, and run again."
	if ! grep -q 'No space left on device' "$log/toolroot.log" &&
		grep -qE 'Could not (resolve|connect)|Failed to fetch|failure resolving|Connection failed|timed out|did not find any indices|apt-get update.* failed' "$log/toolroot.log"; then
		die "Debian's packages could not be fetched (see $log/toolroot.log): check the network or set MIRROR, and run again; what was fetched is kept."
	fi
	blame "$log/toolroot.log" "the tool root could not be made: see the end of $log/toolroot.log, mend that and run again."
}

start=$SECONDS
remove "$root.part" "$root.old"
rm -f "$cache"/*.part
from_cache || from_debian
install
say "tool root: ready after $((SECONDS - start)) s ($(du -sh "$root" | cut -f 1))"
