// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_audit.h with the vmlinux.h of a kernel that has no audit kfuncs, as projects ship
 * it. With INCOMPLETE, nothing defines the context.
 */
#include <without/vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#ifndef INCOMPLETE
#define BPF_AUDIT_CONTEXT_ONLY
#endif
#include "bpf_audit.h"

#define EPERM 1

char _license[] SEC("license") = "GPL";

SEC("lsm/file_ioctl")
int BPF_PROG(without, struct file *file, unsigned int cmd)
{
	if (cmd != 0x0b5f)
		return 0;
	bpf_audit(ac, "vmlinux-without-kfuncs")
		bpf_audit_log_file(ac, file);
	return -EPERM;
}
