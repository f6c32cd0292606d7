#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel that was booted with audit=0, in the guest, as root: losses.bpf.c denies
# as ever, nothing is recorded, and that is no loss. Nobody answers auditctl then: of
# records and losses the kernel log would tell. One line for each check.

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"

object=build/test/losses.bpf.o
pins=/sys/fs/bpf/losses

counter() { bpftool -j map dump pinned "$pins/maps/losses_bss" | sed "s/.*\"$1\":\([0-9]*\).*/\1/"; }

[ "$(grep -o 'audit=[01]' /proc/cmdline | tail -n 1)" = audit=0 ] || die "boot with audit=0."
mount_once bpf /sys/fs/bpf
mkdir -p "$state" "$pins"
bpftool prog loadall "$object" "$pins/links" pinmaps "$pins/maps" autoattach >"$state/bpftool.out" 2>&1 ||
	die "$object does not load: $(tail -n 1 "$state/bpftool.out")"
denied=$(build/test/losses 1) || die "losses failed."

problems=()
((denied > 0)) || problems+=("nothing was denied")
[ "$(counter started) $(counter refused)" = "0 $denied" ] ||
	problems+=("$(counter started) records were started, $(counter refused) refused")
told=$(dmesg | grep -m 1 -E 'type=1427|audit_lost=' || :)
[ -z "$told" ] || problems+=("the kernel log has '$told'")
check "audit=0: $denied denials, no record, no loss" "${problems[@]}"
exit $((failed > 0))
