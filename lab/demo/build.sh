#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compile the BPF objects of the demonstration, the examples and the tests against
# the kernel that will run them, in the tool root: lab/*/*.bpf.c to build/*/*.bpf.o;
# and what makes them busy, lab/stress/load.c and lab/test/losses.c.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"

kernel=${KERNEL_DIR:-$build/kernel}
[ -f "$kernel/vmlinux" ] || die "there is no kernel in $kernel: run 'make kernel'."

# vmlinux.h uses anonymous members of a named type, as the kernel does
# (-fms-extensions), and has declarations that declare nothing. Without it a program
# needs <asm/types.h>, which clang looks for only if it compiles for this machine.
compile() { # SOURCE OBJECT
	clang-19 -target bpf -D__TARGET_ARCH_x86 -O2 -g -Wall -Werror \
		-fms-extensions -Wno-microsoft-anon-tag -Wno-missing-declarations \
		-idirafter "/usr/include/$(gcc -print-multiarch)" \
		-I "$build/demo" -I "$lab/examples" -c "$1" -o "$2"
}

make_dirs "$build/demo" "$build/test"
bpftool btf dump file "$kernel/vmlinux" format c >"$build/demo/vmlinux.h" ||
	die "bpftool can't read the types of $kernel/vmlinux."
grep -q bpf_audit_log_start "$build/demo/vmlinux.h" ||
	die "the kernel in $kernel has no audit kfuncs: run 'make kernel'."
for source in lab/demo/*.bpf.c lab/examples/*.bpf.c lab/recursion/*.bpf.c lab/stress/*.bpf.c lab/test/*.bpf.c lab/test/*/*.bpf.c; do
	[ -f "$source" ] || continue
	object=$build/${source#lab/}
	object=${object%.c}.o
	make_dirs "${object%/*}"
	compile "$source" "$object"
done
gcc -O2 -Wall -Werror -o "$build/stress/load" lab/stress/load.c
gcc -O2 -Wall -Werror -o "$build/test/losses" lab/test/losses.c
