// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"

pid_t tgid;
u64 ino;
int pauses;
int runs;
int missing;
int others;
bool of_current;
bool of_task;

static bool has_exe_file(struct task_struct *task)
{
	struct file *file = bpf_get_task_exe_file(task);

	if (!file)
		return false;
	if (ino && file->f_inode->i_ino != ino)
		others++;
	bpf_put_file(file);
	return true;
}

static int look_at(struct task_struct *task)
{
	struct task_struct *current = bpf_get_current_task_btf();

	if (current->tgid != tgid)
		return 0;

	runs++;
	of_current = has_exe_file(current);
	of_task = has_exe_file(task);
	return 0;
}

SEC("lsm/task_setrlimit")
int BPF_PROG(setrlimit, struct task_struct *task)
{
	return look_at(task);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace, struct task_struct *task)
{
	return look_at(task);
}

SEC("lsm/task_kill")
int BPF_PROG(kill, struct task_struct *task)
{
	if (bpf_get_current_task_btf()->tgid != tgid)
		return 0;

	runs++;
	if (!has_exe_file(task))
		missing++;
	return 0;
}

static int spend_time(u32 i, void *unused)
{
	return 0;
}

/* Widens the window between the look at the task's mm and that at the mm's file. */
SEC("fentry/get_file_active")
int BPF_PROG(get_file, struct file **file)
{
	if (pauses && bpf_get_current_task_btf()->tgid == tgid)
		bpf_loop(pauses, spend_time, NULL, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
