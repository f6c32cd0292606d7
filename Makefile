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
	@sed -n 's/^##@ \(.*\)/\n\1:/p; s/^\([a-z.-]*\):.*\t## /  make \1\t/p' Makefile | expand -t 26

##@ what everybody needs first

demo: kernel	## boot it, provoke denials, show their audit records
	@lab/machine/run.sh lab/programs.sh
	@lab/machine/boot.sh -n demo lab/demo/demo.sh

test: kernel	## boot it and run the tests; T=net_sockaddr runs one selftest
	@lab/test/run.sh $(T)

kernel: tree	## build/kernel, the kernel for the guest
	@lab/kernel/kernel.sh

shell: kernel	## a shell in the booted kernel
	@lab/machine/boot.sh

check: tree	## formatting and static checks, no boot
	@lab/test/check.sh

clean:	## remove build/ and rust-project.json
	@lab/machine/clean.sh

##@ the tests at length

test-debug: export KERNEL_DIR = $(CURDIR)/build/kernel-debug
test-debug: tree	## the tests, faults and stress on a debug kernel; STRESS=60 seconds of it
	@lab/kernel/kernel.sh kernel-debug LLVM=-19
	@lab/test/run.sh -s $(or $(STRESS),300) $(T)

test-deb: tree	## install such packages in a Debian of a virtual machine, boot it, run the demo there
	@lab/test/deb.sh

fuzz: kernel	## boot it and try 5,000 random programs; FUZZ="--programs 300 --seed 1"
	@lab/machine/boot.sh -n fuzz -t 3600 lab/test/fuzz/fuzz.sh $(FUZZ)

exercise: export KERNEL_DIR = $(CURDIR)/build/$(or $(KERNEL),kernel-debug)
exercise: tree	## a program on each hook of the debug kernel, under all kinds of load; EXERCISE=1200 seconds of it, KERNEL=kernel-rt
	@lab/kernel/kernel.sh $(or $(KERNEL),kernel-debug) LLVM=-19
	@lab/test/exercise/run.sh $(or $(EXERCISE),1200)

mutants: toolroot	## break the module on purpose, see that the tests notice
	@lab/test/mutants.sh $(T)

recursion: baseline-patch kernel	## a record from within a record: refused, and what it does to a kernel with BASELINE=patch
	@lab/test/recursion.sh

texts: baseline-patch kernel	## see that audit's records read as without the patches, and no type costs more
	@lab/kernel/baseline.sh
	@lab/kernel/kernel.sh baseline
	@lab/test/texts.sh

tree-selftests: kernel	## the kernel's own BPF selftests: what passes on the pristine kernel must pass on KERNEL_DIR=
	@lab/test/tree-selftests.sh

##@ the patches

series: tree	## build/series, the patches for the mailing lists
	@lab/series/series.sh

refresh: toolroot	## write what was edited in build/linux back to patches/; P=4-rust/0003, to that patch; ALSO="FILE": which shall change this new file, too
	@lab/series/refresh.sh $(P)

fixes: kernel	## the tests of mainline's fixes, on the pristine kernel and on it with each fix alone; T="bpf-arg-trusted": these
	@lab/series/series.sh -q
	@lab/series/fixes.sh $(T)

bisect: tree	## build and boot the kernel that each patch of the series leaves; T="5-kfuncs-0008 6-tests": these
	@lab/series/series.sh -q
	@lab/series/bisect.sh $(T)

matrix: tree	## the overlay in each configuration of lab/series/matrix; T="kcfi arm64": these
	@lab/series/matrix.sh $(T)

##@ the costs

bench: baseline-patch kernel	## instructions per record, beside those of a kernel with BASELINE=patch
	@lab/kernel/baseline.sh
	@lab/kernel/kernel.sh baseline
	@lab/machine/run.sh lab/test/build-selftests.sh bench
	@lab/bench/bench.sh

# Before anything is built
baseline-patch:
	@lab/kernel/baseline.sh -p

patch-costs: kernel	## what each patch for audit saves in system calls with their records
	@lab/series/series.sh -q
	@lab/series/patch-costs.sh

##@ what reads and writes records outside of the kernel

lsm-audit-log: toolroot	## build/lsm-audit-log, the command that shows which program wrote a record, and its package
	@lab/userspace/audit-log.sh

audit-userspace: toolroot	## build Debian's audit with the patches in contrib/, and test it; SUITE=sid
	@lab/userspace/audit-userspace.sh $(SUITE)

consumers: toolroot	## have laurel, rsyslog and syslog-ng read a log; LOG=build/guest/auditd.records
	@lab/userspace/consumers.sh $(LOG)

older: kernel	## the header and the examples with vmlinux.h of 6.12, and with libbpf 1.1, in the guest
	@lab/userspace/older.sh

systemd: toolroot	## build Debian's systemd with the patches in contrib/, which make its BPF programs write records
	@lab/userspace/systemd.sh

systemd-test: kernel	## boot a Debian with these packages, on this kernel and on Debian's own
	@lab/userspace/systemd.sh
	@lab/userspace/audit-log.sh
	@lab/userspace/systemd/test.sh

##@ the parts, and the rest

toolroot:	## the tool root, a Debian system in build/toolroot
	@lab/machine/toolroot.sh

tree: toolroot	## build/linux, the kernel's source with the overlay
	@lab/kernel/tree.sh

deb: tree	## build/deb, packages of a kernel with the kfuncs, and of lsm-audit-log; CONFIG=/path/to/config
	@lab/kernel/deb.sh
	@lab/userspace/audit-log.sh deb

rust-project.json: kernel	## for rust-analyzer in an editor that has this repository open
	@lab/kernel/rust-project.sh

distclean: clean	## remove build/ and the cache of downloads
	@lab/machine/distclean.sh

.PHONY: baseline-patch help toolroot tree kernel demo test test-debug deb test-deb mutants fuzz exercise recursion bench texts patch-costs audit-userspace systemd systemd-test older lsm-audit-log consumers refresh series bisect fixes tree-selftests matrix rust-project.json shell check clean distclean
