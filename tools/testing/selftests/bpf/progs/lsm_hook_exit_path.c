// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"

pid_t tgid;
int runs;
int len;
char path[256];

SEC("lsm/file_release")
int BPF_PROG(release, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();

	/* On overlayfs there is a file of a layer, too, which is released after it. */
	if (task->tgid != tgid || task->fs || runs++)
		return 0;

	len = bpf_path_d_path(&file->f_path, path, sizeof(path));
	return 0;
}

char _license[] SEC("license") = "GPL";
