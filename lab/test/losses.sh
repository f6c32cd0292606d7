#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No record of a denial may be lost because of what an ordinary user does (losses.c),
# in the guest, as root. The kernel was booted with slab_debug=FZ, where
# kmalloc_nolock() fails on contention, and has more processors than there are tasks
# in these caches. One line for each check: losses.sh [SECONDS]

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"

seconds=${1:-20}
object=build/test/losses.bpf.o
pins=/sys/fs/bpf/losses

counter() { bpftool -j map dump pinned "$pins/maps/losses_bss" | sed "s/.*\"$1\":\([0-9]*\).*/\1/"; }
lost() { auditctl -s | sed -n "s/^lost //p"; }

grep -q 'slab_debug=FZ' /proc/cmdline || die "boot with slab_debug=FZ."
trap clear_scene EXIT
mount_once bpf /sys/fs/bpf
start_auditd
# Only memory may be short. What else a system call records is no concern of this.
auditctl -a never,exclude -F "msgtype!=1427" >/dev/null
auditctl -b 0 >/dev/null
mkdir -p "$pins"
bpftool prog loadall "$object" "$pins/links" pinmaps "$pins/maps" autoattach >"$state/bpftool.out" 2>&1 ||
	die "$object does not load: $(tail -n 1 "$state/bpftool.out")"
before=$(lost)
SECONDS=0
denied=$(build/test/losses "$seconds") || die "losses failed."
lost=$(($(lost) - before))
refused=$(counter refused)

problems=()
((denied > 1000)) || problems+=("only $denied denials")
[ "$refused $lost" = "0 0" ] || problems+=("$refused denials have no record, $lost records are lost")
check "slab_debug=FZ: $denied denials in $SECONDS s, $(counter started) records, $refused without one, $lost lost" "${problems[@]}"
exit $((failed > 0))
