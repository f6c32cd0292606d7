#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Break the module on purpose, and see that the tests notice: lab/test/mutants.sh
# [NAME...]. Each patch in lab/test/mutants says what it breaks and which selftest
# must fail of it. Those that may hide what others do ("Alone: yes") get a kernel
# of their own, the rest share one. One that no selftest can see says what to run
# ("Run:") on which machine ("Boot:"), and the start of the check that must fail. One that
# only another configuration has names its kernel ("Kernel: kernel-rt"). 'make tree' brings
# build/linux back, also after a run that was interrupted; kernels and selftests are built
# anew by what needs them.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
mutants=$lab/test/mutants
export GIT_CEILING_DIRECTORIES=$repo
missed=()
count=0

says() { sed -n "s/^$2: //p" "$mutants/$1.patch"; } # NAME FIELD

result() { # NAME BY-WHAT
	count=$((count + 1))
	if [ -n "$2" ]; then say "mutant $1: caught by $2"; else
		say "mutant $1: MISSED"
		missed+=("$1")
	fi
}

# try TESTS NAME...: build and boot a kernel with these mutants.
try() {
	local tests=$1 name test by kernel=kernel variables=()
	shift
	"$lab/kernel/tree.sh" >"$log/mutants.log"
	touch "$build/linux.scratch"
	for name; do
		(cd "$build/linux" && git apply "$mutants/$name.patch") ||
			die "lab/test/mutants/$name.patch does not apply: make it anew for the code as it is."
	done
	if [ $# = 1 ] && [ -n "$(says "$1" Kernel)" ]; then
		kernel=$(says "$1" Kernel) variables=(LLVM=-19)
	fi
	if ! "$lab/kernel/kernel.sh" "$kernel" "${variables[@]}" >>"$log/mutants.log" 2>&1; then
		[ $# = 1 ] || die "the mutants don't compile together: see $log/mutants.log."
		die "the mutant $1 doesn't compile, which says nothing of the tests: see $log/mutants.log."
	fi
	local command=(lab/test/test.sh "$tests") machine=()
	export KERNEL_DIR=$build/$kernel
	# Types and the module are of that kernel.
	"$lab/machine/run.sh" lab/test/build-selftests.sh >>"$log/mutants.log" 2>&1 ||
		die "the selftests don't build for $kernel: see $log/mutants.log."
	if [ $# = 1 ] && [ -n "$(says "$1" Run)" ]; then
		read -ra command < <(says "$1" Run)
	fi
	[ $# -gt 1 ] || read -ra machine < <(says "$1" Boot) || :
	"$lab/machine/boot.sh" -n mutant -t 300 "${machine[@]}" "${command[@]}" >"$log/mutant.out" 2>&1 || :
	cat "$log/mutant.out" >>"$log/mutants.log"
	for name; do
		test=$(says "$name" Caught-by)
		by=
		if grep -q "^not ok \(selftest: ${test#lsm_audit_} \|$test\)" "$log/mutant.out"; then
			by=$test
		elif [ $# = 1 ]; then
			by=$(no_splat "$log/mutant.console" 2>&1) || by=${by%%$'\n'*}
		fi
		result "$name" "$by"
	done
}

names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(cd "$mutants" && printf '%s\n' *.patch | sed 's/\.patch$//')
together=() alone=()
for name in "${names[@]}"; do
	[ -f "$mutants/$name.patch" ] || die "there is no lab/test/mutants/$name.patch: choose a NAME from lab/test/mutants."
	if [ -n "$(says "$name" Alone)" ]; then alone+=("$name"); else together+=("$name"); fi
done

make_dirs "$log"
"$lab/kernel/tree.sh" >"$log/mutants.log"
"$lab/kernel/kernel.sh"
"$lab/machine/run.sh" lab/programs.sh
trap '"$lab/kernel/tree.sh" >/dev/null' EXIT
[ ${#together[@]} = 0 ] || try '*' "${together[@]}"
for name in "${alone[@]}"; do
	test=$(says "$name" Caught-by)
	try "${test#*/}" "$name"
done

say "mutants: $((count - ${#missed[@]})) of $count caught"
[ ${#missed[@]} = 0 ] || die "the tests don't notice ${missed[*]}: mend the tests."
