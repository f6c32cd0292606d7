// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_audit.h in a program with structures of its own, as restrict-fs of systemd has
 * them, and with libbpf's headers from before 1.2, which have no bpf_ksym_exists(). With
 * INCOMPLETE, one that a kfunc names is only declared.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#undef bpf_ksym_exists

struct super_block {
	unsigned long s_magic;
} __attribute__((preserve_access_index));

struct inode {
	struct super_block *i_sb;
} __attribute__((preserve_access_index));

#ifndef INCOMPLETE
struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));
#endif

#define BPF_AUDIT_CONTEXT_ONLY
#include "bpf_audit.h"

#define EPERM 1

char _license[] SEC("license") = "GPL";

SEC("lsm/file_ioctl")
int BPF_PROG(own, struct file *file, unsigned int cmd)
{
	if (cmd != 0x0b5f)
		return 0;
#ifndef INCOMPLETE
	if (!file->f_inode->i_sb->s_magic)
		return 0;
#endif
	bpf_audit(ac, "own-structures")
		bpf_audit_log_file(ac, file);
	return -EPERM;
}
