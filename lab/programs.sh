#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compile the BPF objects of the demonstration, the examples and the tests against
# the kernel that will run them, in the tool root, into build/FOLDER/NAME.bpf.o; and
# the loader of the examples, and what makes the others busy. What isn't loaded by that
# loader has its records switched on here. Or one SOURCE alone:
# lab/programs.sh [SOURCE OBJECT OPTION...]

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$repo"

kernel=${KERNEL_DIR:-$build/kernel}
[ -f "$kernel/vmlinux" ] || die "there is no kernel in $kernel: run 'make kernel'."

# vmlinux.h uses anonymous members of a named type, as the kernel does
# (-fms-extensions), and has declarations that declare nothing. Without it a program
# needs <asm/types.h>, which clang looks for only if it compiles for this machine.
compile() { # SOURCE OBJECT [OPTION...]
	clang-19 -target bpf -D__TARGET_ARCH_x86 -O2 -g -Wall -Werror \
		-fms-extensions -Wno-microsoft-anon-tag -Wno-missing-declarations \
		-idirafter "/usr/include/$(gcc -print-multiarch)" \
		"${@:3}" -I "$build/demo" -I "$lab/examples" -c "$1" -o "$2"
}

if [ $# -gt 0 ]; then
	compile "$@"
	exit
fi
lock "$build" programs

make_dirs "$build/demo" "$build/test"
bpftool btf dump file "$kernel/vmlinux" format c >"$build/demo/vmlinux.h" ||
	die "bpftool can't read the types of $kernel/vmlinux."
grep -q bpf_audit_log_start "$build/demo/vmlinux.h" ||
	die "the kernel in $kernel has no audit kfuncs: run 'make kernel'."
# As projects ship it, of a kernel without the kfuncs.
make_dirs "$build/demo/without"
sed '/^struct bpf_audit_context {/,/^};/d; /bpf_audit_/d' "$build/demo/vmlinux.h" >"$build/demo/without/vmlinux.h"
for source in lab/{demo,examples,test,test/*,userspace/*}/*.bpf.c; do
	[ -f "$source" ] || continue
	object=$build/${source#lab/}
	[[ $source != lab/*/@(recursion|stress|systemd)/* ]] || object=$build/${source#lab/*/}
	object=${object%.c}.o
	make_dirs "${object%/*}"
	case $source in
	lab/examples/* | lab/test/header/*) compile "$source" "$object" ;;
	*) compile "$source" "$object" -DBPF_AUDIT_ENABLED=1 ;;
	esac
done
# Kfuncs that no kernel has.
for source in lab/examples/bpf_audit.h lab/test/header/own.bpf.c; do
	sed 's/bpf_audit_log_/bpf_audit_none_/g' "$source" >"$build/test/header/${source##*/}"
done
compile "$build/test/header/own.bpf.c" "$build/test/header/none.bpf.o"
gcc -O2 -Wall -Werror -o "$build/examples/load" lab/examples/load.c -lbpf
gcc -O2 -Wall -Werror -o "$build/stress/load" lab/test/stress/load.c
gcc -O2 -Wall -Werror -o "$build/test/losses" lab/test/losses.c
