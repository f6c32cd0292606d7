#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# See that all records of audit have the text that they have without our patches, and
# that none takes longer: the same system calls (lab/test/texts/*.c), under rules for all of
# them, on build/kernel and on build/baseline, whose audit formats records as the
# pristine kernel does.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"
cd "$repo"

texts=$build/texts
make_dirs "$texts" "$log"
for kernel in kernel baseline; do
	[ -f "$build/$kernel/arch/x86/boot/bzImage" ] || die "there is no build/$kernel: run 'make texts'."
done
for program in calls costs; do
	gcc -std=gnu17 -O1 -Wall -Wno-unused-result -static -o "$texts/$program" "lab/test/texts/$program.c"
done

capture() { # PROGRAM KERNEL NAME [OPTION...]
	local result=build/guest/texts.$3
	rm -f "$result"
	# Addresses and process ids as much alike as can be.
	KERNEL_DIR=$build/$2 "$lab/machine/boot.sh" "${@:4}" -n texts -a norandmaps lab/test/texts/capture.sh "$1" "$result" >"$log/texts.log" 2>&1 ||
		die "$1 did not run on build/$2: see $log/texts.log and $log/texts.console."
	mv "$result" "$texts/$3"
}

# Instructions, as in lab/bench/bench.sh: of each whole call, and of the records that it has
# beside SYSCALL, PROCTITLE and EOE, which are what it takes without these less.
capture costs baseline costs.before -i
capture costs kernel costs.after -i
paste "$texts/costs.before" "$texts/costs.after" | awk '
	function slower(what, before, after) {
		if (after <= 1.01 * before)
			return
		print "texts: " what " takes longer than before."
		bad = 1
	}
	BEGIN { printf "%-20s %23s  %s\n", "", "the call", "its own records" }
	$1 != $4 { print "texts: the kernels ran different calls."; bad = 1 }
	{ before = $2 - $3; after = $5 - $6 }
	{ printf "%-20s %8d %8d  %.2f", $1, $2, $5, $5 / $2; slower($1, $2, $5) }
	$1 == "SYSCALL" { print ""; next }
	{ printf "  %7d %7d  %.2f\n", before, after, after / before; slower("a record of " $1, before, after) }
	before < 500 || after < 500 { print "texts: " $1 " wrote no such record."; bad = 1 }
	END { exit bad || !NR }' || die "a record became more expensive, or is missing: see above."

capture calls baseline before1 -c 1
capture calls baseline before2 -c 1
capture calls kernel after -c 1
lab/test/texts/compare.py "$texts/before1" "$texts/before2" "$texts/after" ||
	die "what audit writes is not what it was: see above, and the logs in $texts."
say "texts: the records are the same"
