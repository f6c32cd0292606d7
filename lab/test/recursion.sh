#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a record from within a record does: build/kernel must refuse the program,
# and the kernel with the patch BASELINE= instead of the overlay, and Smack, shows
# what becomes of one that doesn't.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"

"$lab/kernel/baseline.sh"
ln -sfn linux-baseline "$build/linux-baseline-smack"
"$lab/kernel/kernel.sh" baseline-smack
"$lab/machine/run.sh" lab/programs.sh

"$lab/machine/boot.sh" -n recursion lab/test/recursion/provoke.sh >"$log/recursion.out"
grep '^refused: .*bpf_audit_log_start is not allowed' "$log/recursion.out" || die "build/kernel did not refuse the program: see $log/recursion.out."

console=$log/recursion-baseline.console
out=$log/recursion-baseline.out
KERNEL_DIR=$build/baseline-smack "$lab/machine/boot.sh" -n recursion-baseline -t 120 lab/test/recursion/provoke.sh >"$out" 2>&1 || true
grep '^loaded' "$out" || die "the baseline did not load the program: see $out."
splat=$(grep -aEm 1 'stack guard page|stack overflow|double fault' "$console") ||
	die "the baseline survived, or ended for another reason: see $console."
say "recursion: refused by build/kernel; the baseline ended with '$splat' (all of it in $console)"
