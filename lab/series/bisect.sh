#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build and boot the kernel as each patch of build/series leaves it, with KUnit's
# tests at boot, or, for a patch to the selftests, build these and run ours, if there
# are any by then. Documentation is only applied. It ends at the first patch that isn't
# fine. One that was is left out until its diff, one before it or the configuration changes.
# The objects stay in build/bisect, so that each patch has only its own change built.
# lab/series/bisect.sh [START...]: these alone, by how their names start, such as 5-kfuncs
# or 5-kfuncs-0013; those before them are only applied.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
inside "$@"
cd "$repo"

# shellcheck source=lab/staged.sh
. "$lab/staged.sh"

results=$build/bisect.results
mapfile -t patches < <(find "$build/series" -path '*/[0-9]*.patch' ! -name '0000-*' 2>/dev/null | sort)
[ ${#patches[@]} -gt 0 ] || die "there are no patches in build/series: run 'make series'."

# name PATCH: of which topic it is, too.
name() { basename "$(dirname "$1")-$(basename "$1" .patch)"; }

# result_of PATCH: by its number, as its subject may change without a build.
result_of() { echo "$results/$(basename "$(dirname "$1")")-$(basename "$1" | cut -c 1-4)"; }

# What the kernel is built from: neither the message nor how many lines the diff has.
diff_of() { sed -n '/^diff --git /,$p' "$1" | grep -v '^index '; } # PATCH

starts=("$@")
chosen() { # NAME
	local start
	for start in "${starts[@]:-}"; do
		[[ $1 != "$start"* ]] || return 0
	done
	return 1
}
names=$(for patch in "${patches[@]}"; do name "$patch"; done)
for start in "${starts[@]}"; do
	[[ $'\n'$names == *$'\n'"$start"* ]] ||
		die "no patch of build/series is called $start: name one, such as 5-kfuncs-0013, or its topic."
done

make_dirs "$out" "$results" "$log" "$build/guest"
lock "$build" bisect
pristine_stage
make_tree

boot() { "$lab/machine/boot.sh" -n bisect -a "kunit.enable=1 kunit.autorun=1" "$@"; }

kernel() {
	configure "$lab/kernel/kernel.config"
	kmake vmlinux bzImage
	make_kmod "$out" kmake
}

booted() {
	boot bash -c "dmesg >$build/guest/bisect.dmesg"
	"$tree/tools/testing/kunit/kunit.py" parse "$build/guest/bisect.dmesg" | tee "$results/kunit"
	said+="; booted, KUnit: $(sed -nE 's/.*Testing complete\. //p' "$results/kunit")"
}

# selftests PROGRAM: with none of ours to build there is the runner alone.
selftests() {
	kernel	# that there is may be of another patch
	"$lab/test/build-selftests.sh" "$1"
	said+="; $1 built"
	[ "$1" = test_progs ] && [ -n "$(find "$tree/tools/testing/selftests/bpf/prog_tests" -name 'lsm_hook_*.c' -o -name 'lsm_audit_*.c')" ] || return 0
	boot lab/test/progs.sh build/selftests-bisect | tee "$results/selftests"
	said+=", $(sed -n 's/^Summary: //p' "$results/selftests")"
}

# one FILE...: what a patch that touches these calls for.
one() {
	local files
	files=$(printf '%s\n' "$@")
	said=applied
	lay
	! grep -qEv '^(Documentation|tools)/|^MAINTAINERS$' <<<"$files" || { said=built; kernel; booted; }
	! grep -qE '^tools/testing/selftests/bpf/' <<<"$files" || selftests test_progs
	! grep -qE '^tools/testing/selftests/bpf/benchs/' <<<"$files" || selftests bench
	echo "$said" >"$results/said"
}

key=$(cat "$lab/kernel/kernel.config" "$build/linux.version" "$build/toolroot/.key" 2>/dev/null | sha256sum)
failed=
for patch in "${patches[@]}"; do
	name=$(name "$patch")
	key=$({ echo "$key"; diff_of "$patch"; } | sha256sum)
	mapfile -t files < <(git apply --numstat "$patch" | cut -f 3)
	apply "$patch"
	chosen "$name" || continue
	result=$(result_of "$patch")
	if [ "$(sed -n 2p "$result" 2>/dev/null)" = "$key" ]; then
		say "bisect: $name was fine"
		continue
	fi
	say "bisect: $name, of ${#patches[@]} (log in $log/bisect.log)"
	out_log=$log/bisect.log
	start=$SECONDS
	(set -e; one "${files[@]}") >"$out_log" 2>&1 </dev/null &
	posting() { tail -n 1 "$out_log" | cut -c 1-100; }
	keep_posted $! "${name%%-*}"
	if wait $!; then
		printf '%5d s  %s\n%s\n' $((SECONDS - start)) "$(cat "$results/said")" "$key" >"$result.part"
		mv "$result.part" "$result"
	else
		cp "$out_log" "$log/bisect.$name.log"
		say "$name FAILED: $(grep -E '^(error|not ok)|: (error|fatal error):|Error ' "$out_log" | head -n 1) (see $log/bisect.$name.log)"
		rm -f "$result"
		failed=$name
		break
	fi
done

for patch in "${patches[@]}"; do
	name=$(name "$patch")
	chosen "$name" || continue
	[ "$name" != "$failed" ] || { echo "$name: failed"; break; }
	printf '%-64s %s\n' "$name" "$(sed -n 1p "$(result_of "$patch")")"
done | tee "$results/table"
[ -z "$failed" ] || die "failed: $failed. Mend that and run 'make bisect' again: what was fine won't be built anew."
