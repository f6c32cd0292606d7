// SPDX-License-Identifier: GPL-2.0-only
/* A policy that looks at the first bytes of a file, whatever the file is. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_kfuncs.h"

pid_t tgid;
int runs;
int err;
int read_err;
char first[4];

SEC("lsm.s/file_ioctl")
int BPF_PROG(magic, struct file *file)
{
	struct bpf_dynptr dynptr;

	/* On overlayfs the hook may also be called for the file of a layer. */
	if (bpf_get_current_task_btf()->tgid != tgid || runs++)
		return 0;

	err = bpf_dynptr_from_file(file, 0, &dynptr);
	read_err = bpf_dynptr_read(first, sizeof(first), &dynptr, 0, 0);
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

char _license[] SEC("license") = "GPL";
