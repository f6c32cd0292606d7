#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make a disk with a Debian that has all but a kernel: lab/machine/debian.sh IMAGE. Its files
# are made once, by mmdebstrap.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"

image=$1
tar=$build/debian.tar
suite=trixie
packages=(auditd bpftool e2fsprogs grub-pc initramfs-tools iproute2 netcat-openbsd procps systemd-sysv zstd)
# GRUB's package would ask where to put itself: lab/test/install.sh says it.
# The console is the serial line, with all that the kernel says.
# shellcheck disable=SC2016
customize='
	echo "/dev/vda1 / ext4 defaults 0 1" >"$1/etc/fstab"
	echo debian >"$1/etc/hostname"
	mkdir -p "$1/etc/default/grub.d"
	cat >"$1/etc/default/grub.d/lab.cfg" <<-END
		GRUB_TIMEOUT=0
		GRUB_CMDLINE_LINUX_DEFAULT="audit=1 audit_backlog_limit=8192 console=ttyS0 ignore_loglevel oops=panic panic=-1"
	END
	chroot "$1" systemd-machine-id-setup
'
key=$(sha256sum <<<"$suite ${packages[*]} $customize" | cut -c 1-12)

posting() { grep '^I: ' "$log/debian.log" | tail -n 1 | cut -c 4-; }

if [ "$(cat "$tar.key" 2>/dev/null)" != "$key" ]; then
	need_space "$build" 1500 "making a Debian for a virtual machine"
	say "debian: making it, about two minutes (log in $log/debian.log)"
	rm -f "$tar.key"
	bootstrap --variant=apt --format=tar --customize-hook="$customize" \
		--include="$(IFS=,; echo "${packages[*]}")" "$suite" "$tar" /etc/apt/sources.list >"$log/debian.log" 2>&1 &
	keep_posted $! debian
	wait $! || blame "$log/debian.log" "the Debian could not be made: see the end of $log/debian.log, mend that and run again."
	echo "$key" >"$tar.key"
fi

# One partition, for GRUB to have its place before it.
rm -f "$image"
truncate -s 3G "$image"
{ echo "start=2048, type=83, bootable" | sfdisk --label dos "$image" &&
	rm -rf --one-file-system "$build/debian" && mkdir "$build/debian" &&
	tar -xf "$tar" -C "$build/debian" --numeric-owner --xattrs --xattrs-include='*' &&
	mke2fs -t ext4 -q -d "$build/debian" -E offset=$((2048 * 512)) "$image" 3000000k &&
	rm -rf --one-file-system "$build/debian"; } >"$log/debian-disk.log" 2>&1 ||
	blame "$log/debian-disk.log" "the disk $image could not be made: see the end of $log/debian-disk.log, mend that and run again."
