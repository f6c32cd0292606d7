// SPDX-License-Identifier: GPL-2.0-only
/* Reclaim evicts inodes, in the middle of page faults too, which must not fault again. */

#include <vmlinux.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"

SEC("lsm/inode_free_security")
__success
void BPF_PROG(inode_free, struct inode *inode)
{
}

SEC("lsm.s/inode_free_security")
__failure __msg("bpf_lsm_inode_free_security is not sleepable")
void BPF_PROG(inode_free_asleep, struct inode *inode)
{
}

char _license[] SEC("license") = "GPL";
