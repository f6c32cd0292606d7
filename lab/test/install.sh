#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Install the packages in build/deb-test on the disk's Debian, from outside of it:
# in a guest that runs their kernel, but from other files. Prints one line for each
# check.

# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

packages=build/deb-test
release=$(uname -r)
root=/run/debian
home=$root/root/lab

# What it takes to read the disk is a module of the package.
dpkg-deb -x "$packages/linux-image-$release"_*.deb /tmp/image
depmod -b /tmp/image "$release"
modprobe -d /tmp/image ext4
mkdir "$root"
mount /dev/vda1 "$root"
for dir in dev proc sys; do mount --rbind "/$dir" "$root/$dir"; done
# As Debian's installer does; the packages' hooks bring up to date only a menu that is there.
chroot "$root" grub-install /dev/vda
chroot "$root" update-grub

mkdir -p "$home/lab" "$home/build/demo"
cp "$packages"/*.deb "$home"
chroot "$root" sh -c 'cd /root/lab && dpkg -i *.deb'
cp -r lab/demo lab/test "$home/lab"
cp build/demo/policy.bpf.o "$home/build/demo"
cp lab/test/installed.service "$root/etc/systemd/system"
chroot "$root" systemctl enable installed.service

for package in "linux-image-$release" "linux-headers-$release"; do
	state=$(dpkg-query --admindir "$root/var/lib/dpkg" -Wf '${db:Status-Status}' "$package")
	holds "install: $package" "$state" [ "$state" = installed ]
done
boot=$(find "$root/boot" -maxdepth 1 -name "*$release" -printf '%f ')
holds "install: an initramfs is made" "$boot" [ -s "$root/boot/initrd.img-$release" ]
menu=$(grep -E '^\s*(linux|initrd)\s' "$root/boot/grub/grub.cfg" || :)
holds "install: GRUB has it in its menu" "$menu" grep -qE "initrd\s+/boot/initrd.img-$release\$" <<<"$menu"
umount -R "$root"
exit $((failed > 0))
