#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Install the packages in build/systemd/packages in a Debian, and boot that by systemd:
# on build/kernel and on Debian's own, each with Debian's packages and with these, and
# once with audit=0. Runs lab/userspace/systemd/checks.sh in each. One line for each check, the
# last line counts them; what the checks show is in build/log/systemd-*.machine.
#
# This Debian isn't that of lab/machine/debian.sh, which has no kernel, GRUB and an ext4: it has
# Debian's kernel, and lies on btrfs, as build/kernel has no module for another one.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lib.sh"
[ -n "${LAB_INSIDE:-}" ] || exec "$lab/machine/run.sh" "$lab/userspace/systemd/test.sh" "$@"
cd "$repo"
# shellcheck source=lab/test/report.sh
. "$lab/test/report.sh"

suite=trixie
work=$build/systemd
debian=$work/debian
tar=$work/debian.tar
results=$log/systemd-test.results
messages=$log/systemd-debian.log
# systemd opens libbpf when it needs it: it is only recommended.
packages=(auditd bpftool btrfs-progs initramfs-tools libbpf1 linux-image-amd64 procps python3 systemd-container systemd-sysv zstd)
# shellcheck disable=SC2016
customize='
	echo "/dev/vda / btrfs defaults 0 0" >"$1/etc/fstab"
	echo debian >"$1/etc/hostname"
	chroot "$1" systemd-machine-id-setup
'
[ -f "$work/packages/.version" ] || die "there are no packages in $work/packages: run 'make systemd'."
version=$(cat "$work/packages/.version")
make_dirs "$log"
lock "$work" systemd-test

# --- The Debian, and a disk of it with each systemd

posting() { grep '^I: ' "$messages" | tail -n 1 | cut -c 4-; }

# Of Debian's packages alone, with its kernel
make_debian() {
	local key
	key=$(sha256sum <<<"$suite ${packages[*]} $customize" | cut -c 1-12)
	[ "$(cat "$tar.key" 2>/dev/null)" != "$key" ] || return 0
	need_space "$work" 4500 "making a Debian for a virtual machine"
	say "systemd: making a Debian with Debian's kernel, some minutes (log in $messages)"
	rm -f "$tar.key"
	bootstrap --variant=apt --format=tar --customize-hook="$customize" \
		--include="$(IFS=,; echo "${packages[*]}")" "$suite" "$tar" /etc/apt/sources.list >"$messages" 2>&1 &
	keep_posted $! "systemd, the Debian"
	wait $! || blame "$messages" "the Debian could not be made: see the end of $messages, mend that and run again."
	echo "$key" >"$tar.key"
}

# What has a package of the same name there takes its place.
install_packages() {
	local file state names=()
	mkdir "$debian/root/packages"
	for file in "$work"/packages/*.deb; do
		state=$(dpkg-query --admindir "$debian/var/lib/dpkg" -Wf '${db:Status-Status}' "$(dpkg-deb -f "$file" Package)" 2>/dev/null || :)
		[ "$state" = installed ] || continue
		cp "$file" "$debian/root/packages"
		names+=("/root/packages/${file##*/}")
	done
	mount -t proc proc "$debian/proc"
	# In the order that their dependencies ask for, which dpkg doesn't find.
	chroot "$debian" apt-get install --yes --no-install-recommends "${names[@]}"
	umount "$debian/proc"
	rm -r "$debian/root/packages"
}

# disk NAME: build/systemd/NAME.img, whose files depend on KEY
disk() {
	local key
	key=$(cat "$tar.key" lab/userspace/systemd/*.{sh,py,c,service} lab/test/report.sh build/lsm-audit-log/lsm-audit-log | sha256sum)
	[ "$1" = stock ] || key+=$(cat "$work"/packages/*.deb | sha256sum)
	[ "$(cat "$work/$1.key" 2>/dev/null)" != "$key" ] || return 0
	say "systemd: making the disk with the $1 packages (log in $messages)"
	rm -rf --one-file-system "$debian" "$work/$1.key"
	mkdir "$debian"
	{
		tar -xf "$tar" -C "$debian" --numeric-owner --xattrs --xattrs-include='*'
		if [ "$1" != stock ]; then install_packages; fi
		mkdir -p "$debian/root/lab/systemd"
		cp lab/userspace/systemd/{checks.sh,userns.py} lab/test/report.sh "$debian/root/lab/systemd"
		cp build/lsm-audit-log/lsm-audit-log "$work/refuse.bpf.o" "$debian/root/lab"
		cp lab/userspace/systemd/{checks,restricted}.service "$debian/etc/systemd/system"
		chroot "$debian" systemctl --quiet enable checks.service
		# The initramfs has a udev, which is that of the packages.
		rm -rf "$work/$1.boot"
		mkdir "$work/$1.boot"
		cp "$debian"/boot/{vmlinuz,initrd.img}-*amd64 "$work/$1.boot"
		rm -f "$work/$1.img"
		truncate -s 4G "$work/$1.img"
		mkfs.btrfs --quiet --rootdir "$debian" "$work/$1.img"
	} >>"$messages" 2>&1 &
	wait $! || blame "$messages" "the disk could not be made: see the end of $messages."
	rm -rf --one-file-system "$debian"
	echo "$key" >"$work/$1.key"
}

# --- The boots

boot() { # NAME SYSTEMD ARGUMENT...
	local name=$1 disk=$work/$2.img machine=$log/systemd-$1.machine status=0
	shift 2
	: >"$machine"
	# What is written to the disk is given up with the machine.
	"$lab/machine/boot.sh" -n "systemd-$name" -t "${BOOT_TIMEOUT:-1500}" -d "$disk,snapshot=on" -b "$@" | tee "$machine" |
		grep --line-buffered -E '^(== |ok |not ok )' | sed -u -E "s/^(ok|not ok) /&$name: /" | tee -a "$results" || status=$?
	grep -qx 'end of the checks' "$machine" || status="no end of the checks"
	[ "$status" = 0 ] || check "$name: the run" "it ended with $status: see ${machine#"$repo/"}" | tee -a "$results"
}

complaints() { sed -n 's/^journal: //p' "$log/systemd-$1.machine" | sort -u; }
units() { sed -n 's/^failed: //p' "$log/systemd-$1.machine"; }

# The journals of two boots that differ in nothing but the packages
compare() { # KERNEL
	local new stock patched
	# What every boot complains about is the service that is denied.
	if [ -z "$(complaints "$1-stock")" ] || [ -z "$(complaints "$1-patched")" ]; then
		check "$1: two journals to compare" "a run has not come that far"
		return
	fi
	new=$(comm -13 <(complaints "$1-stock") <(complaints "$1-patched") | paste -sd ';')
	holds "$1: the journal has no new complaint" "$new" [ -z "$new" ]
	stock=$(units "$1-stock")
	patched=$(units "$1-patched")
	holds "$1: the same units fail, '$stock'" "$patched" [ "$patched" = "$stock" ]
}

say "systemd: $version on build/kernel and on Debian's kernel; five boots, one to three minutes each"
"$lab/programs.sh"
make_debian
for systemd in stock patched; do disk $systemd; done
: >"$results"
kernel=$build/kernel/arch/x86/boot/bzImage
arguments="root=/dev/vda rw audit_backlog_limit=8192"
for systemd in stock patched; do
	boot "kfuncs-$systemd" "$systemd" -k "$kernel" -a "$arguments audit=1 lab=$systemd"
	boot "debian-$systemd" "$systemd" -k "$(echo "$work/$systemd.boot"/vmlinuz-*)" -r "$(echo "$work/$systemd.boot"/initrd.img-*)" -a "$arguments audit=1 lab=$systemd"
done
boot audit=0 patched -k "$kernel" -a "$arguments audit=0 lab=patched"
{ compare kfuncs; compare debian; } | tee -a "$results"

passed=$(grep -c '^ok ' "$results" || :)
failed=$(grep -c '^not ok ' "$results" || :)
echo "$passed passed, $failed failed"
exit $((failed > 0))
