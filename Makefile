# SPDX-License-Identifier: GPL-2.0-only
#
# The front door: each verb is a script in lab/ that does only what is missing.
#
#	LINUX=/path/to/linux	your own kernel source (it is only read)
#	TOOLROOT=host		your own tools instead of Debian's in a tool root
#	CACHE=/path		where downloads are kept
#	MIRROR=URL		the Debian mirror to make the tool root from
#	SOURCE_VERSION=x	another version of Debian's linux-source (7.2, or the like), or "newest"
#	BASELINE=/path/to/patch	what make bench, texts and recursion compare with, and need
#	CONFIG=/path/to/config	what make deb builds, instead of the running kernel's configuration
#	SUBMITTER="Name <address>"	whose make series' patches are (also VERSION=, PREFIX=, BASE=)
#	JOBS=n			compile n files at a time

.NOTPARALLEL:
export LINUX TOOLROOT CACHE MIRROR SOURCE_VERSION JOBS KERNEL_DIR BOOT_TIMEOUT BASELINE CONFIG SUBMITTER VERSION PREFIX BASE

help:	## this list
	@sed -n 's/^\([a-z.-]*\):.*## /  make \1\t/p' Makefile | expand -t 26

toolroot:	## the tool root, a Debian system in build/toolroot
	@lab/toolroot.sh

tree: toolroot	## build/linux, the kernel's source with the overlay
	@lab/tree.sh

kernel: tree	## build/kernel, the kernel for the guest
	@lab/kernel.sh

demo: kernel	## boot it, provoke denials, show their audit records
	@lab/run.sh lab/demo/build.sh
	@lab/boot.sh -n demo lab/demo/demo.sh

test: kernel	## boot it and run the tests; T=net_sockaddr runs one selftest
	@lab/test/run.sh $(T)

test-debug: export KERNEL_DIR = $(CURDIR)/build/kernel-debug
test-debug: tree	## the tests, faults and stress on a debug kernel; STRESS=60 seconds of it
	@lab/kernel.sh kernel-debug LLVM=-19
	@lab/test/run.sh -s $(or $(STRESS),300) $(T)

deb: tree	## build/deb, packages of a kernel with the kfuncs, and of lsm-audit-log; CONFIG=/path/to/config
	@lab/deb.sh
	@lab/audit-log.sh deb

test-deb: tree	## install such packages in a Debian of a virtual machine, boot it, run the demo there
	@lab/test/deb.sh

mutants: toolroot	## break the module on purpose, see that the tests notice
	@lab/mutants.sh $(T)

fuzz: kernel	## boot it and try 5,000 random programs; FUZZ="--programs 300 --seed 1"
	@lab/boot.sh -n fuzz -t 3600 lab/fuzz/fuzz.sh $(FUZZ)

exercise: export KERNEL_DIR = $(CURDIR)/build/kernel-debug
exercise: tree	## a program on each hook of the debug kernel, under all kinds of load; EXERCISE=1200 seconds of it
	@lab/kernel.sh kernel-debug LLVM=-19
	@lab/exercise/run.sh $(or $(EXERCISE),1200)

recursion: baseline-patch kernel	## a record from within a record: refused, and what it does to a kernel with BASELINE=patch
	@lab/recursion.sh

bench: baseline-patch kernel	## instructions per record, beside those of a kernel with BASELINE=patch
	@lab/baseline.sh
	@lab/kernel.sh baseline
	@lab/run.sh lab/selftests.sh bench
	@lab/bench.sh

# Before anything is built
baseline-patch:
	@lab/baseline.sh -p

texts: baseline-patch kernel	## see that audit's records read as without the patches, and no type costs more
	@lab/baseline.sh
	@lab/kernel.sh baseline
	@lab/texts.sh

patch-costs: kernel	## what each patch for audit saves in system calls with their records
	@lab/series.sh -q
	@lab/patch-costs.sh

audit-userspace: toolroot	## build Debian's audit with the patches in contrib/, and test it; SUITE=sid
	@lab/audit-userspace.sh $(SUITE)

systemd: toolroot	## build Debian's systemd with the patches in contrib/, which make its BPF programs write records
	@lab/systemd.sh

systemd-test: kernel	## boot a Debian with these packages, on this kernel and on Debian's own
	@lab/systemd.sh
	@lab/audit-log.sh
	@lab/systemd/test.sh

older: kernel	## the header and the examples with vmlinux.h of 6.12, and with libbpf 1.1, in the guest
	@lab/older.sh

lsm-audit-log: toolroot	## build/lsm-audit-log, the command that shows which program wrote a record, and its package
	@lab/audit-log.sh

consumers: toolroot	## have laurel, rsyslog and syslog-ng read a log; LOG=build/guest/auditd.records
	@lab/consumers.sh $(LOG)

refresh: toolroot	## write what was edited in build/linux back to patches/; P=4-rust/0003, to that patch
	@lab/refresh.sh $(P)

series: tree	## build/series, the patches for the mailing lists
	@lab/series.sh

bisect: tree	## build and boot the kernel that each patch of the series leaves
	@lab/series.sh -q
	@lab/bisect.sh

fixes: kernel	## the tests of mainline's fixes, on the pristine kernel and on it with each fix alone; T="bpf-arg-trusted": these
	@lab/series.sh -q
	@lab/fixes.sh $(T)

tree-selftests: kernel	## the kernel's own BPF selftests: what passes on the pristine kernel must pass on KERNEL_DIR=
	@lab/tree-selftests.sh

matrix: tree	## the overlay in each configuration of lab/matrix; T="kcfi arm64": these
	@lab/matrix.sh $(T)

rust-project.json: kernel	## for rust-analyzer in an editor that has this repository open
	@lab/rust-project.sh

shell: kernel	## a shell in the booted kernel
	@lab/boot.sh

check: tree	## formatting and static checks, no boot
	@lab/check.sh

clean:	## remove build/ and rust-project.json
	@lab/clean.sh

distclean: clean	## remove build/ and the cache of downloads
	@lab/distclean.sh

.PHONY: baseline-patch help toolroot tree kernel demo test test-debug deb test-deb mutants fuzz exercise recursion bench texts patch-costs audit-userspace systemd systemd-test older lsm-audit-log consumers refresh series bisect fixes tree-selftests matrix rust-project.json shell check clean distclean
