#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make build/KIND-root: Debian's files for another kind of processor (arm64, riscv64,
# s390x), which the selftests for it are linked with and their guest runs. They are only
# unpacked, by mmdebstrap, since nothing here can run them: lab/machine/foreignroot.sh KIND

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
kind=${1:?name the kind of processor}
[ -n "${kbuild_of[$kind]:-}" ] || die "there is no kind of processor called '$kind' here: choose one of ${!kbuild_of[*]}."
[ "$kind" != loongarch64 ] || die "virtme-ng does not know loongarch64: such a kernel can run KUnit's tests alone."
[ -z "$host" ] || die "the files for $kind need the tool root: run it without TOOLROOT=host."
inside "$@"

suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)	# the tool root's
packages=('?essential'
	libc6-dev libelf-dev libgcc-14-dev libssl-dev libzstd-dev zlib1g-dev	# to link with
	iproute2 kmod libcap2-bin mawk mount procps systemd-sysv udev)	# to run
root=$build/$kind-root
out_log=$log/$kind-root.log
make_dirs "$log"
lock "$build" "$kind-root"

key="$(cat /.key) ${packages[*]}"
[ "$(cat "$root/.key" 2>/dev/null)" != "$key" ] || exit 0

need_space "$build" 600 "unpacking Debian's files for $kind"
say "$kind-root: unpacking Debian's files for $kind (log in $out_log)"
lock "$cache" cache
# What Debian's scripts would do: the users, the awk, and what virtme-ng mounts over.
# The release itself is enough, and of its updates a mirror has not always all kinds.
# shellcheck disable=SC2016
unpack() { # SUITE
	! mountpoint -q "$root.part/var/cache/apt/archives" || umount "$root.part/var/cache/apt/archives"	# a failure left it
	rm -rf --one-file-system "$root" "$root.part"
	mmdebstrap --mode=root --variant=extract --architectures="$kind" --format=directory --skip=download/empty,cleanup/apt/cache \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::Check-Valid-Until "false"' \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" && mount --bind /var/cache/apt/archives "$1/var/cache/apt/archives"' \
		--extract-hook='umount "$1/var/cache/apt/archives"' \
		--extract-hook='for of in passwd group; do cp "$1/usr/share/base-passwd/$of.master" "$1/etc/$of"; done; ln -s mawk "$1/usr/bin/awk"; mkdir -p "$1/mnt" "$1/opt" "$1/srv"; touch "$1/etc/hosts" "$1/etc/shadow"' \
		"${packages[@]/#/--include=}" "$1" "$root.part" "$(grep -m 1 "^deb .* $suite main" /etc/apt/sources.list | sed "s/ $suite main/ $1 main/")"
}
# A mirror that lacks files of the release for this kind may have the next one's, be it old.
unpack "$suite" >"$out_log" 2>&1 || unpack testing >>"$out_log" 2>&1 ||
	blame "$out_log" "Debian's files for $kind could not be had: see the end of $out_log, mend that and run again."
echo "$key" >"$root.part/.key"
mv "$root.part" "$root"
