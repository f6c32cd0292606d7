#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make build/arm64root: Debian's files for arm64, which the selftests for that
# architecture are linked with and their guest runs. They are only unpacked, by
# mmdebstrap, since nothing here can run them.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -z "$host" ] || die "the files for arm64 need the tool root: run it without TOOLROOT=host."
inside "$@"

suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)	# the tool root's
packages=('?essential'
	libc6-dev libelf-dev libgcc-14-dev libssl-dev libzstd-dev zlib1g-dev	# to link with
	iproute2 kmod libcap2-bin mawk procps systemd-sysv udev)	# to run
root=$build/arm64root
make_dirs "$log"
lock "$build" arm64root
key="$(cat /.key) ${packages[*]}"
[ "$(cat "$root/.key" 2>/dev/null)" != "$key" ] || exit 0

need_space "$build" 600 "unpacking Debian's files for arm64"
say "arm64root: unpacking Debian's files for arm64 (log in $log/arm64root.log)"
rm -rf --one-file-system "$root" "$root.part"
lock "$cache" cache	# another's apt would not wait for the packages in it
# What Debian's scripts would do: the users, the awk, and what virtme-ng mounts over.
# shellcheck disable=SC2016
mmdebstrap --mode=root --variant=extract --architectures=arm64 --format=directory --skip=download/empty,cleanup/apt/cache \
	--aptopt='Acquire::Retries "3"' \
	--setup-hook='mkdir -p "$1/var/cache/apt/archives" && mount --bind /var/cache/apt/archives "$1/var/cache/apt/archives"' \
	--extract-hook='umount "$1/var/cache/apt/archives"' \
	--extract-hook='for of in passwd group; do cp "$1/usr/share/base-passwd/$of.master" "$1/etc/$of"; done; ln -s mawk "$1/usr/bin/awk"; mkdir -p "$1/mnt" "$1/opt" "$1/srv"; touch "$1/etc/hosts" "$1/etc/shadow"' \
	"${packages[@]/#/--include=}" "$suite" "$root.part" ${MIRROR:+"$MIRROR"} >"$log/arm64root.log" 2>&1 ||
	blame "$log/arm64root.log" "Debian's files for arm64 could not be had: see the end of $log/arm64root.log, mend that and run again."
echo "$key" >"$root.part/.key"
mv "$root.part" "$root"
