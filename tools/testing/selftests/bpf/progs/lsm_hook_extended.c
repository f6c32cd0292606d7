// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the programs of lsm_hook_extension.c replace, or must not. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct small {
	long first;
};

struct same {
	long first, second;
};

__weak int of_small(struct small *memory)
{
	return memory ? memory->first : 0;
}

__weak int of_same(struct same *memory)
{
	return memory ? memory->second : 0;
}

__weak int of_nonnull(struct same *memory __arg_nonnull)
{
	return memory->second;
}

__weak int of_nullable(struct task_struct *task __arg_trusted __arg_nullable)
{
	return task ? task->pid : 0;
}

__weak int of_untrusted(struct task_struct *task __arg_untrusted)
{
	return task->pid;
}

__weak int of_trusted(struct task_struct *task __arg_trusted)
{
	return task->pid;
}

SEC("lsm/task_kill")
int BPF_PROG(extended, struct task_struct *task)
{
	struct small small = { 1 };
	struct same same = { 1, 2 };

	return of_small(&small) + of_same(&same) + of_nonnull(&same) + of_nullable(NULL) +
	       of_untrusted(NULL) + of_trusted(task) ? 0 : 0;
}

char _license[] SEC("license") = "GPL";
