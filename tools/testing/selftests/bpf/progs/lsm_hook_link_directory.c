// SPDX-License-Identifier: GPL-2.0-only
/* A policy that labels what is linked. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_kfuncs.h"

pid_t tgid;
int runs;
int err;
char label[] = "linked";

SEC("lsm.s/path_link")
int BPF_PROG(link, struct dentry *old_dentry)
{
	struct bpf_dynptr value;

	if (bpf_get_current_task_btf()->tgid != tgid)
		return 0;

	runs++;
	bpf_dynptr_from_mem(label, sizeof(label), 0, &value);
	err = bpf_set_dentry_xattr(old_dentry, "security.bpf.label", &value, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
