#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Look at this machine before the first long step: does it have the commands, the memory
# and the disk that a first `make test` needs? Then say what is coming:
# lab/machine/needs.sh TOOLROOT-IN-THE-CACHE

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

need_commands() {
	local command
	[ "$(uname -m)" = x86_64 ] ||
		die "this builds and boots a kernel for x86-64, with tools for it, and this machine is of the kind $(uname -m): run it on an x86-64 one."
	# The rest is everywhere.
	for command in flock mount setpriv unshare; do
		command -v "$command" >/dev/null || die "this needs $command: install it ($(how_to_install "util-linux mount" util-linux util-linux util-linux))."
	done
}

# What makes the tool root. On a Debian or the like, root has it installed. Without the
# keyring, debootstrap would check nothing.
need_bootstrap() {
	if command -v mmdebstrap >/dev/null || command -v debootstrap >/dev/null; then
		! compgen -G '/usr/share/keyrings/debian-archive-*' >/dev/null || return 0
		! compgen -G '/etc/apt/trusted.gpg.d/debian-archive-*' >/dev/null || return 0
	else
		[ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || return 0
	fi
	die "the tool root is made by mmdebstrap or debootstrap, with Debian's keyring: have root install both ($(how_to_install \
		"mmdebstrap debian-archive-keyring" "debootstrap debian-keyring" "debootstrap debian-archive-keyring" "debootstrap debian-archive-keyring")), or use this machine's own tools (TOOLROOT=host)."
}

# The compilers would do with less. The guest has 2 GB.
need_memory() {
	local memory
	memory=$(memory)
	((memory >= 3500)) ||
		die "the build and the virtual machine need 4 GB of memory, where there are $memory MB: run this on a larger machine (or virtual machine, or control group)."
}

need_disk() {
	if [ "$(stat -c %d "$build")" = "$(stat -c %d "$cache")" ]; then
		need_space "$build" $((in_build + in_cache)) "all of this"
	else
		need_space "$build" "$in_build" "all of this"
		need_space "$cache" "$in_cache" "keeping what was downloaded"
	fi
}

need_commands
may_become_root
in_build=7000 in_cache=3500 download=650
# What an earlier run left needn't come again.
if [ -e "$1.sha256" ]; then in_cache=0 download=0; else need_bootstrap; fi
[ ! -d "$build/linux" ] || in_build=$((in_build - 2000))
[ ! -e "$build/kernel/vmlinux" ] || in_build=$((in_build - 1500))

need_memory
make_dirs "$build" "$cache"
need_disk
if [ -w /dev/kvm ]; then guest="KVM, if it boots a guest"; else guest="QEMU's emulation, for want of /dev/kvm"; fi
say "machine: $(nproc) processors, $(memory) MB of memory: $(parallel) compilers at a time; guests run by $guest"
say "machine: what comes needs $download MB to download, $in_build MB in $build and $in_cache MB in $cache; the first time it takes about a quarter of an hour on two processors"
