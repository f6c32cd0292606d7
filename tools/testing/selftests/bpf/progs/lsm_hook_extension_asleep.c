// SPDX-License-Identifier: GPL-2.0-only
/* Programs that replace the functions of lsm_hook_extended_asleep.c. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

pid_t tgid;
int runs;

SEC("?freplace/extended")
int counts(int value)
{
	if (bpf_get_current_pid_tgid() >> 32 == tgid)
		runs++;
	return value;
}

/* Only an RCU section keeps the parent. */
SEC("?freplace/extended")
int acquires_parent(int value)
{
	struct task_struct *parent;

	parent = bpf_task_acquire(bpf_get_current_task_btf()->real_parent);
	if (parent)
		bpf_task_release(parent);
	return value;
}

/* Where this is called in an RCU section, it must not be taken for one that may sleep. */
SEC("?freplace/extended_in_rcu")
int in_rcu(int value)
{
	return value;
}

char _license[] SEC("license") = "GPL";
