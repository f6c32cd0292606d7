// SPDX-License-Identifier: GPL-2.0-only
/* Programs that replace functions of lsm_hook_extended.c: see prog_tests/lsm_hook_extension.c. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

/* There it is smaller, and so is what callers pass. */
struct small {
	long first, second, third;
};

struct same {
	long first, second;
};

SEC("?freplace/of_same")
int same_size(struct same *memory)
{
	return memory ? memory->first : 0;
}

SEC("?freplace/of_nonnull")
int same_nonnull(struct same *memory __arg_nonnull)
{
	return memory->first;
}

SEC("?freplace/of_nullable")
int same_nullable(struct task_struct *task __arg_trusted __arg_nullable)
{
	return task ? task->tgid : 0;
}

SEC("?freplace/of_trusted")
int same_trusted(struct task_struct *task __arg_trusted)
{
	return task->tgid;
}

SEC("?freplace/of_untrusted")
int same_untrusted(struct task_struct *task __arg_untrusted)
{
	return task->tgid;
}

SEC("?freplace/of_nonnull")
int less_nonnull(struct same *memory)
{
	return memory ? memory->first : 0;
}

SEC("?freplace/of_trusted")
int more_nullable(struct task_struct *task __arg_trusted __arg_nullable)
{
	return task ? task->tgid : 0;
}

SEC("?freplace/of_small")
int larger(struct small *memory)
{
	if (memory)
		memory->third = 1;
	return 0;
}

SEC("?freplace/of_same")
int nonnull(struct same *memory __arg_nonnull)
{
	return memory->first;
}

SEC("?freplace/of_nullable")
int not_nullable(struct task_struct *task __arg_trusted)
{
	return task->tgid;
}

SEC("?freplace/of_untrusted")
int trusted(struct task_struct *task __arg_trusted)
{
	return task->tgid;
}

SEC("?freplace/of_trusted")
int memory(struct task_struct *task)
{
	if (task)
		task->tgid = 0;
	return 0;
}

char _license[] SEC("license") = "GPL";
