#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build and boot the pristine kernel, and it with each patch of build/series/1-fixes
# alone, or with those named (lab/series/fixes.sh bpf-arg-trusted), and run the test of that fix
# on both. On the first it must show what lab/series/fixes/before has, on the second it must
# pass. What was fine is not run again until the patch, its test or the configuration
# changes. Objects are shared with bisect.sh, but those of a fix that has a configuration
# of its own, lab/series/fixes/NAME.config.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
inside "$@"
cd "$repo"

# shellcheck source=lab/staged.sh
. "$lab/staged.sh"
# shellcheck source=lab/queue.sh
. "$lab/queue.sh"

results=$build/fixes.results
fixes=(patches/1-fixes/[0-9]*.patch)
patches=("$build"/series/1-fixes/[0-9]*.patch)
patches=("${patches[@]:1}")	# the first is the cover letter
fixes=("${fixes[@]%.patch}")
[ "${#patches[@]}" = "${#fixes[@]}" ] || die "build/series/1-fixes isn't what patches/1-fixes makes: run 'make series'."

make_dirs "$out" "$results" "$log" "$build/guest"
lock "$build" bisect
make_tree
KERNEL_DIR=$build/kernel "$lab/programs.sh"

subject() { echo "${1#*/*/????-}"; } # FIX

# test_of FIX: its command in the guest, what to boot with, and where its kernel is.
test_of() {
	local selftest script
	script=lab/series/fixes/$(subject "$1").sh
	options=() own=() out=$build/bisect
	if [ -f "${script%.sh}.config" ]; then
		own=("${script%.sh}.config") out=$build/fixes-$(subject "$1")
	fi
	KERNEL_DIR=$out
	selftest=$(files_of "$1.patch" | sed -nE 's|.*/prog_tests/(.*)\.c$|\1|p')
	case $1 in
	*-audit-backlog-wakeup) options=(-c 1) command=(lab/test/waits.sh) ;;
	*-audit-interrupts) options=(-c 1) command=("$script") ;;
	*-lsm-secctx-default) options=(-a "lsm=landlock,bpf,smack") command=("$script") ;;
	*-rust-spinlock-irq-test) options=(-a "kunit.enable=1 kunit.autorun=1") command=("$script") ;;
	*) command=("$script") ;;
	esac
	[ -z "$selftest" ] || command=(lab/test/progs.sh build/selftests-bisect -a "$selftest")
	[ -n "$selftest" ] || [ -f "${command[0]}" ] || die "$1 has no test: add ${command[0]}, or a file in prog_tests."
}

# The tests of all fixes, as they are here: only the kernels differ.
lay_tests() {
	local fix file
	for fix in "${fixes[@]}"; do
		while IFS= read -r file; do
			[[ $file != tools/testing/selftests/* ]] || cp -p --parents "$file" "$stage"
		done < <(files_of "$fix.patch")
	done
}

kernel() {
	lay
	mkdir -p "$out"
	configure "$lab/kernel/kernel.config" "$lab/series/fixes.config" "${own[@]}"
	kmake vmlinux bzImage
}

# expectation FIX: what its test on the pristine kernel shows, all of it.
expectation() { sed -n "s/^$(subject "$1")	//p" lab/series/fixes/before; }

# step TEXT COMMAND...: with its output in out_log.
step() {
	out_log=$log/fixes.log
	say "fixes: $1 (log in $out_log)"
	(set -e; "${@:2}") >"$out_log" 2>&1 </dev/null &
	keep_posted $! fixes
	wait $! || { grep -E '(error|fatal error):|Error ' "$out_log" | head -n 5 >&2; die "$1 failed: see $out_log."; }
}

# run NAME: the test on the kernel in $out; what it said is in NAME.
run() {
	local console=$log/fixes.console status=0
	"$lab/machine/boot.sh" -n fixes -t 180 "${options[@]}" "${command[@]}" >"$results/$1.part" 2>&1 </dev/null || status=$?
	cat "$console" >>"$results/$1.part"
	mv "$results/$1.part" "$results/$1"
	return "$status"
}

key=$(cat "$lab/kernel/kernel.config" "$lab/series/fixes.config" lab/test/report.sh "$build/linux.version" "$build/toolroot/.key" | sha256sum)
key_of() { # NUMBER
	local tests=("lab/series/fixes/$(subject "${fixes[$1]}")".*)
	case ${command[0]} in
	lab/test/waits.sh) tests=(lab/test/waits*) ;;
	lab/test/progs.sh) tests=("${command[0]}") ;;	# the selftest is in the patch
	esac
	{
		echo "$key ${options[*]} ${command[*]}"
		cat "${tests[@]}" "${patches[$1]}" </dev/null
		expectation "${fixes[$1]}"
	} | sha256sum
}
fine() { [ "$(sed -n 2p "$1" 2>/dev/null)" = "$2" ]; } # RESULT KEY

plain=() special=()	# numbers; the special ones have a configuration of their own
for i in "${!fixes[@]}"; do
	[ $# = 0 ] || [[ " $* " == *" $(subject "${fixes[i]}") "* ]] || continue
	test_of "${fixes[i]}"
	! fine "$results/${fixes[i]##*/}" "$(key_of "$i")" || continue
	if [ ${#own[@]} = 0 ]; then plain+=("$i"); else special+=("$i"); fi
done

failed=()
said=()

pristine() { # NUMBER
	test_of "${fixes[$1]}"
	pristine_stage
	lay_tests
	step "the pristine kernel${own[0]:+ with ${own[0]}}" kernel
}

before() { # NUMBER
	local name=${fixes[$1]##*/} wanted one shown=
	test_of "${fixes[$1]}"
	wanted=$(expectation "${fixes[$1]}")
	rm -f "$results/$name"
	[ -n "$wanted" ] || die "lab/series/fixes/before has no line for $name."
	say "fixes: $name on the pristine kernel"
	if run "$name.before"; then
		failed+=("$name: its test passes on the pristine kernel, too")
		return
	fi
	while IFS= read -r one; do
		one=$(grep -Eom 1 "$one" "$results/$name.before") || {
			failed+=("$name: on the pristine kernel it fails otherwise, see $results/$name.before")
			return
		}
		shown+=${shown:+, }$one
	done <<<"$wanted"
	said[$1]=$shown
}

after() { # NUMBER
	local name=${fixes[$1]##*/}
	test_of "${fixes[$1]}"
	pristine_stage
	apply "${patches[$1]}"
	lay_tests
	step "the kernel with $name alone" kernel
	say "fixes: $name on that kernel"
	if ! run "$name.after"; then
		failed+=("$name: its test fails with the fix, see $results/$name.after")
	elif [ -n "${said[$1]:-}" ]; then
		printf '%-30s before: %s; after: ok\n%s\n' "$name" "${said[$1]}" "$(key_of "$1")" >"$results/$name"
	fi
}

if [ ${#plain[@]} -gt 0 ]; then
	pristine "${plain[0]}"
	step "its selftests" "$lab/test/build-selftests.sh" test_progs
fi
for i in "${plain[@]}"; do before "$i"; done
for i in "${plain[@]}"; do after "$i"; done
for i in "${special[@]}"; do
	pristine "$i"
	before "$i"
	after "$i"
done
for fix in "${fixes[@]}"; do
	[ ! -f "$results/${fix##*/}" ] || sed -n 1p "$results/${fix##*/}"
done
[ ${#failed[@]} = 0 ] || { printf '%s\n' "${failed[@]//"$repo/"/}" >&2; die "${#failed[@]} of ${#fixes[@]} fixes failed."; }
