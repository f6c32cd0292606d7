#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Count the instructions of an audit record, of build/kernel and of
# build/baseline, and compare: a table and charts in build/bench. QEMU runs one
# instruction per ns of the guest's clock, so that the same run takes the same
# time on every machine. Each kernel is measured in two boots, which must agree.
# What the throughput is on several processors, an emulator can't tell: there it is
# only seen that no record gets lost unnoticed.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"

out=$build/bench
lock "$build" bench
bench=$build/selftests/bench
[ -x "$bench" ] || die "there is no $bench: run 'make bench'."
for kernel in kernel baseline; do
	[ -f "$build/$kernel/.config" ] || die "there is no build/$kernel: run 'make bench'."
done
differ='CONFIG_(BPF_LSM_AUDIT|AUDIT_KUNIT_TEST)'
diff <(grep -Ev "$differ" "$build/kernel/.config") \
	<(grep -Ev "$differ" "$build/baseline/.config") >"$out/config.diff" ||
	die "the two kernels differ in more than $differ (see $out/config.diff): build them from one lab/kernel/kernel.config."

for kernel in kernel baseline; do
	for boot in 1 2; do
		result=$out/$kernel.$boot
		rm -f "$result"
		KERNEL_DIR=$build/$kernel "$lab/machine/boot.sh" -i -n "bench-$kernel" \
			"$bench" -q lsm-audit-cost "$@" >"$result.part" 2>&1 || {
			tail -n 5 "$result.part" >&2
			die "the benchmark failed on build/$kernel: see $result.part and $log/bench-$kernel.console."
		}
		mv "$result.part" "$result"
	done
done

flood() { # BENCHMARK PRODUCERS
	local result=$out/$1.$2
	{ KERNEL_DIR=$build/kernel "$lab/machine/boot.sh" -n bench-flood -c "$2" "$bench" -w1 -d5 -p"$2" "$1" >"$result" 2>&1 &&
		grep '^Records: ' "$result"; } ||
		die "$1 failed on $2 processors: see $result and $log/bench-flood.console."
}
for benchmark in lsm-audit-atomic lsm-audit-sleepable; do
	for producers in 1 2; do flood "$benchmark" "$producers"; done
done

"$lab/bench/report.py" "$out"
say "bench: $out has the table (table.txt, table.tsv) and the charts (records.png, scaling.png)"

# What the pages quote (lab/bench/quotes).
if [ $# = 0 ]; then
	{
		echo "# SPDX-License-Identifier: GPL-2.0-only"
		echo "# Instructions, in the order of table.txt: make bench wrote this for the source $(cat "$build/linux.version")"
		echo "# and a baseline whose patch has the SHA-256 $(sha256sum <"$out/baseline.patch" | cut -c 1-16)."
		cat "$out/table.tsv"
	} >"$out/figures.tsv"
	say "bench: $out/figures.tsv is what the pages have to say: copy it to lab/bench, and 'make check' shows which don't"
fi
