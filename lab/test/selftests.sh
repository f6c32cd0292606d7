#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run what can be tested on any kernel, KUnit's tests at boot and the kselftests, on
# build/kernel or KERNEL_DIR, which may be one for another kind of processor. Only without
# IPv6 or the hooks of the network, with PREEMPT_RT, which has no bpf_timer and whose
# spinlocks sleep, and on riscv64 without Zacas, where kmalloc_nolock() has no memory, may
# some be skipped. The last line is their sum: lab/test/selftests.sh

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
kernel=${KERNEL_DIR:-$build/kernel}
kunit=$build/guest/selftests.dmesg
results=$log/selftests.results
objects=build/selftests
skipped=0
rm -f "$kunit" "$results"
kind=$(kind_of "$kernel")
if [ -n "$kind" ]; then
	objects+=-$kind
	"$lab/machine/emulator.sh" "$kind"
	"$lab/machine/foreignroot.sh" "$kind"
fi
processor=()
if grep -qsx CONFIG_RISCV_ISA_ZACAS=y "$kernel/.config"; then
	processor=(-p "rv64,zacas=on")
elif [ "$kind" = riscv64 ]; then
	skipped='[0-9]+'
fi
for option in IPV6 SECURITY_NETWORK; do
	grep -qx "CONFIG_$option=y" "$kernel/.config" || skipped='[0-9]+'
done
! grep -qx CONFIG_PREEMPT_RT=y "$kernel/.config" || skipped=3

"$lab/machine/run.sh" "$lab/test/build-selftests.sh"
"$lab/machine/boot.sh" -n selftests -t 1800 "${processor[@]}" -a "kunit.enable=1 kunit.autorun=1" bash -c "dmesg >$kunit; lab/test/progs.sh -s '$skipped' $objects" |
	tee "$results" || die "not all selftests passed: see $results."
summary=$(sed -n 's/^Summary: //p' "$results")
# The same kernel on a processor without Zacas.
[ ${#processor[@]} = 0 ] ||
	"$lab/machine/boot.sh" -n selftests -t 900 lab/test/progs.sh -s '[0-9]+' "$objects" -a lsm_audit_kfuncs,lsm_audit_kfuncs_contexts,lsm_audit_kfuncs_table |
	tee -a "$results" || die "not all selftests passed without Zacas: see $results."
# What preempts is chosen at boot, too; what a context allows must not depend on it.
if grep -qx CONFIG_PREEMPT_DYNAMIC=y "$kernel/.config"; then
	for mode in full lazy; do
		"$lab/machine/boot.sh" -n selftests -t 600 -a "preempt=$mode" bash -c "dmesg | grep 'Dynamic Preempt: $mode' || { echo 'error: no preempt=$mode'; exit 1; }; lab/test/progs.sh $objects -a lsm_audit_kfuncs_contexts,lsm_audit_kfuncs_interrupts,lsm_audit_kfuncs_table" |
			tee -a "$results" || die "not all tests of contexts passed with preempt=$mode: see $results."
	done
fi
# In 7.3 mainline's own test of the flags of netlink's families fails where the first bits of a
# bitfield are the highest (FamilyFlags::into_bitfield() in rust/kernel/net/netlink.rs).
failing=$(sed -nE 's/^\[[^]]*\] not ok [0-9]+ //p' "$kunit" | paste -sd ' ')
"$lab/machine/run.sh" "$build/linux/tools/testing/kunit/kunit.py" parse "$kunit" >>"$results" ||
	{ [ "$kind $failing" = "s390x rust_netlink" ] && grep -q ' passed: [0-9]*, failed: 1$' "$results"; } ||
	die "not all KUnit tests passed: see $results."
units=$(sed -nE 's/.*Testing complete\. //p' "$results")
[[ $skipped != 0 || $units != *skipped* ]] || die "KUnit: $units: see $results."
echo "KUnit: $units; test_progs: $summary"
