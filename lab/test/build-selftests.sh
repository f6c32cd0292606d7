#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the kernel's own runner of BPF selftests, test_progs, with our tests
# and one that we change, or its runner of benchmarks ("bench"), in build/selftests, or in
# build/selftests-debug for build/kernel-debug, or, from build/linux-bisect, in
# build/selftests-bisect for build/bisect: lab/test/build-selftests.sh [test_progs | bench].
# lab/test/build-selftests.sh test_progs LIST takes those tests of the kernel's that the file
# LIST names instead, in such a folder whose name ends in "-tree".
# Their Makefile writes into the source and takes all tests that it finds there,
# so it gets a folder of its own: links to build/linux but for tools/, which is
# copied without the kernel's other selftests.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"

target=${1:-test_progs}
list=${2:-}
tree=$build/linux
kernel=${KERNEL_DIR:-$build/kernel}
selftests=tools/testing/selftests
bpf=$selftests/bpf
source=$build/selftests-source
out=$build/selftests
case $kernel in
*/kernel-debug) out+=-debug ;;
*/bisect) tree+=-bisect source+=-bisect out+=-bisect ;;
esac
[ -z "$list" ] || source+=-tree out+=-tree
out_log=$log/selftests.log
llvm=22	# with 19, libarena's atomics don't compile
variables=(CLANG="clang-$llvm" LLC="llc-$llvm" LLVM_STRIP="llvm-strip-$llvm" OBJCOPY="llvm-objcopy-$llvm")
kind=$(kind_of "$kernel")
if [ -n "$kind" ]; then
	triplet=$(uname_of "$kind")-linux-gnu
	out+=-$kind
	clang="clang-$llvm --sysroot=$build/$kind-root"
	variables+=(ARCH="${kbuild_of[$kind]}" CROSS_COMPILE="$triplet-" SKIP_LLVM=1 CLANG="$clang"
		CC="$clang --target=$triplet -fuse-ld=lld -Wno-unused-command-line-argument" LD="ld.lld-$llvm" AR="llvm-ar-$llvm")
fi

[ -f "$tree/$bpf/test_progs.c" ] || die "the tests aren't in $tree: run 'make tree'."
[ -f "$kernel/vmlinux" ] || die "there is no kernel in $kernel: run 'make kernel'."

lock "$build" selftests
# A build that is cut off leaves files that are half written, which make takes for done.
mark=$out/.building
if [ -e "$mark" ]; then
	say "selftests: the last build was cut off, it starts anew"
	rm -rf --one-file-system "$out" "$source"
fi
make_dirs "$log" "$out" "$source/$selftests"
[ -e "$out/$target" ] || need_space "$build" 500 "building the selftests"

# mirror FROM TO [OPTION...]: only what differs is written, without its time, which may be
# before that of an object that was built of what it replaces.
mirror() { rsync -a --no-times --checksum --delete "$@" >>"$out_log" 2>&1 || die "can't copy to $source: see $out_log."; }

say "selftests: building (log in $out_log); from nothing it takes a minute or two on two cores"
start=$SECONDS
: >"$out_log"
for entry in "$tree"/*; do
	[ "${entry##*/}" = tools ] || ln -sfn "$entry" "$source/${entry##*/}"
done
mirror --exclude /testing --exclude '*.o' "$tree/tools/" "$source/tools/"
mirror "$tree/$selftests/lib.mk" "$tree/$selftests"/kselftest*.h "$source/$selftests/"
progs=()
# of FILE...: the programs that these name, by their skeletons or their objects.
of() {
	local object
	while IFS= read -r object; do
		progs+=(--include "/progs/${object%%.*}.c")
	done < <(grep -ohE '\w+\.(skel\.h|bpf\.o)' "$@" | sort -u)
}
[ "$target" != bench ] || of "$tree/$bpf"/benchs/*.c
if [ -n "$list" ]; then
	while IFS= read -r test; do
		progs+=(--include "/prog_tests/$test.c")
		of "$tree/$bpf/prog_tests/$test.c"
	done < <(grep -E '^\w' "$list")
	# and none of ours
	progs+=(--exclude '/prog_tests/*.c' --exclude '/progs/*.c')
fi
# Before the patch that adds ours there is nothing to run: then one of the kernel's own
# makes a runner of it.
[ -f "$tree/$bpf/prog_tests/lsm_audit_kfuncs.c" ] || progs+=(--include /prog_tests/test_lsm.c --include /progs/lsm.c --include /progs/lsm_tailcall.c)
# What the build itself makes there stays.
mirror --delete-excluded --filter='P /verification_cert.h' --filter='P /libarena/*.skel.h' --filter='P *.bpf.o' \
	--filter='P /prog_tests/tests.h' "${progs[@]}" --include '/prog_tests/lsm_audit_*' --include '/prog_tests/lsm_hook_*' \
	--include /prog_tests/summarization.c --exclude '/prog_tests/*.c' --include '/progs/*lsm_audit_kfuncs*' \
	--include '/progs/lsm_hook_*' --include '/progs/summarization*' --exclude '/progs/*.c' \
	"$tree/$bpf/" "$source/$bpf/"

# The list of tests is made of those that are there, but not when one goes.
[ -z "$list" ] || [ "$source/$bpf/prog_tests/tests.h" -nt "$list" ] || rm -f "$source/$bpf/prog_tests/tests.h"

# make can't do without a header that an earlier build has found; and without what that
# build found, it would take the object for good.
while IFS= read -r header; do
	[ -e "$header" ] || while IFS= read -r found; do rm -f "$found" "${found%.d}.o"; done < <(grep -lF "$header" "$out"/*.d)
done < <(cat "$out"/*.d 2>/dev/null | grep -oE "$source/[^ ]+\.h" | sort -u)
for object in "$out"/*.test.o; do [ -e "${object%.o}.d" ] || rm -f "$object"; done
# With BPF_STRICT_BUILD=0 the program isn't linked again for an object that is new.
[ "$target" != test_progs ] || for test in "$source/$bpf"/prog_tests/*.c; do
	[ -e "$out/$(basename "$test" .c).test.o" ] || rm -f "$out/$target"
done

# The tests carry the types of the kernel that they run on. make looks only at which
# of the two is newer, which isn't enough where these were built for another one.
[ "$(cat "$out/.kernel" 2>/dev/null)" = "$kernel" ] || rm -f "$out/tools/include/vmlinux.h"
echo "$kernel" >"$out/.kernel"
types=
if [ "$(release_of "$(cat "$build/linux.version")")" = 7.2 ]; then
	# From there pahole 1.30 doesn't know the address space of arena's kfuncs, whose
	# prototypes then aren't libarena's.
	types=$out/vmlinux.h
	bpftool btf dump file "$kernel/vmlinux" format c | grep -v '^extern .*bpf_arena_.* __ksym;$' >"$types"
fi
: >"$mark"
nice make -j "$(parallel)" -C "$source/$bpf" OUTPUT="$out" VMLINUX_BTF="$kernel/vmlinux" VMLINUX_H="$types" \
	"${variables[@]}" \
	LINKED_SKELS='' LSKELS='' LSKELS_EXTRA='' LSKELS_SIGNED='' \
	BPF_STRICT_BUILD=0 SKIP_DOCS=1 "$target" >>"$out_log" 2>&1 &
posting() { tail -n 1 "$out_log"; }
keep_posted $! selftests
status=0
wait $! || status=$?
rm "$mark"
[ "$status" = 0 ] || {
	grep -E ' error: |Error |No space' "$out_log" | tail -n 25 >&2
	die "building the selftests failed: see $out_log, mend that and run again."
}
# The Makefile leaves out what doesn't compile, and is content.
if [ ! -e "$out/$target" ] || grep -qE 'SKIP-(TEST|SKEL|BPF) ' "$out_log"; then
	grep -E ' error: |SKIP-' "$out_log" | tail -n 25 >&2
	# It was linked without, which make would not mend once that compiles.
	rm -f "$out/$target"
	die "$target doesn't compile: see $out_log."
fi
# The module that a test loads is made with the kernel.
rm -f "$out"/*.ko
[ ! -e "$kernel/test_kmods/bpf_test_contexts.ko" ] || cp "$kernel/test_kmods/bpf_test_contexts.ko" "$out/"
say "selftests: $out/$target is ready after $((SECONDS - start)) s"
