// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deny what losses.c does, and count the records that there are of it.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit.h"

#define EPERM 1

char _license[] SEC("license") = "GPL";

__u64 started, refused;

SEC("lsm/file_fcntl")
int BPF_PROG(deny, struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bpf_audit_context *ac;
	char name[16];

	if (bpf_get_current_comm(name, sizeof(name)) || bpf_strncmp(name, sizeof("losses"), "losses"))
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "losses");
		bpf_audit_log_end(ac);
		__sync_fetch_and_add(&started, 1);
	} else {
		__sync_fetch_and_add(&refused, 1);
	}
	return -EPERM;
}
