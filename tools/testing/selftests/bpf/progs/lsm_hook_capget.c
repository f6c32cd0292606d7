// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

pid_t tgid;
int runs;
int rcu_sections;

/* With PREEMPT_RCU, which the vmlinux.h of another kernel knows nothing of. */
struct task_struct___rcu {
	int rcu_read_lock_nesting;
} __attribute__((preserve_access_index));

SEC("lsm.s/capget")
int BPF_PROG(capget, const struct task_struct *target)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct___rcu *rcu = (struct task_struct___rcu *)task;

	if (task->tgid != tgid)
		return 0;

	runs++;
	if (bpf_core_field_exists(rcu->rcu_read_lock_nesting))
		rcu_sections += rcu->rcu_read_lock_nesting;
	return 0;
}

char _license[] SEC("license") = "GPL";
