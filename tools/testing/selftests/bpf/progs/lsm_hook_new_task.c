// SPDX-License-Identifier: GPL-2.0-only
/* A reference to a new task must not outlive a fork() that fails. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"

struct kept {
	__kptr struct task_struct *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct kept);
	__uint(max_entries, 1);
} kept SEC(".maps");

struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

pid_t tgid;
bool denied;
int runs;
int early;
int late;

SEC("lsm/task_alloc")
int BPF_PROG(task_alloc, struct task_struct *task)
{
	struct task_struct *acquired;

	if (bpf_get_current_task_btf()->tgid != tgid)
		return 0;

	runs++;
	acquired = bpf_task_acquire(task);
	if (acquired) {
		early++;
		bpf_task_release(acquired);
	}
	return denied ? -1 : 0; /* -EPERM */
}

SEC("tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *task)
{
	struct task_struct *acquired;
	struct kept *value;
	int key = 0;

	if (bpf_get_current_task_btf()->tgid != tgid)
		return 0;

	value = bpf_map_lookup_elem(&kept, &key);
	acquired = bpf_task_acquire(task);
	if (!acquired)
		return 0;
	late++;
	if (value)
		acquired = bpf_kptr_xchg(&value->task, acquired);
	if (acquired)
		bpf_task_release(acquired);
	return 0;
}

char _license[] SEC("license") = "GPL";
